/** After a call: why it ended, how long it was, what it cost or earned, and the receipt. */

import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { type Api, Refusal } from "../core/api";
import { exact, words } from "../core/duration";
import type { CallState } from "../core/machine";
import { money } from "../core/money";
import { pause } from "../core/timers";
import type { AfterCall, Receipt } from "../protocol/api";
import type { EndedMessage } from "../protocol/messages";
import { t } from "../strings";
import { base, card, controls } from "../styles/shared";
import "./after-call";
import { icon } from "./icons";

const LOOKS = 8;

@customElement("tt-ended")
export class Ended extends LitElement {
  @property({ attribute: false }) call: CallState | null = null;
  @property({ attribute: false }) api: Api | null = null;
  @state() private receipt: Receipt | null = null;
  @state() private settling = false;
  /** When it changed since the receipt. */
  @state() private balance: number | null = null;
  #asked = "";
  #moves = 0;

  static override styles = [
    base,
    controls,
    card,
    css`
      .ended {
        display: grid;
        gap: var(--space-5);
        max-width: var(--page-narrow);
        margin-inline: auto;
        padding-block-start: var(--space-5);
      }
      .head {
        display: grid;
        gap: var(--space-2);
      }
      .sum {
        display: grid;
        gap: var(--space-1);
        text-align: start;
      }
      .amount {
        font-size: var(--text-3xl);
        font-weight: var(--weight-strong);
        letter-spacing: var(--tracking-tight);
        line-height: var(--leading-tight);
      }
      blockquote {
        margin: var(--none);
      }
      .actions > * {
        flex: var(--button-grow);
        flex-basis: auto;
      }
    `,
  ];

  override render() {
    const call = this.call;
    const ended = call?.ended;
    if (!call || !ended) return nothing;
    const { payer_name = "", host_name = "" } = call.call ?? {};
    return html`
      <section class="ended" data-testid="ended" data-reason=${ended.reason}>
        <div class="head">
          <h1 tabindex="-1">${t.ended.titles[ended.reason] ?? t.ended.title}</h1>
          <p class="muted" data-testid="ended-reason">
            ${t.ended.reason(ended.reason, call.role, payer_name, host_name)}
          </p>
        </div>
        ${
          ended.note
            ? html`<blockquote class="note" data-testid="ended-note">
              <span class="small muted">${t.ended.note(host_name)}</span>
              <span>${ended.note}</span>
            </blockquote>`
            : nothing
        }
        ${call.role === "guest" ? nothing : this.#money(call, ended)}
        ${this.#after(call)}
        <div class="row actions">
          ${
            // A guest's link is for this call, which is over.
            call.role === "guest"
              ? nothing
              : html`<button type="button" class="primary large" data-testid="call-again" @click=${this.#again}>
                ${call.role === "host" ? t.ended.back : t.ended.again}
              </button>`
          }
          ${
            this.receipt && this.receipt.used_ms > 0
              ? html`<a class="button large" href=${ended.receipt} data-testid="receipt-link">
                ${icon("receipt")} ${t.ended.receipt}
              </a>`
              : nothing
          }
        </div>
      </section>
    `;
  }

  /** Once it is settled: what one may still say and give. */
  #after(call: CallState): TemplateResult | typeof nothing {
    const { receipt } = this;
    if (!receipt || receipt.used_ms === 0 || call.role === "guest") return nothing;
    return html`<tt-after-call
      .api=${this.api}
      .call=${receipt.call_id}
      .payer=${receipt.payer_name}
      .host=${receipt.host_name}
      @tt-after=${this.#moved}
    ></tt-after-call>`;
  }

  /** A tip or a refund: the balance is another one now. */
  #moved = async (event: CustomEvent<AfterCall>): Promise<void> => {
    const moved = event.detail.tips.length + event.detail.refunds.length;
    if (moved === this.#moves || event.detail.side !== "payer") return;
    this.#moves = moved;
    try {
      const wallet = await this.api?.wallet();
      if (wallet) this.balance = wallet.available_minor + wallet.held_minor;
    } catch {
      // What was known before stays.
    }
  };

  #money(call: CallState, ended: EndedMessage): TemplateResult {
    const receipt = this.receipt;
    const host = call.role === "host";
    const charged = receipt?.charge_minor ?? ended.charge_minor;
    const earned = receipt?.earned_minor ?? ended.earned_minor;
    const amount = host ? (earned ?? charged) : charged;
    const usedMs = receipt?.used_ms ?? ended.used_ms;
    const after = this.balance ?? receipt?.balance_after_minor ?? ended.balance_minor;
    if (charged === 0 && usedMs === 0)
      return html`<div class="note">
        <span>${t.ended.nothing}.</span>
        ${
          host || after === null
            ? nothing
            : html`<span class="small">
              ${t.ended.balance}:
              <strong class="figures" data-testid="ended-balance" data-minor=${after}
                >${money(after, ended.currency)}</strong
              >
            </span>`
        }
      </div>`;
    return html`
      <div class="card stack">
        <div class="sum">
          <p class="muted">${host ? t.ended.earned : t.ended.paid}</p>
          <p class="amount figures" data-testid="ended-cost" data-minor=${amount}>${money(amount, ended.currency)}</p>
          ${charged === 0 ? html`<p class="muted small">${t.ended.nothing}</p>` : nothing}
        </div>
        <dl class="facts">
          <div>
            <dt>${t.ended.talked}</dt>
            <dd data-testid="ended-time" data-ms=${usedMs}>${receipt ? exact(usedMs) : words(usedMs)}</dd>
          </div>
          ${
            host || after === null
              ? nothing
              : html`<div>
                <dt>${t.ended.balance}</dt>
                <dd data-testid="ended-balance" data-minor=${after}>${money(after, ended.currency)}</dd>
              </div>`
          }
        </dl>
        ${this.settling ? html`<p class="small muted" role="status">${t.receipt.notYet}</p>` : nothing}
      </div>
    `;
  }

  override updated(): void {
    const ended = this.call?.ended;
    if (!ended || this.#asked === ended.call) return;
    this.#asked = ended.call;
    this.receipt = null;
    this.balance = null;
    this.#moves = 0;
    this.renderRoot.querySelector<HTMLElement>("h1")?.focus();
    // What never began has nothing to add up.
    const neverBegan = ended.used_ms === 0 && ended.settled;
    if (ended.receipt && !neverBegan && this.call?.role !== "guest") void this.#fetch(ended);
  }

  /** The receipt may be a moment behind the end of the call. */
  async #fetch(ended: EndedMessage): Promise<void> {
    for (let look = 1; look <= LOOKS && this.isConnected && this.api; look++) {
      try {
        const receipt = await this.api.receipt(ended.call);
        if (this.#asked === ended.call) this.receipt = receipt;
        break;
      } catch (error) {
        // A call that never began has no receipt, and none will come.
        const settles = error instanceof Refusal && (error.passing || !ended.settled || ended.used_ms > 0);
        if (!settles) break;
        this.settling = true;
        await pause(500 * look);
      }
    }
    this.settling = false;
  }

  #again = (): void => {
    this.dispatchEvent(new CustomEvent("tt-again"));
  };
}

declare global {
  interface HTMLElementTagNameMap {
    "tt-ended": Ended;
  }
}
