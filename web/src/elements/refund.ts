/** The expert, or the operator, gives a part or all of a charge back. Tells `tt-after` with what there is after the call then. */

import { css, html, LitElement, nothing } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { amountOf } from "../core/amount";
import { type Api, insist, Refusal } from "../core/api";
import { decimal, exponent, money } from "../core/money";
import { pause } from "../core/timers";
import type { AfterCall } from "../protocol/api";
import { t } from "../strings";
import { base, card, controls } from "../styles/shared";

const MOST_CHARS = 2000;

@customElement("tt-refund")
export class RefundElement extends LitElement {
  @property({ attribute: false }) api: Api | null = null;
  @property({ attribute: false }) known: AfterCall | null = null;
  @property() payer = "";
  @state() private text: string | null = null;
  @state() private reason = "";
  @state() private working = false;
  @state() private problem = "";
  /** Chosen before the first try and kept until it is known that it worked: a retry refunds once. */
  #order = { id: "", amount: 0 };

  static override styles = [
    base,
    controls,
    card,
    css`
      summary {
        padding-block: var(--space-2);
        color: var(--accent);
        font-weight: var(--weight-medium);
        cursor: pointer;
      }
      .money {
        max-width: var(--code);
      }
    `,
  ];

  override render() {
    const after = this.known;
    if (!after || after.refundable_minor === 0) return nothing;
    const { currency, refundable_minor: most } = after;
    const words = t.afterCall.refund;
    const shown = this.text ?? decimal(most, exponent(currency));
    const amount = amountOf(shown, currency);
    const fits = amount !== null && amount > 0 && amount <= most;
    return html`<details data-testid="refund">
      <summary>${words.title}</summary>
      <div class="stack">
        <p class="muted small">${after.side === "operator" ? words.operatorText(this.payer, money(most, currency)) : words.text(this.payer, money(most, currency))}</p>
        <div class="field money">
          <label for="amount">${words.amount}</label>
          <input
            id="amount"
            data-testid="refund-amount"
            inputmode="decimal"
            autocomplete="off"
            aria-invalid=${fits ? "false" : "true"}
            .value=${shown}
            @input=${(event: Event) => {
              this.text = (event.target as HTMLInputElement).value;
            }}
          />
        </div>
        ${fits ? nothing : html`<p class="small" role="alert">${words.tooMuch(money(most, currency))}</p>`}
        <div class="field">
          <label for="reason">${words.reason}</label>
          <textarea
            id="reason"
            rows="2"
            maxlength=${MOST_CHARS}
            .value=${this.reason}
            @input=${(event: Event) => {
              this.reason = (event.target as HTMLTextAreaElement).value;
            }}
          ></textarea>
        </div>
        <div class="row">
          <button
            type="button"
            data-testid="give-back"
            ?disabled=${!fits || this.working}
            @click=${() => void this.#give(amount ?? 0)}
          >
            ${words.give(money(fits ? (amount ?? 0) : most, currency))}
          </button>
        </div>
        ${this.problem ? html`<p class="note bad" role="alert">${this.problem}</p>` : nothing}
      </div>
    </details>`;
  }

  async #give(amount: number): Promise<void> {
    const { api, known: after } = this;
    if (!api || !after || this.working) return;
    this.working = true;
    this.problem = "";
    if (!this.#order.id || this.#order.amount !== amount) this.#order = { id: crypto.randomUUID(), amount };
    try {
      const body = { id: this.#order.id, amount_minor: amount, reason: this.reason.trim() };
      const detail = await insist(() => api.refundCall(after.call, body), pause);
      this.#order.id = "";
      this.text = null;
      this.reason = "";
      this.dispatchEvent(new CustomEvent("tt-after", { detail, bubbles: true, composed: true }));
    } catch (error) {
      const code = error instanceof Refusal ? error.code : "network";
      if (error instanceof Refusal && !error.passing) this.#order.id = "";
      this.problem = code === "refund.earnings" ? t.afterCall.refund.earnings : t.refusal(code, this.payer);
    } finally {
      this.working = false;
    }
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "tt-refund": RefundElement;
  }
}
