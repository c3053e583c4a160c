/** Styles that every element shares: reset, type, buttons, fields. Values come from tokens.css only. */

import { css } from "lit";

export const base = css`
  :host {
    display: block;
  }
  :host([hidden]),
  [hidden] {
    display: none !important;
  }
  *,
  *::before,
  *::after {
    box-sizing: border-box;
  }
  h1,
  h2,
  h3,
  p,
  ul,
  ol,
  dl,
  dd,
  figure,
  fieldset {
    margin: var(--none);
    padding: var(--none);
  }
  fieldset {
    border: none;
    min-width: var(--none);
  }
  ul,
  ol {
    list-style: none;
  }
  h1,
  h2,
  h3 {
    font-weight: var(--weight-strong);
    line-height: var(--leading-tight);
    letter-spacing: var(--tracking-tight);
    text-wrap: balance;
  }
  h1 {
    font-size: var(--title);
  }
  h2 {
    font-size: var(--text-xl);
  }
  h3 {
    font-size: var(--text-m);
  }
  p {
    text-wrap: pretty;
  }
  a {
    color: var(--accent);
    text-underline-offset: var(--space-1);
    border-radius: var(--radius-s);
  }
  a:hover {
    color: var(--accent-strong);
  }
  svg {
    display: block;
    flex: none;
  }
  :focus-visible {
    outline: var(--focus) solid var(--accent);
    outline-offset: var(--space-0);
  }
  /* The page puts the keyboard there itself; nothing can be done with it. */
  :is(h1, h2)[tabindex="-1"]:focus-visible {
    outline: none;
  }
  .icon {
    width: var(--icon);
    height: var(--icon);
  }
  .icon-s {
    width: var(--icon-s);
    height: var(--icon-s);
  }
  .icon-l {
    width: var(--icon-l);
    height: var(--icon-l);
  }
  .muted {
    color: var(--muted);
  }
  .small {
    font-size: var(--text-s);
  }
  .figures {
    font-variant-numeric: tabular-nums;
  }
  .hidden {
    position: absolute;
    width: var(--hair);
    height: var(--hair);
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }
`;

export const controls = css`
  button,
  select,
  input,
  textarea {
    font: inherit;
    color: inherit;
    letter-spacing: inherit;
  }
  button,
  .button {
    display: inline-flex;
    align-items: center;
    justify-content: center;
    gap: var(--space-2);
    min-height: var(--touch);
    padding: var(--space-2) var(--space-4);
    border: var(--hair) solid var(--line-strong);
    border-radius: var(--radius-full);
    background: var(--surface);
    color: var(--ink);
    font-weight: var(--weight-medium);
    line-height: var(--leading-tight);
    text-align: center;
    text-decoration: none;
    cursor: pointer;
    transition:
      background-color var(--fast),
      border-color var(--fast);
  }
  button:hover,
  .button:hover {
    background: var(--sunken);
    color: var(--ink);
  }
  button:disabled {
    cursor: default;
    color: var(--muted);
    background: var(--sunken);
    border-color: var(--line);
  }
  button.primary,
  .button.primary {
    background: var(--accent);
    border-color: var(--accent);
    color: var(--on-accent);
  }
  button.primary:hover:not(:disabled),
  .button.primary:hover {
    background: var(--accent-strong);
    border-color: var(--accent-strong);
    color: var(--on-accent);
  }
  button.primary:disabled {
    background: var(--sunken);
    border-color: var(--line);
    color: var(--muted);
  }
  button.danger {
    background: var(--danger);
    border-color: var(--danger);
    color: var(--on-danger);
  }
  button.danger:disabled {
    background: var(--sunken);
    border-color: var(--line);
    color: var(--muted);
  }
  button.danger:hover:not(:disabled) {
    background: var(--danger-strong);
    border-color: var(--danger-strong);
  }
  button.large,
  .button.large {
    min-height: var(--control);
    padding: var(--space-3) var(--space-5);
    font-size: var(--text-l);
  }
  button.quiet,
  .button.quiet {
    border-color: var(--clear);
    background: var(--clear);
    color: var(--accent);
  }
  button.quiet:hover {
    background: var(--accent-soft);
  }
  label {
    font-size: var(--text-s);
    font-weight: var(--weight-medium);
  }
  select,
  input,
  textarea {
    width: var(--full);
    min-height: var(--touch);
    padding: var(--space-2) var(--space-3);
    border: var(--hair) solid var(--line-strong);
    border-radius: var(--radius-s);
    background: var(--surface);
    text-overflow: ellipsis;
  }
  textarea {
    resize: vertical;
  }
  ::placeholder {
    color: var(--muted);
    opacity: 1;
  }
  .field {
    display: grid;
    gap: var(--space-1);
    min-width: var(--none);
  }
  .row {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: var(--space-3);
  }
  .stack {
    display: grid;
    gap: var(--space-4);
    min-width: var(--none);
  }
`;

export const card = css`
  .card {
    padding: var(--space-5);
    border: var(--hair) solid var(--line);
    border-radius: var(--radius-l);
    background: var(--surface);
    box-shadow: var(--shadow-s);
  }
  .note {
    display: grid;
    gap: var(--space-1);
    padding: var(--space-3) var(--space-4);
    border-radius: var(--radius-m);
    background: var(--sunken);
  }
  .note.warn {
    background: var(--warn-soft);
    color: var(--warn-ink);
  }
  .note.bad {
    background: var(--danger-soft);
    color: var(--danger-ink);
  }
  .facts {
    display: grid;
    gap: var(--space-3);
  }
  .facts > div {
    display: flex;
    justify-content: space-between;
    align-items: baseline;
    gap: var(--space-4);
  }
  .facts dt {
    color: var(--muted);
  }
  .facts dd {
    text-align: end;
    font-variant-numeric: tabular-nums;
    font-weight: var(--weight-medium);
  }
`;
