/** Pays in: one button in a banner, or a choice of amounts in a panel. Says plainly what became of it. */

import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import type { Api } from "../core/api";
import { exponent, money } from "../core/money";
import { isUnderWay, type Purse } from "../core/purse";
import type { KeptCard, Payment, WalletPayments } from "../protocol/api";
import { t } from "../strings";
import { base, card, controls } from "../styles/shared";
import { follow } from "./follow";
import { icon } from "./icons";
import { framed, purseOf } from "./purse";

/** Three sensible amounts in a currency: 5, 10 and 20 of a unit like the dollar's size. */
export function amounts(currency: string): readonly number[] {
  const unit = exponent(currency) === 0 ? 100 : 10 ** exponent(currency);
  return [5 * unit, 10 * unit, 20 * unit];
}

/** A kept card as people know it. Its name may be unknown for a moment. */
export function cardName(kept: KeptCard): string {
  if (!kept.last4) return t.wallet.card.nameless;
  return t.wallet.card.name(kept.brand.charAt(0).toUpperCase() + kept.brand.slice(1), kept.last4);
}

/** Tells `tt-topped-up` with the new wallet when money came. */
@customElement("tt-top-up")
export class TopUp extends LitElement {
  @property({ attribute: false }) api: Api | null = null;
  @property() currency = "";
  /** One button only. */
  @property({ type: Boolean, reflect: true }) brief = false;
  /** This page must live on: the processor's page opens in a tab of its own. */
  @property({ type: Boolean }) stay = false;
  /** The page to come back to from the processor's. */
  @property() back = location.pathname + location.search;
  @state() private chosen = 1;
  #came = -1;
  /** A payment that was settled before this element came: no news. */
  #old: Payment | null = null;

  constructor() {
    super();
    follow(this, () => this.#purse);
  }

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
      button.primary {
        width: var(--full);
      }
      .row button.primary,
      .row .primary {
        flex: 1;
        width: auto;
      }
      :host([brief]) .stack {
        gap: var(--space-1);
      }
      .fine {
        display: flex;
        flex-wrap: wrap;
        gap: var(--space-0) var(--space-3);
      }
      button.link {
        display: inline;
        min-height: var(--none);
        padding: var(--none);
        border: none;
        border-radius: var(--none);
        background: none;
        color: var(--accent);
        font-weight: inherit;
        text-decoration: underline;
        text-underline-offset: var(--space-1);
      }
    `,
  ];

  override connectedCallback(): void {
    super.connectedCallback();
    this.#came = -1;
    this.#old = this.#purse?.state.payment ?? null;
    void this.#purse?.look();
  }

  get #purse(): Purse | null {
    return this.api ? purseOf(this.api) : null;
  }

  override render() {
    const state = this.#purse?.state;
    if (!this.currency || !state) return nothing;
    const { known, payment, code } = state;
    if (known?.mode === "none")
      return html`<p class=${this.brief ? "small" : "note"} data-testid="no-payments">${t.funds.noReal}</p>`;
    const waits = payment?.state === "action" || payment?.state === "open";
    const busy = state.working || (payment !== null && isUnderWay(payment));
    const told = payment && !waits && (payment !== this.#old || isUnderWay(payment));
    return html`
      <div class="stack">
        ${payment && waits ? this.#waiting(payment) : this.#choice(known, busy)}
        ${told ? outcome(payment) : nothing}
        ${code ? html`<p class="small bad" role="alert" data-code=${code}>${t.wallet.problem(code)}</p>` : nothing}
      </div>
    `;
  }

  #choice(known: WalletPayments | null, busy: boolean): TemplateResult {
    const list = amounts(this.currency);
    const amount = list[this.chosen] ?? 0;
    const how = known?.card ? "card" : "checkout";
    return html`
      ${this.brief ? nothing : this.#amounts(list)}
      <button
        type="button"
        class="primary"
        data-testid="top-up"
        data-how=${how}
        ?disabled=${busy || !known}
        @click=${() => this.#pay(amount, how)}
      >
        ${icon("wallet", "s")}<span class="figures"
          >${busy ? t.funds.working : t.funds.topUpBy(money(amount, this.currency))}</span
        >
      </button>
      ${known ? this.#fine(known, amount) : nothing}
    `;
  }

  #amounts(list: readonly number[]): TemplateResult {
    return html`<fieldset>
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
    </fieldset>`;
  }

  /** What kind of money it is, and whose card. */
  #fine({ mode, card: kept }: WalletPayments, amount: number): TemplateResult {
    if (mode === "sandbox")
      return html`<p class="small" data-testid="sandbox">
        <strong>${t.wallet.sandbox}</strong>${this.brief ? nothing : html` · ${t.funds.testText}`}
      </p>`;
    const test = mode === "test" ? html`<strong data-testid="test-mode">${t.wallet.test}</strong>` : nothing;
    const look = `fine small${this.brief ? "" : " muted"}`;
    if (!kept) {
      const beside = this.#beside ? t.wallet.byCardTab : "";
      const words = this.brief ? beside : `${t.wallet.byCard} ${beside}`;
      return html`<p class=${look}>${test}<span>${words}</span></p>`;
    }
    return html`<p class=${look}>
      ${test}<span class="figures" data-testid="with-card">${t.wallet.with(cardName(kept))}</span>
      <button type="button" class="link" data-testid="other-card" @click=${() => this.#pay(amount, "checkout")}>
        ${t.wallet.otherCard}
      </button>
    </p>`;
  }

  /** The payment waits for the person: on the processor's page, or at their bank. */
  #waiting(payment: Payment): TemplateResult {
    const bank = payment.state === "action";
    return html`
      <p class="small" role="status" data-testid="pay-waits" data-state=${payment.state}>
        ${bank ? t.wallet.action(money(payment.amount_minor, payment.currency)) : t.wallet.open}
      </p>
      <div class="row">
        ${
          bank
            ? html`<button type="button" class="primary" data-testid="bank-confirm" @click=${this.#toBank}>
              ${icon("lock", "s")} ${t.wallet.confirm}
            </button>`
            : html`<a
              class="button primary"
              href=${payment.url}
              target="_blank"
              rel="noopener noreferrer"
              data-testid="pay-page"
              >${t.wallet.payPage}</a
            >`
        }
        <button type="button" class="quiet" data-testid="let-go" @click=${() => void this.#purse?.letGo()}>
          ${t.wallet.letGo}
        </button>
      </div>
    `;
  }

  override updated(): void {
    const state = this.#purse?.state;
    if (!state) return;
    if (this.#came < 0) this.#came = state.came;
    else if (state.came > this.#came && state.known) {
      this.#came = state.came;
      const detail = state.known.wallet;
      this.dispatchEvent(new CustomEvent("tt-topped-up", { detail, bubbles: true, composed: true }));
    }
  }

  get #beside(): boolean {
    return this.stay || framed();
  }

  #pay(amount: number, how: "card" | "checkout"): void {
    void this.#purse?.pay(amount, how, this.#beside ? "beside" : "here", this.back);
  }

  #toBank = (): void => {
    void this.#purse?.toBank();
  };
}

function outcome(payment: Payment): TemplateResult {
  const amount = money(payment.amount_minor, payment.currency);
  switch (payment.state) {
    case "succeeded":
      return html`<p class="small good" role="status" data-testid="paid">${t.wallet.done(amount)}</p>`;
    case "failed":
      return html`<p class="small bad" role="alert" data-testid="declined" data-reason=${payment.reason}>
        ${t.wallet.failed(payment.reason)}
      </p>`;
    case "canceled":
      return html`<p class="small muted" role="status">${t.wallet.canceled}</p>`;
    default:
      return html`<p class="small muted" role="status" data-testid="pay-waits" data-state=${payment.state}>
        ${payment.state === "processing" ? t.wallet.processing : t.wallet.asked}
      </p>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "tt-top-up": TopUp;
  }
}
