/** The two forms around an expert's page: fields in one column, what becomes of them in the other. */

import { css } from "lit";

export const form = css`
  .head {
    display: grid;
    gap: var(--space-2);
    max-width: var(--measure);
    margin-block-end: var(--section);
  }
  .two {
    display: grid;
    grid-template-columns: var(--columns-split);
    gap: var(--section);
    align-items: start;
  }
  .column {
    display: grid;
    gap: var(--space-5);
    min-width: var(--none);
  }
  .beside {
    position: sticky;
    inset-block-start: var(--space-5);
  }
  summary {
    min-height: var(--touch);
    align-content: center;
    font-weight: var(--weight-medium);
    cursor: pointer;
  }
  details[open] > summary {
    margin-block-end: var(--space-4);
  }
  .good {
    color: var(--accent);
  }
  .bad {
    color: var(--danger-ink);
  }
`;
