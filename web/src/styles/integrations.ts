/** What keys, endpoints and deliveries look alike in: rows with a name, facts and buttons. */

import { css } from "lit";

export const integrationStyles = css`
  .head {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    justify-content: space-between;
    gap: var(--space-3);
  }
  .rows > li {
    display: grid;
    gap: var(--space-3);
    padding-block: var(--space-4);
    border-block-end: var(--hair) solid var(--line);
  }
  .rows > li:last-child {
    border-block-end: none;
    padding-block-end: var(--none);
  }
  .line {
    display: flex;
    flex-wrap: wrap;
    align-items: baseline;
    justify-content: space-between;
    gap: var(--space-2) var(--space-4);
  }
  .line > div {
    min-width: var(--none);
  }
  .name {
    font-weight: var(--weight-medium);
    overflow-wrap: anywhere;
  }
  code,
  pre {
    font-family: var(--font-code);
    font-size: var(--text-xs);
  }
  code {
    overflow-wrap: anywhere;
  }
  pre {
    margin: var(--none);
    padding: var(--space-3);
    border-radius: var(--radius-m);
    background: var(--sunken);
    white-space: pre-wrap;
    overflow-wrap: anywhere;
  }
  .tag {
    display: inline-block;
    padding: var(--space-0) var(--space-3);
    border-radius: var(--radius-full);
    background: var(--sunken);
    color: var(--muted);
    font-size: var(--text-xs);
    font-weight: var(--weight-medium);
    white-space: nowrap;
  }
  .tag.good {
    background: var(--accent-soft);
    color: var(--accent-strong);
  }
  .tag.bad {
    background: var(--danger-soft);
    color: var(--danger-ink);
  }
  .empty {
    text-align: center;
    padding-block: var(--space-5);
    color: var(--muted);
  }
  .buttons {
    display: flex;
    flex-wrap: wrap;
    gap: var(--space-2);
  }
  .buttons button {
    padding: var(--space-1) var(--space-4);
    font-size: var(--text-s);
  }
  .choices {
    display: grid;
    gap: var(--space-1);
  }
  .choices label {
    display: flex;
    align-items: center;
    gap: var(--space-3);
    min-height: var(--touch);
    font-weight: var(--weight);
  }
  .choices input {
    flex: none;
    width: var(--icon);
    min-height: var(--icon);
    accent-color: var(--accent);
  }
  .choices code {
    display: block;
    color: var(--muted);
  }
  summary {
    min-height: var(--touch);
    align-content: center;
    cursor: pointer;
    font-size: var(--text-s);
    font-weight: var(--weight-medium);
  }
  legend {
    padding: var(--none);
    font-size: var(--text-s);
    font-weight: var(--weight-medium);
  }
`;
