/** The automatic rule: on or off, below what, how much, and the most in a month. */

import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { amountOf } from "../core/amount";
import { decimal, exponent, money } from "../core/money";
import type { Purse, Rule } from "../core/purse";
import type { WalletPayments } from "../protocol/api";
import { t } from "../strings";
import { base, card, controls } from "../styles/shared";
import { follow } from "./follow";
import { amounts } from "./top-up";

type Amount = "threshold_minor" | "amount_minor" | "cap_minor";
const FIELDS: readonly Amount[] = ["threshold_minor", "amount_minor", "cap_minor"];

@customElement("tt-auto-top-up")
export class AutoTopUp extends LitElement {
  @property({ attribute: false }) purse: Purse | null = null;
  /** Switched here and not saved yet; null as it is saved. */
  @state() private on: boolean | null = null;
  @state() private problem = "";
  @state() private wrong: readonly Amount[] = [];
  @state() private saved = false;

  constructor() {
    super();
    follow(this, () => this.purse);
  }

  static override styles = [
    base,
    controls,
    card,
    css`
      .switch {
        display: flex;
        align-items: center;
        gap: var(--space-3);
        min-height: var(--touch);
        font-size: var(--text-m);
      }
      .switch input {
        width: var(--icon);
        height: var(--icon);
        min-height: var(--none);
        accent-color: var(--accent);
      }
    `,
  ];

  override render() {
    const known = this.purse?.state.known;
    if (!known) return nothing;
    const { auto } = known;
    const on = this.on ?? auto?.on ?? false;
    const { currency } = known.wallet;
    return html`<form class="stack" novalidate @submit=${this.#save}>
      <p class="small muted">${t.wallet.auto.lead}</p>
      ${known.card || on ? nothing : html`<p class="small muted" data-testid="auto-needs-card">${t.wallet.auto.needsCard}</p>`}
      <label class="switch">
        <input
          type="checkbox"
          name="on"
          data-testid="auto-on"
          ?disabled=${!known.card && !on}
          .checked=${on}
          @change=${(event: Event) => {
            this.on = (event.target as HTMLInputElement).checked;
            this.saved = false;
          }}
        />
        ${t.wallet.auto.on}
      </label>
      ${on ? this.#fields(known) : nothing}
      ${
        auto?.on && auto.stopped
          ? html`<p class="note warn small" role="status" data-testid="auto-stopped">
            ${t.wallet.auto.stopped(auto.stopped)}
          </p>`
          : nothing
      }
      ${
        auto?.on
          ? html`<p class="small muted figures" data-testid="auto-spent">
            ${t.wallet.auto.spent(money(auto.spent_minor, currency), money(auto.cap_minor, currency))}
          </p>`
          : nothing
      }
      ${this.problem ? html`<p class="note bad small" role="alert" id="problem">${this.problem}</p>` : nothing}
      ${this.saved ? html`<p class="small muted" role="status" data-testid="auto-saved">${t.wallet.auto.saved}</p>` : nothing}
      ${
        on || auto?.on
          ? html`<button data-testid="auto-save" ?disabled=${this.purse?.state.working ?? false}>
            ${t.wallet.auto.save}
          </button>`
          : nothing
      }
    </form>`;
  }

  #fields({ auto, wallet }: WalletPayments): TemplateResult {
    const [low = 0, usual = 0, high = 0] = amounts(wallet.currency);
    const values = {
      threshold_minor: auto?.threshold_minor ?? low,
      amount_minor: auto?.amount_minor ?? usual,
      cap_minor: auto?.cap_minor ?? 5 * high,
    };
    const labels = {
      threshold_minor: t.wallet.auto.below,
      amount_minor: t.wallet.auto.add,
      cap_minor: t.wallet.auto.cap,
    };
    return html`${FIELDS.map(
      (field) => html`<div class="field">
        <label for=${field}>${labels[field]} (${wallet.currency})</label>
        <input
          id=${field}
          name=${field}
          inputmode="decimal"
          autocomplete="off"
          data-testid=${field}
          aria-invalid=${this.wrong.includes(field) ? "true" : "false"}
          aria-describedby=${this.problem ? "problem" : nothing}
          .value=${decimal(values[field], exponent(wallet.currency))}
        />
      </div>`,
    )}`;
  }

  #save = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const known = this.purse?.state.known;
    if (!known) return;
    this.saved = false;
    const rule = this.#rule(new FormData(event.target as HTMLFormElement), known);
    if (!rule) return;
    const done = await this.purse?.setRule(rule);
    this.problem = done ? "" : t.wallet.problem(this.purse?.state.code ?? "");
    if (!done) return;
    this.on = null;
    this.saved = true;
  };

  /** What is typed; null when it makes no rule, which is said. */
  #rule(form: FormData, { auto, wallet }: WalletPayments): Rule | null {
    const on = form.get("on") !== null;
    this.wrong = [];
    this.problem = "";
    if (!on && auto) return { ...auto, on: false };
    const typed = (field: Amount): number => amountOf(String(form.get(field) ?? ""), wallet.currency) ?? 0;
    const rule = {
      on,
      threshold_minor: typed("threshold_minor"),
      amount_minor: typed("amount_minor"),
      cap_minor: typed("cap_minor"),
    };
    this.wrong = FIELDS.filter((field) => rule[field] < LEAST || rule[field] > MOST);
    if (this.wrong.length > 0) this.problem = t.wallet.auto.invalid;
    else if (rule.cap_minor < rule.amount_minor) {
      this.wrong = ["cap_minor"];
      this.problem = t.wallet.auto.capLow;
    }
    return this.problem ? null : rule;
  }
}

/** What the server takes, in minor units. */
const LEAST = 50;
const MOST = 1_000_000;

declare global {
  interface HTMLElementTagNameMap {
    "tt-auto-top-up": AutoTopUp;
  }
}
