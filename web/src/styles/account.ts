/** What a client's pages share: sections below each other, a heading with its action, empty states. */

import { css } from "lit";

export const account = css`
  .page {
    display: grid;
    gap: var(--section);
    min-width: var(--none);
  }
  .page > .card,
  .pair > .card {
    display: grid;
    align-content: start;
    gap: var(--space-4);
    min-width: var(--none);
  }
  .pair {
    display: grid;
    grid-template-columns: var(--columns-facts);
    gap: var(--section);
  }
  .head {
    display: flex;
    flex-wrap: wrap;
    align-items: baseline;
    justify-content: space-between;
    gap: var(--space-2) var(--space-4);
  }
  .name {
    overflow-wrap: anywhere;
  }
  .figure {
    font-size: var(--text-3xl);
    font-weight: var(--weight-strong);
    letter-spacing: var(--tracking-tight);
    line-height: var(--leading-tight);
    font-variant-numeric: tabular-nums;
    overflow-wrap: anywhere;
  }
  .empty {
    display: grid;
    justify-items: center;
    gap: var(--space-2);
    padding-block: var(--space-6);
    text-align: center;
    color: var(--muted);
  }
  .loading {
    padding-block: var(--space-7);
    text-align: center;
  }
  .more {
    justify-self: center;
  }
  .bad {
    color: var(--danger-ink);
  }
`;
