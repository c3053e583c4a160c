/** What happens on this server now, and whether the books are in order. Fires `tt-refused` with the code of a refusal. */

import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { type Api, Refusal } from "../core/api";
import { clock } from "../core/duration";
import { moment } from "../core/moment";
import { money } from "../core/money";
import { headline } from "../core/price";
import { pause } from "../core/timers";
import type { LiveCall, OperatorOverview } from "../protocol/api";
import type { MeterState, MeterWhy } from "../protocol/messages";
import { t } from "../strings";
import { base, card, controls } from "../styles/shared";
import { table } from "../styles/table";
import "./call-list";
import "./dialog";
import type { Dialog } from "./dialog";
import { icon } from "./icons";

const LOOK_MS = 2_000;

@customElement("tt-house-live")
export class HouseLive extends LitElement {
  @state() private overview: OperatorOverview | null = null;
  @property({ attribute: false }) api: Api | null = null;
  @state() private stale = false;
  @state() private asked: LiveCall | null = null;
  @state() private shown: LiveCall | null = null;

  static override styles = [
    base,
    controls,
    card,
    table,
    css`
      .page {
        display: grid;
        gap: var(--section);
      }
      .numbers {
        display: grid;
        grid-template-columns: var(--columns-three);
        gap: var(--space-4);
      }
      .figure {
        font-size: var(--figure);
        font-weight: var(--weight-strong);
        line-height: var(--leading-tight);
      }
      .all {
        grid-column: var(--span-rest);
      }
      .books {
        display: flex;
        align-items: center;
        gap: var(--space-2);
        font-size: var(--text-l);
        font-weight: var(--weight-strong);
      }
      .good {
        color: var(--accent);
      }
      .bad {
        color: var(--danger-ink);
      }
      .empty {
        text-align: center;
        padding-block: var(--space-6);
        color: var(--muted);
      }
      .breaches {
        display: grid;
        gap: var(--space-2);
        font-family: var(--font-code);
        font-size: var(--text-xs);
        overflow-wrap: anywhere;
      }
      .loading {
        padding-block: var(--space-7);
        text-align: center;
      }
      .acts {
        display: flex;
        flex-wrap: wrap;
        justify-content: flex-end;
        gap: var(--space-2);
      }
      .facts dd,
      tbody th {
        overflow-wrap: anywhere;
      }
      td button {
        min-height: var(--none);
        padding: var(--space-1) var(--space-3);
        font-size: var(--text-s);
      }
    `,
  ];

  override connectedCallback(): void {
    super.connectedCallback();
    if (this.api) void this.#watch(this.api);
  }

  override render(): TemplateResult {
    const overview = this.overview;
    if (!overview) return html`<p class="muted loading" role="status">${t.loading}</p>`;
    return html`
      <div class="page">
        <h1>${t.operator.title}</h1>
        ${this.stale ? html`<p class="note warn" role="status">${t.operator.stale}</p>` : nothing}
        <div class="numbers">
          <section class="card">
            <p class="small muted">${t.operator.callsNow}</p>
            <p class="figure figures" data-testid="calls-now">${overview.live.length}</p>
          </section>
          <section class="card">
            <p class="small muted">${t.operator.experts}</p>
            <p class="figure figures" data-testid="experts-online">${overview.experts_online}</p>
          </section>
          ${this.#books(overview)}
        </div>
        <section class="stack">
          <h2>${t.operator.live}</h2>
          <div class="card">${this.#live(overview)}</div>
        </section>
        <section class="stack">
          <h2>${t.operator.recent}</h2>
          <div class="card">
            ${
              overview.recent.length === 0
                ? html`<div class="empty">
                  <h3>${t.operator.noRecent}</h3>
                  <p class="small">${t.operator.noRecentText}</p>
                </div>`
                : html`<tt-call-list .calls=${overview.recent} .caption=${t.operator.recent}></tt-call-list>`
            }
          </div>
        </section>
      </div>
      ${this.#ask()} ${this.#meter(overview)}
    `;
  }

  /** What a meter does at this moment; it goes on as the page looks again. */
  #meter(overview: OperatorOverview): TemplateResult | typeof nothing {
    const shown = this.shown;
    if (!shown) return nothing;
    const live = overview.live.find((each) => each.call.id === shown.call.id);
    const { call } = shown;
    const words = t.house.meter;
    const state = live?.meter_state ?? "ended";
    const last = live ?? shown;
    const fact = (name: string, value: string, testId = ""): TemplateResult =>
      html`<div><dt>${name}</dt><dd data-testid=${testId || nothing}>${value}</dd></div>`;
    return html`<tt-dialog
      .heading=${words.lookAt(call.payer_name, call.host_name)}
      @tt-close=${() => {
        this.shown = null;
      }}
    >
      <dl class="facts" data-testid="meter-facts" data-state=${state}>
        ${fact(words.state, words.states[state] ?? state)}
        ${live ? fact(t.operator.state, this.#why(live)) : nothing}
        ${fact(words.used, clock(last.used_ms), "meter-used")}
        ${fact(words.charge, money(last.charge_minor, call.tariff.currency), "meter-charge")}
        ${fact(words.tariff, headline(call.tariff))} ${fact(words.kind, words.media[call.media])}
        ${fact(words.opened, moment(call.created_at))} ${fact(words.number, call.id)}
      </dl>
    </tt-dialog>`;
  }

  #why(live: LiveCall): string {
    const { call } = live;
    return t.meter.why(live.meter_why as MeterWhy, "guest", call.payer_name, call.host_name);
  }

  #books(overview: OperatorOverview): TemplateResult {
    const good = overview.breaches.length === 0;
    return html`<section class="card all" data-testid="books" data-state=${good ? "balanced" : "breached"}>
      <p class="small muted">${t.operator.books}</p>
      <p class="books ${good ? "good" : "bad"}">
        ${icon(good ? "check" : "warn")}
        ${good ? t.operator.balanced : t.operator.breached(overview.breaches.length)}
      </p>
      ${
        good
          ? html`<p class="small muted">${t.operator.balancedText}</p>`
          : html`<ul class="breaches">
            ${overview.breaches.map((each) => html`<li>${each}</li>`)}
          </ul>`
      }
    </section>`;
  }

  #live(overview: OperatorOverview): TemplateResult {
    if (overview.live.length === 0)
      return html`<div class="empty">
        <h3>${t.operator.noLive}</h3>
        <p class="small">${t.operator.noLiveText}</p>
      </div>`;
    return html`<table>
      <caption class="hidden">${t.operator.live}</caption>
      <thead>
        <tr>
          <th scope="col">${t.operator.who}</th>
          <th scope="col" class="wide">${t.operator.state}</th>
          <th scope="col" class="number">${t.operator.time}</th>
          <th scope="col" class="number">${t.operator.charge}</th>
          <th scope="col"><span class="hidden">${t.operator.end}</span></th>
        </tr>
      </thead>
      <tbody>
        ${overview.live.map((each) => this.#row(each))}
      </tbody>
    </table>`;
  }

  #row(live: LiveCall): TemplateResult {
    const { call } = live;
    const why = this.#why(live);
    return html`<tr data-testid="live-row" data-call=${call.id} data-state=${live.meter_state as MeterState}>
      <th scope="row">
        ${call.payer_name} → ${call.host_name}
        <span class="narrow small muted">${why}</span>
      </th>
      <td class="wide">${why}</td>
      <td class="number">${clock(live.used_ms)}</td>
      <td class="number strong">${money(live.charge_minor, call.tariff.currency)}</td>
      <td class="number acts">
        <button
          type="button"
          data-testid="look-at-meter"
          @click=${() => {
            this.shown = live;
          }}
        >
          ${t.house.meter.look}
        </button>
        <button
          type="button"
          data-testid="end-call"
          @click=${() => {
            this.asked = live;
          }}
        >
          ${t.operator.end}
        </button>
      </td>
    </tr>`;
  }

  #ask(): TemplateResult | typeof nothing {
    const call = this.asked?.call;
    if (!call) return nothing;
    return html`<tt-dialog
      .heading=${t.operator.endAsk(call.payer_name, call.host_name)}
      @tt-close=${() => {
        this.asked = null;
      }}
    >
      <div class="stack">
        <p class="muted">${t.operator.endText}</p>
        <div class="row">
          <button type="button" class="danger" data-testid="end-call-confirm" @click=${() => void this.#end(call.id)}>
            ${t.operator.end}
          </button>
          <button type="button" @click=${() => this.renderRoot.querySelector<Dialog>("tt-dialog")?.close()}>
            ${t.operator.keep}
          </button>
        </div>
      </div>
    </tt-dialog>`;
  }

  async #end(id: string): Promise<void> {
    this.renderRoot.querySelector<Dialog>("tt-dialog")?.close();
    try {
      await this.api?.endCall(id);
    } finally {
      if (this.api) await this.#look(this.api);
    }
  }

  async #watch(api: Api): Promise<void> {
    while (this.isConnected) {
      if (document.visibilityState === "visible" || !this.overview) await this.#look(api);
      await pause(LOOK_MS);
    }
  }

  async #look(api: Api): Promise<void> {
    try {
      this.overview = await api.overview();
      this.stale = false;
    } catch (error) {
      if (error instanceof Refusal && !error.passing)
        this.dispatchEvent(new CustomEvent<string>("tt-refused", { detail: error.code }));
      this.stale = true;
    }
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "tt-house-live": HouseLive;
  }
}
