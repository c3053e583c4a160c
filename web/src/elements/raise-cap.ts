/** Raises the payer's own limit with one tap: by one step in a banner, by several in a panel. */

import { css, html, LitElement, nothing } from "lit";
import { customElement, property } from "lit/decorators.js";
import { money } from "../core/money";
import { t } from "../strings";
import { base, controls } from "../styles/shared";
import { amounts } from "./top-up";

@customElement("tt-raise-cap")
export class RaiseCap extends LitElement {
  @property() currency = "";
  @property({ type: Number }) cap = 0;
  /** One button only. */
  @property({ type: Boolean, reflect: true }) brief = false;

  static override styles = [
    base,
    controls,
    css`
      .row {
        justify-content: center;
      }
      :host(:not([brief])) button {
        flex: 1;
      }
    `,
  ];

  override render() {
    if (!this.currency) return nothing;
    const steps = this.brief ? amounts(this.currency).slice(1, 2) : amounts(this.currency).slice(0, 2);
    return html`<div class="row">
      ${steps.map(
        (step, index) => html`<button
          type="button"
          class=${index === steps.length - 1 ? "primary" : "second"}
          data-testid="raise-cap"
          @click=${() => this.#raise(this.cap + step)}
        >
          <span class="figures">${t.inCall.cap.raiseTo(money(this.cap + step, this.currency))}</span>
        </button>`,
      )}
      ${
        this.brief
          ? nothing
          : html`<button type="button" class="quiet" data-testid="remove-cap" @click=${() => this.#raise(null)}>
            ${t.inCall.cap.remove}
          </button>`
      }
    </div>`;
  }

  #raise(cap: number | null): void {
    this.dispatchEvent(new CustomEvent("tt-cap", { detail: cap, bubbles: true, composed: true }));
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "tt-raise-cap": RaiseCap;
  }
}
