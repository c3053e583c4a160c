/** Adds test money: one button in a banner, or a choice of amounts in a panel. Says plainly what became of it. */

import { css, html, LitElement, nothing } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { type Api, insist, Refusal } from "../core/api";
import { exponent, money } from "../core/money";
import { pause } from "../core/timers";
import type { Wallet } from "../protocol/api";
import { t } from "../strings";
import { base, card, controls } from "../styles/shared";
import { icon } from "./icons";

/** Three sensible amounts in a currency: 5, 10 and 20 of a unit like the dollar's size. */
export function amounts(currency: string): readonly number[] {
  const unit = exponent(currency) === 0 ? 100 : 10 ** exponent(currency);
  return [5 * unit, 10 * unit, 20 * unit];
}

@customElement("tt-top-up")
export class TopUp extends LitElement {
  @property({ attribute: false }) api: Api | null = null;
  @property() currency = "";
  /** One button only. */
  @property({ type: Boolean, reflect: true }) brief = false;
  @state() private chosen = 1;
  @state() private working = false;
  @state() private outcome: { good: boolean; text: string } | null = null;
  /** Chosen before the first try and kept until it is known that it worked: a retry credits once. */
  #order = { id: "", amount: 0 };

  static override styles = [
    base,
    controls,
    card,
    css`
      .choices {
        display: grid;
        grid-auto-flow: column;
        grid-auto-columns: minmax(0, 1fr);
        gap: var(--space-2);
      }
      .choices label {
        position: relative;
        display: grid;
        place-items: center;
        min-height: var(--touch);
        border: var(--hair) solid var(--line-strong);
        border-radius: var(--radius-m);
        font-size: var(--text-m);
        cursor: pointer;
      }
      .choices input {
        position: absolute;
        inset: var(--none);
        width: var(--full);
        height: var(--full);
        opacity: 0;
        cursor: pointer;
      }
      .choices label:has(:checked) {
        border-color: var(--accent);
        background: var(--accent-soft);
        box-shadow: inset 0 0 0 var(--hair) var(--accent);
      }
      .choices label:has(:focus-visible) {
        outline: var(--focus) solid var(--accent);
        outline-offset: var(--space-0);
      }
      .good {
        color: var(--accent);
      }
      .bad {
        color: var(--danger-ink);
      }
      button {
        width: var(--full);
      }
      :host([brief]) button {
        width: auto;
      }
    `,
  ];

  override render() {
    if (!this.currency) return nothing;
    const list = amounts(this.currency);
    const amount = list[this.chosen] ?? 0;
    const words = this.working ? t.funds.working : t.funds.topUpBy(money(amount, this.currency));
    return html`
      <div class="stack">
        ${
          this.brief
            ? nothing
            : html`<fieldset>
              <legend class="hidden">${t.funds.choose}</legend>
              <div class="choices">
                ${list.map(
                  (each, index) => html`<label>
                    <input
                      type="radio"
                      name="amount"
                      .checked=${index === this.chosen}
                      @change=${() => {
                        this.chosen = index;
                      }}
                    />
                    <span class="figures">${money(each, this.currency)}</span>
                  </label>`,
                )}
              </div>
            </fieldset>`
        }
        <button
          type="button"
          class="primary"
          data-testid="top-up"
          ?disabled=${this.working}
          @click=${() => void this.#topUp(amount)}
        >
          ${icon("wallet", "s")}<span class="figures">${words}</span>
        </button>
        ${this.brief ? nothing : html`<p class="small muted">${t.funds.test} · ${t.funds.testText}</p>`}
        <p class="small ${this.outcome?.good ? "good" : "bad"}" role="status" ?hidden=${!this.outcome}>
          ${this.outcome?.text}
        </p>
      </div>
    `;
  }

  async #topUp(amount: number): Promise<void> {
    const api = this.api;
    if (!api || this.working) return;
    this.working = true;
    this.outcome = null;
    if (!this.#order.id || this.#order.amount !== amount) this.#order = { id: crypto.randomUUID(), amount };
    try {
      const body = { id: this.#order.id, amount_minor: amount, currency: this.currency };
      const wallet = await insist(() => api.topUp(body), pause);
      this.#order.id = "";
      this.outcome = { good: true, text: t.funds.done(money(amount, this.currency)) };
      const detail: Wallet = wallet;
      this.dispatchEvent(new CustomEvent("tt-topped-up", { detail, bubbles: true, composed: true }));
    } catch (error) {
      const code = error instanceof Refusal ? error.code : "network";
      // A refusal is an outcome: the next try is another top-up. Silence is not: it stays the same one.
      if (error instanceof Refusal && !error.passing) this.#order.id = "";
      this.outcome = { good: false, text: code === "network" ? t.funds.failed : t.refusal(code, "") };
    } finally {
      this.working = false;
    }
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "tt-top-up": TopUp;
  }
}
