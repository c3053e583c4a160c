/** An expert's day: what it brought so far, the switch, who waits, and the latest calls. */

import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import type { Api } from "../core/api";
import { lastDays } from "../core/days";
import type { Desk } from "../core/desk";
import { words } from "../core/duration";
import { figure } from "../core/figure";
import { money } from "../core/money";
import type { PresenceState } from "../core/presence";
import type { CallSummary, DisputedCall, Earnings } from "../protocol/api";
import { t } from "../strings";
import { desk } from "../styles/desk";
import { base, card, controls } from "../styles/shared";
import "./call-list";
import { icon } from "./icons";
import "./line-list";
import "./office";
import { viewLink } from "./view-link";

const LATEST = 5;

@customElement("tt-desk-today")
export class DeskToday extends LitElement {
  @property({ attribute: false }) desk: Desk | null = null;
  @property({ attribute: false }) api: Api | null = null;
  @property({ attribute: false }) presence: PresenceState | null = null;
  @property({ attribute: false }) calls: readonly CallSummary[] | null = null;
  @property() who = "";
  @state() private earnings: Earnings | null = null;
  @state() private disputes: readonly DisputedCall[] = [];
  @state() private stale = false;
  #of: readonly CallSummary[] | null = null;

  static override styles = [
    base,
    controls,
    card,
    desk,
    css`
      .office {
        display: grid;
        grid-template-columns: var(--columns-split);
        gap: var(--section);
        align-items: start;
      }
      h1 {
        overflow-wrap: anywhere;
      }
    `,
  ];

  override render() {
    const { presence } = this;
    return html`<div class="page">
      <h1>${t.console.today.hello(this.who)}</h1>
      ${this.stale ? this.#trouble() : nothing} ${this.#objections()} ${this.#numbers()}
      <div class="office">
        <tt-office .api=${this.api} .office=${presence?.office ?? null}></tt-office>
        <section class="stack">
          <div class="head">
            <h2>${t.console.today.waiting}</h2>
            ${viewLink(this, "/expert", t.console.today.toLine)}
          </div>
          <tt-line-list .callers=${presence?.line ?? []}></tt-line-list>
        </section>
      </div>
      <section class="stack">
        <div class="head">
          <h2>${t.console.today.latest}</h2>
          ${viewLink(this, "/console/calls", t.console.today.all)}
        </div>
        ${this.#latest()}
      </section>
    </div>`;
  }

  /** Whoever gave no address hears of them here only. */
  #objections(): TemplateResult | typeof nothing {
    const waiting = this.disputes.filter((each) => each.dispute.host_answer === "");
    if (waiting.length === 0) return nothing;
    return html`<div class="note warn" data-testid="objections">
      ${waiting.map(
        (each) => html`<p>
          ${t.afterCall.dispute.waits(each.payer_name, money(each.charge_minor, each.currency))}
          <a href=${`/receipt/${each.call}`}>${t.afterCall.dispute.look}</a>
        </p>`,
      )}
    </div>`;
  }

  #numbers(): TemplateResult {
    const today = this.earnings;
    const numbers = [
      [t.console.today.earned, today ? money(today.total_minor, today.currency) : "–", "today-earned"],
      [t.console.today.calls, today ? figure(today.calls) : "–", "today-calls"],
      [t.console.today.time, today ? words(today.used_ms) : "–", "today-time"],
    ];
    return html`<div class="numbers" aria-busy=${today === null && !this.stale}>
      ${numbers.map(
        ([name, value, id], at) => html`<div class="card ${at === 2 ? "all" : ""}">
          <p class="small muted">${name}</p>
          <p class="figure" data-testid=${id ?? nothing}>${value}</p>
        </div>`,
      )}
    </div>`;
  }

  #latest(): TemplateResult {
    if (this.calls === null) return html`<p class="muted" role="status">${t.loading}</p>`;
    const ended = this.calls.filter((each) => !each.open).slice(0, LATEST);
    if (ended.length === 0)
      return html`<div class="card empty">
        ${icon("phone", "l")}
        <h3>${t.console.calls.empty}</h3>
        <p class="small">${t.console.calls.emptyText}</p>
      </div>`;
    return html`<div class="card">
      <tt-call-list earned beside .calls=${ended} .caption=${t.console.today.latest}></tt-call-list>
    </div>`;
  }

  #trouble(): TemplateResult {
    return html`<div class="note warn" role="alert">
      <p>${t.console.stale}</p>
      <div><button type="button" @click=${() => void this.#load()}>${t.retry}</button></div>
    </div>`;
  }

  override willUpdate(): void {
    // A call that ended meanwhile earned something.
    if (!this.desk || this.#of === this.calls) return;
    this.#of = this.calls;
    void this.#load();
  }

  async #load(): Promise<void> {
    try {
      this.earnings = (await this.desk?.earnings(lastDays(1))) ?? null;
      this.disputes = (await this.desk?.disputes())?.disputes ?? [];
      this.stale = false;
    } catch {
      this.stale = true;
    }
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "tt-desk-today": DeskToday;
  }
}
