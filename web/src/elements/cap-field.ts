/** The field for the payer's own limit of a call. Tells `tt-cap`: minor units, null: no limit, NaN: it is no amount. */

import { css, html, LitElement, nothing } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { amountOf } from "../core/amount";
import { decimal, exponent, money } from "../core/money";
import { t } from "../strings";
import { base, controls } from "../styles/shared";
import { amounts } from "./top-up";

@customElement("tt-cap-field")
export class CapField extends LitElement {
  @property() currency = "";
  /** The limit now, in minor units. */
  @property({ type: Number }) cap: number | null = null;
  @state() private text: string | null = null;

  static override styles = [
    base,
    controls,
    css`
      .line {
        display: flex;
        flex-wrap: wrap;
        gap: var(--space-2);
      }
      input {
        flex: 1;
        min-width: var(--avatar-size);
        width: auto;
      }
      button {
        flex: none;
        padding-inline: var(--space-3);
        font-size: var(--text-s);
      }
      .bad {
        color: var(--danger-ink);
      }
    `,
  ];

  override render() {
    if (!this.currency) return nothing;
    const shown = this.text ?? (this.cap === null ? "" : decimal(this.cap, exponent(this.currency)));
    const wrong = this.text !== null && this.text.trim() !== "" && !amountOf(this.text, this.currency);
    return html`
      <div class="field">
        <label for="cap">${t.inCall.cap.label}</label>
        <div class="line">
          <input
            id="cap"
            data-testid="cap"
            inputmode="decimal"
            autocomplete="off"
            placeholder=${t.inCall.cap.none}
            aria-describedby="hint"
            aria-invalid=${wrong ? "true" : "false"}
            .value=${shown}
            @input=${this.#typed}
          />
          ${amounts(this.currency)
            .slice(1)
            .map(
              (each) => html`<button type="button" class="figures" @click=${() => this.#choose(each)}>
              ${money(each, this.currency)}
            </button>`,
            )}
        </div>
        <p id="hint" class="small ${wrong ? "bad" : "muted"}" role=${wrong ? "alert" : nothing}>
          ${wrong ? t.inCall.cap.invalid : t.inCall.cap.hint}
        </p>
      </div>
    `;
  }

  override focus(): void {
    this.renderRoot.querySelector("input")?.focus();
  }

  #typed = (event: Event): void => {
    const text = (event.target as HTMLInputElement).value;
    this.text = text;
    if (text.trim() === "") this.#tell(null);
    else {
      const minor = amountOf(text, this.currency);
      // What was told before is not what stands there any more: nobody may go on with it.
      this.#tell(minor || Number.NaN);
    }
  };

  #choose(minor: number): void {
    this.text = decimal(minor, exponent(this.currency));
    this.#tell(minor);
  }

  #tell(minor: number | null): void {
    this.dispatchEvent(new CustomEvent<number | null>("tt-cap", { detail: minor }));
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "tt-cap-field": CapField;
  }
}
