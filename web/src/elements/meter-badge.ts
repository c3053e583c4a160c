/**
 * The meter on the screen: a state, the reason, the time and the money. It ticks by itself from the last view;
 * screen readers hear of changes of state only, never of the ticking.
 */

import { css, html, LitElement, nothing } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { clock } from "../core/duration";
import { type CallState, drawAt } from "../core/machine";
import { type Reading, read } from "../core/meter";
import { money } from "../core/money";
import { type Side, t } from "../strings";
import { base } from "../styles/shared";

const TICK_MS = 200;

@customElement("tt-meter-badge")
export class MeterBadge extends LitElement {
  @property({ attribute: false }) call: CallState | null = null;
  @state() private tick = 0;
  #timer: ReturnType<typeof setInterval> | undefined;

  static override styles = [
    base,
    css`
      .badge {
        display: flex;
        align-items: center;
        gap: var(--space-3);
        padding: var(--space-2) var(--space-4);
        border: var(--hair) solid var(--line);
        border-radius: var(--radius-l);
        background: var(--glass);
        min-height: var(--control);
      }
      .dot {
        flex: none;
        width: var(--dot);
        height: var(--dot);
        border-radius: var(--radius-full);
        background: var(--muted);
      }
      [data-state="running"] .dot {
        background: var(--accent);
        animation: beat var(--pulse) var(--repeat) ease-in-out;
      }
      [data-tone="warn"] .dot {
        background: var(--warn-ink);
      }
      [data-tone="warn"] {
        border-color: var(--warn-line);
      }
      @keyframes beat {
        50% {
          opacity: 0.35;
        }
      }
      .words {
        flex: 1;
        min-width: var(--none);
        line-height: var(--leading-tight);
      }
      .why {
        font-size: var(--text-s);
        font-weight: var(--weight-medium);
        overflow-wrap: anywhere;
      }
      [data-tone="warn"] .why {
        color: var(--warn-ink);
      }
      .time {
        font-size: var(--text-xs);
        color: var(--muted);
      }
      .money {
        text-align: end;
        line-height: var(--leading-tight);
      }
      .amount {
        min-width: var(--badge-figure);
        font-size: var(--text-xl);
        font-weight: var(--weight-strong);
        letter-spacing: var(--tracking-tight);
      }
      .kind {
        font-size: var(--text-xs);
        color: var(--muted);
      }
    `,
  ];

  override connectedCallback(): void {
    super.connectedCallback();
    this.#timer = setInterval(() => this.tick++, TICK_MS);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearInterval(this.#timer);
  }

  override render() {
    void this.tick;
    const call = this.call;
    if (!call?.meter) return nothing;
    const reading = read(call.meter, call.meterAt, drawAt(call, performance.now()));
    const stopped = call.stoppedAt !== null && reading.state === "running";
    const shown = stopped ? "reconnecting" : reading.state;
    const why = stopped ? t.meter.youLost : whyOf(call, reading);
    const warn = stopped || shown === "reconnecting" || shown === "exhausted" || reading.low;
    const earns = reading.earnedMinor !== null;
    const amount = reading.earnedMinor ?? reading.chargeMinor;
    return html`
      <section
        class="badge"
        data-state=${shown}
        data-why=${reading.why}
        data-tone=${warn ? "warn" : "calm"}
        data-testid="meter"
        aria-label=${t.meter.label}
      >
        <span class="dot"></span>
        <div class="words">
          <div class="why figures" data-testid="meter-why">${why}</div>
          <div class="time figures" data-testid="meter-time" data-ms=${reading.usedMs}>
            <span class="hidden">${t.meter.time}</span> ${clock(reading.usedMs)}
          </div>
        </div>
        <div class="money" ?hidden=${call.role === "guest"}>
          <div
            class="amount figures"
            data-testid=${earns ? "meter-earned" : "meter-cost"}
            data-minor=${amount}
          >
            ${money(amount, reading.currency)}
          </div>
          <div class="kind">${earns ? t.meter.earned : t.meter.cost}</div>
        </div>
        <span class="hidden" role="status">${stopped ? t.meter.youLost : spoken(call, reading)}</span>
      </section>
    `;
  }
}

/** Payer and host by the view; a guest is neither. */
export function sideOf(call: CallState): Side {
  return call.role;
}

function whyOf(call: CallState, reading: Reading): string {
  const { payer_name = "", host_name = "" } = call.call ?? {};
  if (reading.why === "gift") return t.inCall.gift.left(clock(reading.giftLeftMs));
  if (reading.why === "free") return t.meter.freeLeft(clock(reading.freeLeftMs));
  if (reading.why === "running" && reading.leftMs !== null && reading.leftMs < 3_600_000)
    return t.meter.left(clock(reading.leftMs));
  return t.meter.why(reading.why, sideOf(call), payer_name, host_name);
}

/** The same without figures, so that it changes only when the state does. */
function spoken(call: CallState, reading: Reading): string {
  if (reading.why === "gift") return t.inCall.gift.spoken;
  if (reading.why === "free") return t.meter.freeSpoken;
  if (reading.why === "running") return reading.low ? t.meter.lowSpoken : t.meter.runningSpoken;
  return whyOf(call, reading);
}

declare global {
  interface HTMLElementTagNameMap {
    "tt-meter-badge": MeterBadge;
  }
}
