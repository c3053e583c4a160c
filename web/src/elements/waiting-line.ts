/** A caller in line: which number, how long it may take, at what price; and when it is their turn, to begin. */

import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import type { Api } from "../core/api";
import { clock, words } from "../core/duration";
import { soon } from "../core/moment";
import { money } from "../core/money";
import { conditions, headline } from "../core/price";
import { affordable } from "../core/tariff";
import type { VisitView, WaitingState } from "../core/waiting";
import type { Me, Wallet } from "../protocol/api";
import type { PlaceView } from "../protocol/messages";
import { t } from "../strings";
import { base, card, controls } from "../styles/shared";
import { icon } from "./icons";
import "./notice";
import "./sign-in";
import "./top-up";

@customElement("tt-waiting-line")
export class WaitingLine extends LitElement {
  @property({ attribute: false }) visit: VisitView | null = null;
  @property({ attribute: false }) api: Api | null = null;
  @property({ attribute: false }) wallet: Wallet | null = null;
  /** The call is being made. */
  @property({ type: Boolean }) starting = false;
  @property() refusal = "";
  /** Where the caller is told when this page is closed; empty: nowhere. */
  @property() address = "";
  @state() private adding = false;
  @state() private tick = 0;
  @state() private paying = false;
  #timer: ReturnType<typeof setInterval> | undefined;

  static override styles = [
    base,
    controls,
    card,
    css`
      .line {
        display: grid;
        gap: var(--section);
      }
      .number {
        font-size: var(--text-3xl);
        font-weight: var(--weight-strong);
        letter-spacing: var(--tracking-tight);
        line-height: var(--leading-tight);
      }
      .closing {
        display: grid;
        justify-items: start;
        gap: var(--space-2);
      }
      .closing .card {
        display: grid;
        gap: var(--space-4);
        width: var(--full);
      }
      .closing button.quiet {
        margin-inline-start: calc(-1 * var(--space-4));
      }
      blockquote {
        margin: var(--none);
        overflow-wrap: anywhere;
      }
      .turn {
        border-color: var(--accent);
        box-shadow: var(--shadow-l);
      }
      section {
        display: grid;
        gap: var(--space-4);
      }
      .actions {
        display: flex;
        flex-wrap: wrap;
        gap: var(--space-3);
      }
      .actions > * {
        flex: 1 1 auto;
      }
    `,
  ];

  override connectedCallback(): void {
    super.connectedCallback();
    this.#timer = setInterval(() => this.tick++, 1000);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearInterval(this.#timer);
  }

  override render() {
    void this.tick;
    const visit = this.visit;
    const waiting = visit?.state;
    if (!waiting) return nothing;
    const { place, phase } = waiting;
    if (phase === "ended") return this.#over(place);
    return html`
      <div class="line" data-testid="line" data-state=${place.state} data-position=${place.position}>
        <h1>${t.line.title(place.host_name)}</h1>
        ${phase === "lost" ? html`<p class="note warn" role="status" data-testid="line-lost">${t.line.lost}</p>` : nothing}
        ${
          visit.note
            ? html`<blockquote class="note" data-testid="line-note">
              <span class="small muted">${t.ended.note(place.host_name)}</span>
              <span>${visit.note}</span>
            </blockquote>`
            : nothing
        }
        ${place.state === "waiting" ? this.#wait(waiting) : this.#turn(waiting, visit.poor)}
        <div class="actions">
          ${
            visit.alerts === "default"
              ? html`<button type="button" data-testid="alerts" @click=${() => this.#emit("tt-alerts")}>
                ${icon("bell", "s")} ${t.line.alerts}
              </button>`
              : nothing
          }
          <button
            type="button"
            class="quiet"
            data-testid="leave-line"
            ?disabled=${visit.leaving || this.starting}
            @click=${() => this.#emit("tt-leave-line")}
          >
            ${visit.leaving ? t.line.leaving : t.line.leave}
          </button>
        </div>
        ${this.#closing(visit.alerts)}
      </div>
    `;
  }

  /** What happens when the page is closed, and how to be called back then. */
  #closing(alerts: VisitView["alerts"]): TemplateResult {
    const keep = alerts === "granted" ? t.line.alertsOn : t.line.keep;
    if (this.address)
      return html`<p class="small muted" data-testid="closing">${keep} ${t.line.mail(this.address)}</p>`;
    return html`<div class="closing">
      <p class="small muted" data-testid="closing">${keep} ${t.line.noMail}</p>
      ${
        this.adding
          ? html`<section class="card">
              <p>${t.line.leaveAddressText}</p>
              <tt-sign-in attach .api=${this.api} @tt-signed-in=${this.#added}></tt-sign-in>
            </section>`
          : html`<button
              type="button"
              class="quiet"
              data-testid="leave-address"
              @click=${() => {
                this.adding = true;
              }}
            >
              ${t.line.leaveAddress}
            </button>`
      }
    </div>`;
  }

  #added = (event: CustomEvent<Me>): void => {
    this.address = event.detail.address;
    this.adding = false;
  };

  #wait({ place, at }: WaitingState): TemplateResult {
    const left = place.wait_ms - (performance.now() - at);
    const known = place.host !== "away";
    return html`
      <section class="card" aria-live="polite">
        ${place.asleep ? html`<p class="note warn" data-testid="asleep">${t.line.asleep}</p>` : nothing}
        <div>
          <p class="number" data-testid="position">
            ${place.position === 1 ? t.line.next : t.line.position(place.position)}
          </p>
          <p class="muted">${t.line.host[place.host](place.host_name)}</p>
          ${place.back_at ? html`<p class="muted small">${t.line.backAt(soon(place.back_at))}</p>` : nothing}
          ${known ? nothing : html`<p class="muted small">${t.line.awayText}</p>`}
        </div>
        <dl class="facts">
          <div>
            <dt>${t.line.wait}</dt>
            <dd data-testid="wait">${known ? aboutWait(left) : t.line.unknown}</dd>
          </div>
          <div>
            <dt>${t.line.price}</dt>
            <dd data-testid="locked-price">${headline(place.tariff)}</dd>
          </div>
        </dl>
        <p class="small muted">${[t.line.locked, ...conditions(place.tariff)].join(" ")}</p>
        ${this.wallet && this.#isPoor(place, this.wallet) ? this.#topUp(this.wallet, t.line.poor) : nothing}
      </section>
      ${this.wallet && !this.#isPoor(place, this.wallet) ? this.#funds(this.wallet, place) : nothing}
    `;
  }

  /** What waiting is good for: to fill the wallet before it is one's turn. */
  #funds(wallet: Wallet, place: PlaceView): TemplateResult {
    const lasts = affordable(place.tariff, wallet.available_minor);
    return html`<section class="card" data-testid="line-funds">
      <dl class="facts">
        <div>
          <dt>${t.wallet.balance}</dt>
          <dd data-testid="line-balance">
            ${money(wallet.available_minor, wallet.currency)}${
              Number.isFinite(lasts) ? ` · ${t.caller.lasts(words(lasts))}` : nothing
            }
          </dd>
        </div>
      </dl>
      ${
        this.paying
          ? html`<tt-top-up stay .api=${this.api} .currency=${wallet.currency}></tt-top-up>`
          : html`<button
            type="button"
            data-testid="line-pay-in"
            @click=${() => {
              this.paying = true;
            }}
          >
            ${icon("wallet", "s")} ${t.wallet.payIn}
          </button>`
      }
    </section>`;
  }

  #turn({ place, at }: WaitingState, poor: boolean): TemplateResult {
    if (place.state === "ringing" && !this.starting)
      return html`<section class="card" role="status">
        <h2>${t.line.ringing(place.host_name)}</h2>
        <p class="muted">${t.line.ringingText}</p>
      </section>`;
    const left = Math.max(0, place.reserved_left_ms - (performance.now() - at));
    return html`
      <section class="card turn" data-testid="turn">
        <div role="alert">
          <h2>${t.line.turn(place.host_name)}</h2>
          ${
            poor
              ? nothing
              : html`<p class="muted figures">${this.starting ? t.line.beginning : t.line.turnText(clock(left))}</p>`
          }
        </div>
        ${poor && this.wallet ? this.#topUp(this.wallet, t.line.topUpText(clock(left))) : nothing}
        ${this.refusal ? html`<p class="note bad" role="alert" data-testid="refusal">${this.refusal}</p>` : nothing}
        ${
          poor
            ? nothing
            : html`<button
              type="button"
              class="primary large"
              data-testid="begin"
              ?disabled=${this.starting}
              @click=${() => this.#emit("tt-begin")}
            >
              ${icon(place.media === "voice" ? "phone" : "camera")} ${t.line.begin}
            </button>`
        }
      </section>
    `;
  }

  /** As long as whoever rings could not hear a second of the call. */
  #isPoor(place: PlaceView, wallet: Wallet): boolean {
    return affordable(place.tariff, wallet.available_minor) < 1_000;
  }

  #topUp(wallet: Wallet, why: string): TemplateResult {
    return html`
      <div class="note warn" data-testid="poor">
        <strong>${t.line.topUpFirst}</strong>
        <span class="small figures">${why}</span>
      </div>
      <tt-top-up stay .api=${this.api} .currency=${wallet.currency}></tt-top-up>
    `;
  }

  #over(place: PlaceView): TemplateResult {
    const why = place.why ?? "expired";
    return html`<tt-notice
      icon="clock"
      .heading=${t.line.over}
      .text=${t.line.why[why](place.host_name)}
      data-testid="line-over"
      data-why=${why}
    >
      <button type="button" class="primary large" data-testid="line-again" @click=${() => this.#emit("tt-line-over")}>
        ${t.line.again}
      </button>
    </tt-notice>`;
  }

  #emit(type: string): void {
    this.dispatchEvent(new CustomEvent(type));
  }
}

/** A predicted wait in whole minutes: what is not known to the second shall not look as if it were. */
export function aboutWait(ms: number): string {
  return ms < 30_000 ? t.line.soon : t.line.about(words(Math.ceil(ms / 60_000) * 60_000));
}

declare global {
  interface HTMLElementTagNameMap {
    "tt-waiting-line": WaitingLine;
  }
}
