/** A client's account at a glance: what there is to spend, the limit of a call, the last calls, one's data. */

import { html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import type { Account } from "../core/account";
import { Refusal, UNREACHABLE } from "../core/api";
import { money } from "../core/money";
import type { CallCap, CallSummary, Me, Wallet } from "../protocol/api";
import { t } from "../strings";
import { account } from "../styles/account";
import { base, card, controls } from "../styles/shared";
import "./account-data";
import "./call-list";
import "./cap-field";
import { icon } from "./icons";

const LAST = 5;

@customElement("tt-account-overview")
export class AccountOverview extends LitElement {
  @property({ attribute: false }) account: Account | null = null;
  @property({ attribute: false }) me: Me | null = null;
  @state() private wallet: Wallet | null = null;
  @state() private cap: CallCap | null = null;
  @state() private wished: number | null = null;
  @state() private calls: readonly CallSummary[] = [];
  @state() private problem = "";
  @state() private told = "";
  @state() private saving = false;

  static override styles = [base, controls, card, account];

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#load();
  }

  override render(): TemplateResult {
    const { wallet, cap } = this;
    return html`<div class="page">
      <h1 class="name">${t.account.title}</h1>
      ${this.problem ? this.#trouble() : nothing}
      ${
        wallet && cap
          ? html`<div class="pair">${this.#wallet(wallet)} ${this.#cap(cap)}</div>
            ${this.#last()}
            <tt-account-data
              .account=${this.account}
              .me=${this.me}
              .wallet=${wallet}
              @tt-stale=${() => void this.#load()}
            ></tt-account-data>`
          : this.problem
            ? nothing
            : html`<p class="muted loading" role="status">${t.loading}</p>`
      }
    </div>`;
  }

  #trouble(): TemplateResult {
    return html`<div class="note warn" role="alert" data-testid="account-problem">
      <p>${this.problem === UNREACHABLE ? t.account.stale : t.account.refusal(this.problem)}</p>
      <div><button type="button" @click=${() => void this.#load()}>${t.retry}</button></div>
    </div>`;
  }

  #wallet(wallet: Wallet): TemplateResult {
    const { currency, available_minor, held_minor } = wallet;
    return html`<section class="card" aria-labelledby="wallet">
      <h2 id="wallet">${t.account.wallet.title}</h2>
      <div>
        <p class="small muted">${t.account.wallet.available}</p>
        <p class="figure" data-testid="available" data-minor=${available_minor}>
          ${money(available_minor, currency)}
        </p>
        ${
          held_minor
            ? html`<p class="small muted" data-testid="held">${t.account.wallet.held(money(held_minor, currency))}</p>`
            : available_minor
              ? nothing
              : html`<p class="small muted">${t.account.wallet.empty}</p>`
        }
      </div>
      <div class="row">
        <a class="button primary" data-testid="add-money" href="/wallet">${icon("wallet", "s")} ${t.account.wallet.add}</a>
      </div>
    </section>`;
  }

  #cap(cap: CallCap): TemplateResult {
    return html`<section class="card" aria-labelledby="cap-title">
      <h2 id="cap-title">${t.account.cap.title}</h2>
      <p class="small muted">${t.account.cap.lead}</p>
      <tt-cap-field
        .currency=${cap.currency}
        .cap=${cap.cap_minor}
        @tt-cap=${(event: CustomEvent<number | null>) => {
          this.wished = event.detail;
          this.told = "";
        }}
      ></tt-cap-field>
      <div class="row">
        <button
          type="button"
          data-testid="save-cap"
          ?disabled=${this.saving || this.wished === cap.cap_minor || Number.isNaN(this.wished)}
          @click=${() => void this.#save()}
        >
          ${t.account.cap.save}
        </button>
      </div>
      <p class="small muted" role="status" data-testid="cap-told">${this.told}</p>
    </section>`;
  }

  #last(): TemplateResult {
    if (this.calls.length === 0)
      return html`<section class="card empty" data-testid="no-calls">
        ${icon("phone", "l")}
        <h2>${t.account.calls.empty}</h2>
        <p class="small">${t.account.calls.emptyText}</p>
      </section>`;
    return html`<section class="card" aria-labelledby="last">
      <div class="head">
        <h2 id="last">${t.account.calls.last}</h2>
        <a href="/account/calls">${t.account.calls.all}</a>
      </div>
      <tt-call-list .calls=${this.calls} .caption=${t.account.calls.last}></tt-call-list>
    </section>`;
  }

  async #save(): Promise<void> {
    const { account } = this;
    if (!account || this.saving) return;
    this.saving = true;
    try {
      this.cap = await account.setCap(this.wished);
      this.told = this.cap.cap_minor === null ? t.account.cap.removed : t.account.cap.saved;
    } catch (error) {
      this.told = t.account.refusal(error instanceof Refusal ? error.code : UNREACHABLE);
    } finally {
      this.saving = false;
    }
  }

  async #load(): Promise<void> {
    const { account } = this;
    if (!account) return;
    try {
      const [wallet, cap, list] = await Promise.all([
        account.wallet(),
        account.cap(),
        account.calls("", null),
      ]);
      [this.wallet, this.cap, this.calls] = [wallet, cap, list.calls.slice(0, LAST)];
      this.wished = cap.cap_minor;
      this.problem = "";
    } catch (error) {
      this.problem = error instanceof Refusal ? error.code : UNREACHABLE;
    }
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "tt-account-overview": AccountOverview;
  }
}
