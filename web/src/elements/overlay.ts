/** What stands over the stage while there is no call to see: ringing, connecting, on hold, out of funds, offline. */

import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import type { Api } from "../core/api";
import { clock } from "../core/duration";
import { type CallState, drawAt, face, pausedByMe } from "../core/machine";
import { read } from "../core/meter";
import { money } from "../core/money";
import { t } from "../strings";
import { base, controls } from "../styles/shared";
import { type IconName, icon } from "./icons";
import "./pause-why";
import "./raise-cap";
import "./top-up";

/** Attempts after which a reconnection is no longer a hiccup. */
const LONG = 5;

interface Panel {
  readonly testId: string;
  readonly icon: IconName;
  readonly title: string;
  readonly text: string;
  readonly busy?: boolean;
  readonly more?: TemplateResult | typeof nothing;
}

@customElement("tt-overlay")
export class Overlay extends LitElement {
  @property({ attribute: false }) call: CallState | null = null;
  @property({ attribute: false }) api: Api | null = null;
  @state() private tick = 0;
  #timer: ReturnType<typeof setInterval> | undefined;

  static override styles = [
    base,
    controls,
    css`
      :host {
        position: absolute;
        inset: var(--none);
        display: grid;
        place-items: center;
        padding: var(--space-4);
        z-index: var(--layer-overlay);
        pointer-events: none;
      }
      section {
        display: grid;
        justify-items: center;
        gap: var(--space-3);
        width: min(var(--dialog), var(--full));
        max-height: var(--full);
        padding: var(--space-5);
        overflow: auto;
        border: var(--hair) solid var(--line);
        border-radius: var(--radius-l);
        background: var(--glass);
        box-shadow: var(--shadow-l);
        text-align: center;
        pointer-events: auto;
      }
      .sign {
        position: relative;
        display: grid;
        place-items: center;
        padding: var(--space-4);
        border-radius: var(--radius-full);
        background: var(--accent-soft);
        color: var(--accent);
      }
      .sign.busy::after {
        content: "";
        position: absolute;
        inset: var(--none);
        border: var(--hair) solid var(--accent);
        border-radius: inherit;
        animation: ring var(--pulse) var(--repeat) ease-out;
      }
      @keyframes ring {
        to {
          transform: scale(1.6);
          opacity: 0;
        }
      }
      ul {
        display: grid;
        gap: var(--space-2);
        padding-inline-start: var(--space-5);
        list-style: disc;
        text-align: start;
      }
      blockquote {
        margin: var(--none);
        padding: var(--space-2) var(--space-4);
        border-radius: var(--radius-m);
        background: var(--sunken);
        overflow-wrap: anywhere;
      }
      tt-top-up {
        width: var(--full);
      }
      .count {
        font-size: var(--text-2xl);
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
    const panel = this.call && this.#panel(this.call);
    if (!panel) return nothing;
    return html`
      <section data-testid=${panel.testId} aria-labelledby="title">
        <span class="sign ${panel.busy ? "busy" : "still"}">${icon(panel.icon, "l")}</span>
        <h2 id="title">${panel.title}</h2>
        ${panel.text ? html`<p class="muted">${panel.text}</p>` : nothing} ${panel.more ?? nothing}
        <span class="hidden" role="status">${panel.title}</span>
      </section>
    `;
  }

  #panel(call: CallState): Panel | null {
    const { payer_name = "", host_name = "" } = call.call ?? {};
    const other = call.role === "host" ? payer_name : host_name;
    if (call.leaving)
      return { testId: "leaving", icon: "hangup", title: t.call.leaving, text: "", busy: true };
    switch (face(call)) {
      case "joining":
        return {
          testId: "joining",
          icon: "phone",
          title: t.ringing.joining,
          text: t.ringing.connectingText,
          busy: true,
        };
      case "ringing":
        return {
          testId: "ringing",
          icon: "phone",
          title: t.ringing.title(host_name),
          text: t.ringing.text,
          busy: true,
          more: html`<button type="button" class="danger large" data-testid="cancel-call" @click=${this.#cancel}>
            ${icon("hangup")} ${t.ringing.cancel}
          </button>`,
        };
      case "connecting":
        return {
          testId: "connecting",
          icon: "phone",
          title: t.ringing.connecting(other),
          text: t.ringing.connectingText,
          busy: true,
        };
      case "reconnecting":
        return this.#reconnecting(call);
      case "blocked":
        return {
          testId: "blocked",
          icon: "wifi",
          title: t.call.blocked,
          text: t.call.blockedText,
          more: html`<ul class="small">
            ${t.call.blockedSteps.map((step) => html`<li>${step}</li>`)}
          </ul>`,
        };
      case "soft_landing":
        return this.#softLanding(call, payer_name);
      default:
        return call.meter?.state === "paused" ? this.#onHold(call) : null;
    }
  }

  #reconnecting(call: CallState): Panel | null {
    // Whom one still hears and sees is not to be covered; the room says it in a line above.
    if (call.media === "up") return null;
    const long = call.attempt > LONG;
    return {
      testId: "reconnecting",
      icon: "wifi",
      title: call.stopping ? t.call.restarting : t.call.reconnecting,
      text: call.stopping ? t.call.restartingText : long ? t.call.reconnectingLong : t.call.reconnectingText,
      busy: true,
      more:
        call.link === "up"
          ? nothing
          : html`<button type="button" data-testid="retry-now" @click=${this.#retry}>${t.call.tryNow}</button>`,
    };
  }

  #onHold(call: CallState): Panel {
    const { payer_name = "", host_name = "" } = call.call ?? {};
    const note = call.meter?.pause_note ?? "";
    return {
      testId: "on-hold",
      icon: "pause",
      title: t.meter.why(call.meter?.why ?? "both_paused", call.role, payer_name, host_name),
      text: t.call.holdText,
      more: html`
        ${note ? html`<blockquote data-testid="pause-note">${t.inCall.pause.said(note)}</blockquote>` : nothing}
        ${pausedByMe(call) ? html`<tt-pause-why .note=${note}></tt-pause-why>` : nothing}
      `,
    };
  }

  #softLanding(call: CallState, payer: string): Panel {
    const meter = call.meter;
    if (!meter || meter.why === "ledger_silent")
      return {
        testId: "soft-landing",
        icon: "wallet",
        title: t.funds.ledger,
        text: t.funds.ledgerText,
        busy: true,
      };
    const { softLeftMs, currency } = read(meter, call.meterAt, drawAt(call, performance.now()));
    const count =
      softLeftMs === null
        ? nothing
        : html`<p class="count figures" data-testid="soft-left" data-ms=${softLeftMs}>
          ${t.funds.softLeft(clock(softLeftMs))}
        </p>`;
    if (meter.why === "cap") return this.#capReached(call, payer, count);
    if (call.role !== "payer")
      return {
        testId: "soft-landing",
        icon: "wallet",
        title: t.funds.softOther(payer),
        text: t.funds.softOtherText(payer),
        more: count,
      };
    return {
      testId: "soft-landing",
      icon: "wallet",
      title: t.funds.softTitle,
      text: t.funds.softText,
      more: html`${count}
        <tt-top-up stay .api=${this.api} .currency=${currency}></tt-top-up>`,
    };
  }

  #capReached(call: CallState, payer: string, count: TemplateResult | typeof nothing): Panel {
    const cap = call.meter?.cap_minor ?? null;
    const currency = call.meter?.tariff.currency ?? "";
    if (call.role !== "payer" || cap === null)
      return {
        testId: "soft-landing",
        icon: "wallet",
        title: t.inCall.cap.reachedOther(payer),
        text: t.inCall.cap.reachedOtherText(payer),
        more: count,
      };
    return {
      testId: "soft-landing",
      icon: "wallet",
      title: t.inCall.cap.reached(money(cap, currency)),
      text: t.inCall.cap.reachedText,
      more: html`${count}<tt-raise-cap .currency=${currency} .cap=${cap}></tt-raise-cap>`,
    };
  }

  #cancel = (): void => {
    this.dispatchEvent(new CustomEvent("tt-cancel"));
  };

  #retry = (): void => {
    this.dispatchEvent(new CustomEvent("tt-retry"));
  };
}

declare global {
  interface HTMLElementTagNameMap {
    "tt-overlay": Overlay;
  }
}
