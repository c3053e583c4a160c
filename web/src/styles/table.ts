/** Tables of figures. */

import { css } from "lit";

export const table = css`
  table {
    width: var(--full);
    border-collapse: collapse;
    font-size: var(--text-s);
  }
  th,
  td {
    padding: var(--space-3) var(--space-2);
    border-block-end: var(--hair) solid var(--line);
    text-align: start;
    vertical-align: baseline;
  }
  th:first-child,
  td:first-child {
    padding-inline-start: var(--none);
  }
  th:last-child,
  td:last-child {
    padding-inline-end: var(--none);
  }
  thead th {
    color: var(--muted);
    font-size: var(--text-xs);
    font-weight: var(--weight-medium);
  }
  tbody th {
    min-width: var(--avatar-size);
    font-weight: var(--weight-medium);
    overflow-wrap: anywhere;
  }
  tbody tr:last-child > * {
    border-block-end: none;
  }
  .number {
    text-align: end;
    font-variant-numeric: tabular-nums;
    white-space: nowrap;
  }
  .strong {
    font-weight: var(--weight-strong);
  }
  .wide {
    display: var(--cell-wide);
  }
  .narrow {
    display: var(--narrow-only);
    font-weight: var(--weight);
  }
`;
