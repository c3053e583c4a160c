/** The frame of every page but the call itself: the name above, the content in the middle. */

import { css, html, LitElement } from "lit";
import { customElement, property } from "lit/decorators.js";
import { t } from "../strings";
import { base } from "../styles/shared";

@customElement("tt-shell")
export class Shell extends LitElement {
  @property() who = "";
  /** How wide the content may be. */
  @property({ reflect: true }) width: "narrow" | "page" | "wide" = "page";

  static override styles = [
    base,
    css`
      :host {
        display: grid;
        grid-template-rows: auto 1fr;
        min-height: var(--screen);
      }
      header,
      main {
        width: var(--full);
        max-width: calc(var(--page) + 2 * var(--gutter));
        margin-inline: auto;
        padding-inline: var(--gutter);
      }
      :host([width="narrow"]) :is(header, main) {
        max-width: calc(var(--page-narrow) + 2 * var(--gutter));
      }
      :host([width="wide"]) :is(header, main) {
        max-width: calc(var(--page-wide) + 2 * var(--gutter));
      }
      header {
        display: flex;
        align-items: center;
        justify-content: space-between;
        gap: var(--space-4);
        padding-block: var(--space-4);
        padding-inline-end: calc(var(--gutter) + var(--corner));
      }
      .brand {
        display: inline-flex;
        align-items: center;
        gap: var(--space-2);
        font-weight: var(--weight-strong);
        letter-spacing: var(--tracking-tight);
      }
      .brand svg {
        color: var(--accent);
      }
      main {
        padding-block: var(--space-4) var(--space-8);
      }
      @media print {
        header {
          padding-block: var(--none);
        }
      }
    `,
  ];

  override render() {
    return html`
      <header>
        <span class="brand">
          <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" fill="none" stroke="currentColor" stroke-width="2.5">
            <path
              d="M12 3a9 9 0 1 1-7.8 4.5"
              stroke-linecap="round"
            />
            <path d="M12 7.5V12l3 2" stroke-linecap="round" stroke-linejoin="round" />
          </svg>
          ${t.brand}
        </span>
        <span class="muted small">${this.who}</span>
      </header>
      <main><slot></slot></main>
    `;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "tt-shell": Shell;
  }
}
