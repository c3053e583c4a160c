/** The panel for what people decide about money while they talk. */

import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import type { Api } from "../core/api";
import { type CallState, drawAt } from "../core/machine";
import { read } from "../core/meter";
import { money } from "../core/money";
import type { CallSession } from "../core/session";
import { t } from "../strings";
import { base, card, controls } from "../styles/shared";
import "./cap-field";
import { follow } from "./follow";
import "./tip";
import "./top-up";

const GIFTS_MIN = [1, 5, 10] as const;

@customElement("tt-call-money")
export class CallMoney extends LitElement {
  @property({ attribute: false }) session: CallSession | null = null;
  @property({ attribute: false }) api: Api | null = null;
  /** What was typed and not set yet. */
  @state() private wish: number | null | undefined = undefined;
  @state() private low = false;

  constructor() {
    super();
    follow(this, () => this.session);
  }

  static override styles = [
    base,
    controls,
    card,
    css`
      button.gift {
        flex: 1;
      }
      .tip {
        padding-block-end: var(--space-4);
        border-block-end: var(--hair) solid var(--line);
      }
      section > button.primary {
        width: var(--full);
      }
    `,
  ];

  override render() {
    const call = this.session?.state;
    if (!call?.meter) return nothing;
    return html`<div class="stack">
      ${call.role === "payer" ? html`${this.#payIn(call)} ${this.#tip(call)} ${this.#cap(call)}` : nothing}
      ${call.role === "host" ? this.#gift(call) : nothing}
    </div>`;
  }

  #payIn(call: CallState): TemplateResult {
    return html`<section class="stack" data-testid="pay-in">
      <h3>${t.wallet.payIn}</h3>
      <tt-top-up stay .api=${this.api} .currency=${call.meter?.tariff.currency ?? ""}></tt-top-up>
    </section>`;
  }

  #cap(call: CallState): TemplateResult | typeof nothing {
    const meter = call.meter;
    if (!meter) return nothing;
    const { currency, chargeMinor } = read(meter, call.meterAt, drawAt(call, performance.now()));
    return html`
      <section class="stack" data-testid="cap-panel" data-cap=${meter.cap_minor ?? "none"}>
        <p role="status">
          ${meter.cap_minor === null ? t.inCall.cap.noneNow : t.inCall.cap.now(money(meter.cap_minor, currency))}
        </p>
        <tt-cap-field
          .currency=${currency}
          .cap=${meter.cap_minor}
          @tt-cap=${(event: CustomEvent<number | null>) => {
            this.wish = Number.isNaN(event.detail) ? undefined : event.detail;
            this.low = false;
          }}
        ></tt-cap-field>
        ${
          this.low
            ? html`<p class="note bad" role="alert">${t.inCall.cap.tooLow(money(chargeMinor, currency))}</p>`
            : nothing
        }
        <button
          type="button"
          class="primary"
          data-testid="set-cap"
          ?disabled=${this.wish === undefined}
          @click=${() => this.#set(chargeMinor)}
        >
          ${t.inCall.cap.set}
        </button>
      </section>
    `;
  }

  #tip(call: CallState): TemplateResult | typeof nothing {
    if (!call.meter) return nothing;
    const { currency } = read(call.meter, call.meterAt, drawAt(call, performance.now()));
    return html`<section class="stack tip" data-testid="tip-panel">
      <h3>${t.afterCall.tip.inCall}</h3>
      <tt-tip
        .api=${this.api}
        .call=${call.callId}
        .currency=${currency}
        .name=${call.call?.host_name ?? ""}
      ></tt-tip>
    </section>`;
  }

  #gift(call: CallState): TemplateResult {
    return html`
      <section class="stack" data-testid="gift-panel">
        <p class="muted">${t.inCall.gift.text(call.call?.payer_name ?? "")}</p>
        <div class="row">
          ${GIFTS_MIN.map(
            (minutes) => html`<button
              type="button"
              class=${minutes === 5 ? "primary gift" : "gift"}
              data-testid="give-${minutes}"
              @click=${() => this.#give(minutes)}
            >
              ${t.inCall.gift.give(t.inCall.gift.minutes(minutes))}
            </button>`,
          )}
        </div>
      </section>
    `;
  }

  #give(minutes: number): void {
    this.session?.give(minutes * 60_000);
    this.dispatchEvent(new CustomEvent("tt-done"));
  }

  #set(chargeMinor: number): void {
    if (this.wish === undefined) return;
    if (this.wish !== null && this.wish < chargeMinor) {
      this.low = true;
      return;
    }
    this.session?.cap(this.wish);
    this.wish = undefined;
    this.dispatchEvent(new CustomEvent("tt-done"));
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "tt-call-money": CallMoney;
  }
}
