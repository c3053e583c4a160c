/** Gives a tip: three amounts or one's own. Tells `tt-after` with what there is after the call then. */

import { css, html, LitElement, nothing } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { amountOf } from "../core/amount";
import { type Api, insist, Refusal } from "../core/api";
import { exponent, money } from "../core/money";
import { pause } from "../core/timers";
import type { AfterCall } from "../protocol/api";
import { t } from "../strings";
import { base, card, controls } from "../styles/shared";
import { icon } from "./icons";

/** What the API takes at most. */
const MOST_MINOR = 1_000_000;

/** Three sensible tips in a currency: 2, 5 and 10 of a unit like the dollar's size. */
export function tips(currency: string): readonly number[] {
  const unit = exponent(currency) === 0 ? 100 : 10 ** exponent(currency);
  return [2 * unit, 5 * unit, 10 * unit];
}

@customElement("tt-tip")
export class Tip extends LitElement {
  @property({ attribute: false }) api: Api | null = null;
  @property() call = "";
  @property() currency = "";
  /** Who gets it. */
  @property() name = "";
  /** What was given before, in minor units. */
  @property({ type: Number }) given = 0;
  @state() private chosen: number | null = null;
  @state() private own: string | null = null;
  @state() private working = false;
  @state() private problem = "";
  /** Chosen before the first try and kept until it is known that it worked: a retry gives once. */
  #order = { id: "", amount: 0 };

  static override styles = [
    base,
    controls,
    card,
    css`
      .choices {
        display: flex;
        flex-wrap: wrap;
        gap: var(--space-2);
      }
      .choices button {
        flex: 1;
        white-space: nowrap;
      }
      .choices button[aria-pressed="true"] {
        border-color: var(--accent);
        background: var(--accent-soft);
        box-shadow: inset 0 0 0 var(--hair) var(--accent);
      }
      .good {
        display: flex;
        gap: var(--space-2);
        align-items: center;
        color: var(--accent);
        font-weight: var(--weight-medium);
      }
      button.primary {
        width: var(--full);
      }
    `,
  ];

  override render() {
    if (!this.currency) return nothing;
    const words = t.afterCall.tip;
    const typed = this.own === null ? this.chosen : amountOf(this.own, this.currency);
    const amount = typed !== null && typed <= MOST_MINOR ? typed : null;
    const wrong = this.own !== null && this.own.trim() !== "" && !amount;
    return html`
      <div class="stack">
        <p class="muted small">${words.text(this.name)}</p>
        <div class="choices" role="group" aria-label=${words.choose}>
          ${tips(this.currency).map(
            (each) => html`<button
              type="button"
              class="figures"
              data-testid="tip-${each}"
              aria-pressed=${this.own === null && this.chosen === each}
              @click=${() => this.#choose(each)}
            >
              ${money(each, this.currency)}
            </button>`,
          )}
          <button
            type="button"
            data-testid="tip-other"
            aria-pressed=${this.own !== null}
            @click=${() => {
              this.own = this.own ?? "";
              void this.updateComplete.then(() => this.renderRoot.querySelector("input")?.focus());
            }}
          >
            ${words.other}
          </button>
        </div>
        ${
          this.own === null
            ? nothing
            : html`<div class="field">
              <label for="own">${words.other}</label>
              <input
                id="own"
                data-testid="tip-own"
                inputmode="decimal"
                autocomplete="off"
                aria-invalid=${wrong ? "true" : "false"}
                .value=${this.own}
                @input=${(event: Event) => {
                  this.own = (event.target as HTMLInputElement).value;
                }}
              />
              ${wrong ? html`<p class="small" role="alert">${words.invalid}</p>` : nothing}
            </div>`
        }
        ${
          amount
            ? html`<button
              type="button"
              class="primary figures"
              data-testid="give-tip"
              ?disabled=${this.working}
              @click=${() => void this.#give(amount)}
            >
              ${this.working ? words.giving : words.give(money(amount, this.currency))}
            </button>`
            : nothing
        }
        ${this.problem ? html`<p class="note bad" role="alert" data-testid="tip-problem">${this.problem}</p>` : nothing}
        <p class="good" role="status" data-testid="tip-given" data-minor=${this.given} ?hidden=${!this.given}>
          ${icon("check", "s")} ${this.given ? words.given(money(this.given, this.currency), this.name) : nothing}
        </p>
      </div>
    `;
  }

  #choose(amount: number): void {
    this.chosen = this.chosen === amount && this.own === null ? null : amount;
    this.own = null;
    this.problem = "";
  }

  async #give(amount: number): Promise<void> {
    const { api, call } = this;
    if (!api || this.working) return;
    this.working = true;
    this.problem = "";
    if (!this.#order.id || this.#order.amount !== amount) this.#order = { id: crypto.randomUUID(), amount };
    try {
      const body = { id: this.#order.id, amount_minor: amount };
      const detail: AfterCall = await insist(() => api.tip(call, body), pause);
      this.#order.id = "";
      this.chosen = this.own = null;
      this.given = detail.tips.reduce((sum, each) => sum + each.amount_minor, 0);
      this.dispatchEvent(new CustomEvent("tt-after", { detail, bubbles: true, composed: true }));
    } catch (error) {
      const code = error instanceof Refusal ? error.code : "network";
      if (error instanceof Refusal && !error.passing) this.#order.id = "";
      this.problem =
        code === "wallet.insufficient"
          ? t.afterCall.tip.short
          : code === "tip.closed"
            ? t.afterCall.tip.closed
            : t.refusal(code, this.name);
    } finally {
      this.working = false;
    }
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "tt-tip": Tip;
  }
}
