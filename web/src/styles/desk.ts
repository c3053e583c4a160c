/** What the pages of a console share: headings with actions beside them, figures, choices, empty states. */

import { css } from "lit";

export const desk = css`
  .page {
    display: grid;
    gap: var(--section);
    min-width: var(--none);
  }
  .head {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    justify-content: space-between;
    gap: var(--space-3) var(--space-4);
  }
  .numbers {
    display: grid;
    grid-template-columns: var(--columns-three);
    gap: var(--space-4);
  }
  .numbers > * {
    min-width: var(--none);
  }
  .figure {
    font-size: var(--figure);
    font-weight: var(--weight-strong);
    line-height: var(--leading-tight);
    font-variant-numeric: tabular-nums;
    overflow-wrap: anywhere;
  }
  .all {
    grid-column: var(--span-rest);
  }
  .choices {
    display: flex;
    flex-wrap: wrap;
    gap: var(--space-1);
    padding: var(--space-1);
    border-radius: var(--radius-l);
    background: var(--sunken);
  }
  .choices button {
    flex-grow: var(--button-grow);
    padding-inline: var(--control-pad);
    border-color: var(--clear);
    background: var(--clear);
    font-size: var(--text-s);
  }
  .choices button[aria-pressed="true"] {
    border-color: var(--line-strong);
    background: var(--raised);
    box-shadow: var(--shadow-s);
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
  .name {
    overflow-wrap: anywhere;
  }
`;
