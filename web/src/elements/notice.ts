/** A calm page of its own for a state that needs explaining: icon, title, text, and what one can do. */

import { css, html, LitElement, nothing } from "lit";
import { customElement, property } from "lit/decorators.js";
import { base, card } from "../styles/shared";
import { type IconName, icon } from "./icons";

@customElement("tt-notice")
export class Notice extends LitElement {
  @property() icon: IconName = "warn";
  @property() heading = "";
  @property() text = "";
  /** A stable code for whoever looks at the page by program; shown as a problem when there is one. */
  @property() code = "";
  @property({ attribute: false }) steps: readonly string[] = [];

  static override styles = [
    base,
    card,
    css`
      section {
        display: grid;
        justify-items: center;
        gap: var(--space-4);
        max-width: var(--page-narrow);
        margin-inline: auto;
        padding-block: var(--space-7);
        text-align: center;
      }
      .sign {
        display: grid;
        place-items: center;
        padding: var(--space-4);
        border-radius: var(--radius-full);
        background: var(--accent-soft);
        color: var(--accent);
      }
      ol {
        display: grid;
        gap: var(--space-2);
        padding-inline-start: var(--space-5);
        list-style: decimal;
        text-align: start;
      }
      .actions {
        display: flex;
        flex-wrap: wrap;
        justify-content: center;
        gap: var(--space-3);
      }
    `,
  ];

  override render() {
    return html`
      <section data-testid=${this.code ? "problem" : "notice"} data-code=${this.code || nothing}>
        <span class="sign">${icon(this.icon, "l")}</span>
        <h1>${this.heading}</h1>
        ${this.text ? html`<p class="muted">${this.text}</p>` : nothing}
        ${this.steps.length > 0 ? html`<ol>${this.steps.map((step) => html`<li>${step}</li>`)}</ol>` : nothing}
        <div class="actions"><slot></slot></div>
      </section>
    `;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "tt-notice": Notice;
  }
}
