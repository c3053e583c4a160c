/** A banner while the balance is short: how long it lasts, and one tap to prolong. */

import { css, html, LitElement, nothing } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import type { Api } from "../core/api";
import { clock } from "../core/duration";
import { type CallState, drawAt } from "../core/machine";
import { read } from "../core/meter";
import { money } from "../core/money";
import { t } from "../strings";
import { base } from "../styles/shared";
import { icon } from "./icons";
import "./raise-cap";
import "./top-up";

@customElement("tt-low-balance")
export class LowBalance extends LitElement {
  @property({ attribute: false }) call: CallState | null = null;
  @property({ attribute: false }) api: Api | null = null;
  @state() private tick = 0;
  #timer: ReturnType<typeof setInterval> | undefined;

  static override styles = [
    base,
    css`
      section {
        display: grid;
        grid-template-columns: var(--banner-columns);
        align-items: center;
        gap: var(--space-3);
        padding: var(--space-2) var(--space-3);
        padding-inline-start: var(--space-4);
        border: var(--hair) solid var(--warn-line);
        border-radius: var(--radius-l);
        background: var(--warn-soft);
        color: var(--warn-ink);
        box-shadow: var(--shadow-m);
      }
      .icon {
        display: var(--wide-only);
      }
      p {
        font-size: var(--text-s);
        line-height: var(--leading-tight);
      }
      strong {
        display: block;
        font-size: var(--text-m);
        font-weight: var(--weight-strong);
      }
    `,
  ];

  override connectedCallback(): void {
    super.connectedCallback();
    this.#timer = setInterval(() => this.tick++, 250);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearInterval(this.#timer);
  }

  override render() {
    void this.tick;
    const call = this.call;
    if (!call?.meter) return nothing;
    const { leftMs, currency, capMinor, capBinds } = read(
      call.meter,
      call.meterAt,
      drawAt(call, performance.now()),
    );
    if (capBinds && capMinor !== null) {
      const words = t.inCall.cap.near(money(capMinor, currency), clock(leftMs ?? 0));
      return html`
        <section aria-label=${t.inCall.cap.label} data-testid="near-cap">
          ${icon("clock")}
          <p class="figures"><strong>${words}</strong>${t.inCall.cap.nearText}</p>
          <tt-raise-cap brief .currency=${currency} .cap=${capMinor}></tt-raise-cap>
        </section>
      `;
    }
    return html`
      <section aria-label=${t.funds.topUp} data-testid="low-balance">
        ${icon("clock")}
        <p class="figures">
          <strong>${t.funds.low(clock(leftMs ?? 0))}</strong>
          ${t.funds.lowText}
        </p>
        <tt-top-up brief stay .api=${this.api} .currency=${currency}></tt-top-up>
      </section>
    `;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "tt-low-balance": LowBalance;
  }
}
