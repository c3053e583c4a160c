/** A client's wallet, whole: what there is, adding to it, the kept card, the automatic rule, and what was paid. */

import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import type { Api } from "../core/api";
import { moment } from "../core/moment";
import { money } from "../core/money";
import type { Purse } from "../core/purse";
import type { KeptCard, Payment, WalletPayments } from "../protocol/api";
import { t } from "../strings";
import { base, card, controls } from "../styles/shared";
import "./auto-top-up";
import { follow } from "./follow";
import { purseOf } from "./purse";
import { cardName } from "./top-up";

@customElement("talktime-wallet")
export class WalletElement extends LitElement {
  @property({ attribute: false }) api: Api | null = null;
  @state() private removing = false;
  @state() private told = "";

  constructor() {
    super();
    follow(this, () => this.#purse);
  }

  static override styles = [
    base,
    controls,
    card,
    css`
      .wallet {
        display: grid;
        grid-template-columns: var(--columns-facts);
        gap: var(--section);
      }
      .card {
        display: grid;
        align-content: start;
        gap: var(--space-4);
      }
      .wide {
        grid-column: 1 / -1;
      }
      .balance {
        font-size: var(--text-3xl);
        font-weight: var(--weight-strong);
        letter-spacing: var(--tracking-tight);
        line-height: var(--leading-tight);
      }
      .line,
      li {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        justify-content: space-between;
        gap: var(--space-2) var(--space-4);
      }
      li {
        padding-block: var(--space-3);
        border-block-end: var(--hair) solid var(--line);
      }
      li:last-child {
        border-block-end: none;
      }
      .sum {
        text-align: end;
      }
      .next {
        padding-block-start: var(--space-4);
        border-block-start: var(--hair) solid var(--line);
      }
      .name {
        font-weight: var(--weight-medium);
      }
      .bad {
        color: var(--danger-ink);
      }
    `,
  ];

  get #purse(): Purse | null {
    return this.api ? purseOf(this.api) : null;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#purse?.look();
  }

  override render() {
    const state = this.#purse?.state;
    if (!state) return nothing;
    const { known, code } = state;
    if (!known) return html`<p class="muted" role="status">${code ? t.wallet.problem(code) : t.loading}</p>`;
    return html`<div class="wallet" data-testid="wallet" data-mode=${known.mode}>
      ${this.#mode(known)} ${this.#balance(known)}
      ${known.mode === "none" ? nothing : this.#card(known.card, state.working)}
      ${this.#payments(known.payments)}
    </div>`;
  }

  /** Plainly, and before anything else: whether any of this is real. */
  #mode({ mode }: WalletPayments): TemplateResult | typeof nothing {
    if (mode === "sandbox")
      return html`<p class="note warn wide" data-testid="sandbox-mark">
        <strong>${t.wallet.sandbox}</strong> ${t.wallet.sandboxText}
      </p>`;
    if (mode === "test")
      return html`<p class="note warn wide" data-testid="test-mark">
        <strong>${t.wallet.test}</strong> ${t.wallet.testText}
      </p>`;
    return nothing;
  }

  #balance({ mode, wallet }: WalletPayments): TemplateResult {
    return html`<section class="card" aria-labelledby="balance">
      <h2 id="balance">${t.wallet.balance}</h2>
      <p class="balance figures" data-testid="balance" data-minor=${wallet.available_minor}>
        ${money(wallet.available_minor, wallet.currency)}
      </p>
      ${
        wallet.held_minor > 0
          ? html`<p class="small muted">${t.wallet.onHold(money(wallet.held_minor, wallet.currency))}</p>`
          : nothing
      }
      ${mode === "none" ? nothing : html`<h3>${t.wallet.payIn}</h3>`}
      <tt-top-up .api=${this.api} .currency=${wallet.currency}></tt-top-up>
    </section>`;
  }

  // -- the card ----------------------------------------------------------------------------------------------

  #card(kept: KeptCard | null, working: boolean): TemplateResult {
    return html`<section class="card" aria-labelledby="card">
      <h2 id="card">${t.wallet.card.title}</h2>
      ${kept ? this.#kept(kept, working) : html`<p class="muted small">${t.wallet.card.none}</p>`}
      <p class="small muted" role="status" ?hidden=${!this.told}>${this.told}</p>
      <h2 class="next">${t.wallet.auto.title}</h2>
      <tt-auto-top-up .purse=${this.#purse}></tt-auto-top-up>
    </section>`;
  }

  #kept(kept: KeptCard, working: boolean): TemplateResult {
    const month = String(kept.exp_month).padStart(2, "0");
    return html`
      <div class="line" data-testid="kept-card">
        <div>
          <p class="name figures">${cardName(kept)}</p>
          ${
            kept.exp_month > 0
              ? html`<p class="small muted figures">${t.wallet.card.expires(month, String(kept.exp_year))}</p>`
              : nothing
          }
        </div>
        ${
          this.removing
            ? nothing
            : html`<button
              type="button"
              data-testid="remove-card"
              @click=${() => {
                this.removing = true;
              }}
            >
              ${t.wallet.card.remove}
            </button>`
        }
      </div>
      ${
        this.removing
          ? html`<p class="small" role="alert">${t.wallet.card.sure}</p>
            <div class="row">
              <button
                type="button"
                class="danger"
                data-testid="really-remove-card"
                ?disabled=${working}
                @click=${() => void this.#remove()}
              >
                ${t.wallet.card.reallyRemove}
              </button>
              <button
                type="button"
                class="quiet"
                @click=${() => {
                  this.removing = false;
                }}
              >
                ${t.wallet.card.keep}
              </button>
            </div>`
          : nothing
      }
    `;
  }

  async #remove(): Promise<void> {
    const gone = await this.#purse?.forgetCard();
    this.removing = false;
    this.told = gone ? t.wallet.card.removed : t.wallet.problem(this.#purse?.state.code ?? "");
  }

  // -- what was paid -----------------------------------------------------------------------------------------

  #payments(payments: readonly Payment[]): TemplateResult {
    return html`<section class="card wide" aria-labelledby="payments">
      <h2 id="payments">${t.wallet.payments.title}</h2>
      ${
        payments.length === 0
          ? html`<p class="muted small">${t.wallet.payments.none}</p>`
          : html`<ul>
            ${payments.map((each) => payment(each))}
          </ul>`
      }
    </section>`;
  }
}

function payment(each: Payment): TemplateResult {
  const bad = each.state === "failed";
  return html`<li data-testid="payment" data-state=${each.state} data-kind=${each.kind}>
    <div>
      <p class="name">${t.wallet.payments.kinds[each.kind]}</p>
      <p class="small muted">${moment(each.created_at)}</p>
    </div>
    <div class="sum">
      <p class="figures name">${money(each.amount_minor, each.currency)}</p>
      <p class="small ${bad ? "bad" : "muted"}">${t.wallet.payments.states[each.state]}</p>
    </div>
  </li>`;
}

declare global {
  interface HTMLElementTagNameMap {
    "talktime-wallet": WalletElement;
  }
}
