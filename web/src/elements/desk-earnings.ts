/** What an expert earned: sums, a chart by day, by offer, and the same as a table. */

import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { Refusal, UNREACHABLE } from "../core/api";
import { lastDays, shortDay } from "../core/days";
import type { Desk } from "../core/desk";
import { words } from "../core/duration";
import { figure } from "../core/figure";
import { money } from "../core/money";
import type { Earnings } from "../protocol/api";
import { t } from "../strings";
import { desk } from "../styles/desk";
import { base, card, controls } from "../styles/shared";
import { table } from "../styles/table";
import "./earnings-chart";
import { icon } from "./icons";

const SPANS = [7, 30, 90, 365];

@customElement("tt-desk-earnings")
export class DeskEarnings extends LitElement {
  @property({ attribute: false }) desk: Desk | null = null;
  @state() private days = 30;
  @state() private earnings: Earnings | null = null;
  @state() private problem = "";
  @state() private loading = true;
  #asked = 0;

  static override styles = [
    base,
    controls,
    card,
    table,
    desk,
    css`
      .chart {
        display: grid;
        gap: var(--space-4);
      }
      summary {
        min-height: var(--touch);
        padding-block: var(--space-3);
        color: var(--accent);
        cursor: pointer;
      }
      tfoot > tr > * {
        border-block-end: none;
        border-block-start: var(--hair) solid var(--line-strong);
        font-weight: var(--weight-strong);
      }
      rect {
        fill: var(--sunken);
      }
      .part {
        fill: var(--accent);
      }
      .bar {
        width: var(--full);
        height: var(--level-height);
        margin-block-start: var(--space-2);
        border-radius: var(--radius-full);
      }
    `,
  ];

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#load();
  }

  override render() {
    const words = t.console.earnings;
    return html`<div class="page">
      <div class="head">
        <h1>${words.title}</h1>
        <div class="choices" role="group" aria-label=${words.span}>
          ${SPANS.map(
            (each) => html`<button
              type="button"
              aria-pressed=${each === this.days}
              data-testid="span"
              data-days=${each}
              @click=${() => this.#choose(each)}
            >
              ${words.days(each)}
            </button>`,
          )}
        </div>
      </div>
      ${this.problem ? this.#trouble() : nothing} ${this.earnings ? this.#all(this.earnings) : this.#wait()}
    </div>`;
  }

  #wait(): TemplateResult | typeof nothing {
    return this.problem ? nothing : html`<p class="muted loading" role="status">${t.loading}</p>`;
  }

  #trouble(): TemplateResult {
    return html`<div class="note warn" role="alert">
      <p>${t.console.stale}</p>
      <div><button type="button" @click=${() => void this.#load()}>${t.retry}</button></div>
    </div>`;
  }

  #all(earnings: Earnings): TemplateResult {
    const { currency } = earnings;
    const sums = [
      [t.console.earnings.earned, money(earnings.total_minor, currency), "earned"],
      [t.console.earnings.calls, figure(earnings.calls), "calls"],
      [t.console.earnings.time, words(earnings.used_ms), "time"],
    ];
    const quiet = earnings.days.every((each) => each.earned_minor === 0 && each.calls === 0);
    return html`<div class="page" aria-busy=${this.loading}>
      <div class="numbers">
        ${sums.map(
          ([name, value, id], at) => html`<div class="card ${at === 2 ? "all" : ""}">
            <p class="small muted">${name}</p>
            <p class="figure" data-testid=${`sum-${id}`} data-minor=${id === "earned" ? earnings.total_minor : nothing}>${value}</p>
          </div>`,
        )}
      </div>
      ${quiet ? this.#empty() : html`${this.#chart(earnings)} ${this.#offers(earnings)}`}
      <p class="small muted">${t.console.earnings.exact(earnings.zone)}</p>
    </div>`;
  }

  #empty(): TemplateResult {
    return html`<div class="card empty" data-testid="no-earnings">
      ${icon("wallet", "l")}
      <h2>${t.console.earnings.empty}</h2>
      <p class="small">${t.console.earnings.emptyText}</p>
    </div>`;
  }

  #chart(earnings: Earnings): TemplateResult {
    return html`<section class="card chart">
      <h2>${t.console.earnings.byDay}</h2>
      <tt-earnings-chart .earnings=${earnings}></tt-earnings-chart>
      <details>
        <summary data-testid="as-table">${t.console.earnings.asTable}</summary>
        ${this.#table(
          t.console.earnings.byDay,
          t.console.earnings.day,
          earnings,
          earnings.days
            .filter((each) => each.earned_minor !== 0 || each.calls > 0)
            .map((each) => ({ ...each, title: shortDay(each.day) })),
        )}
        <p class="small muted">${t.console.earnings.quiet}</p>
      </details>
    </section>`;
  }

  #offers(earnings: Earnings): TemplateResult {
    const rows = earnings.offers.map((each) => ({
      ...each,
      title: each.title || t.console.earnings.otherOffer,
    }));
    return html`<section class="card chart">
      <h2>${t.console.earnings.byOffer}</h2>
      ${this.#table(t.console.earnings.byOffer, t.console.earnings.offer, earnings, rows, true)}
    </section>`;
  }

  #table(
    caption: string,
    head: string,
    earnings: Earnings,
    rows: readonly { title: string; calls: number; used_ms: number; earned_minor: number }[],
    bars = false,
  ): TemplateResult {
    const { currency } = earnings;
    const most = Math.max(1, ...rows.map((each) => each.earned_minor));
    const sum = rows.reduce((all, each) => all + each.earned_minor, 0);
    return html`<table>
      <caption class="hidden">${caption}</caption>
      <thead>
        <tr>
          <th scope="col">${head}</th>
          <th scope="col" class="number">${t.console.earnings.calls}</th>
          <th scope="col" class="number wide">${t.console.earnings.time}</th>
          <th scope="col" class="number">${t.console.earnings.earned}</th>
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (each) => html`<tr data-testid="earnings-row">
            <th scope="row" class="name">
              ${each.title} ${bars ? this.#bar(Math.max(0, each.earned_minor), most) : nothing}
            </th>
            <td class="number">${figure(each.calls)}</td>
            <td class="number wide">${words(each.used_ms)}</td>
            <td class="number strong">${money(each.earned_minor, currency)}</td>
          </tr>`,
        )}
      </tbody>
      <tfoot>
        <tr>
          <th scope="row">${t.console.earnings.sum}</th>
          <td class="number">${figure(earnings.calls)}</td>
          <td class="number wide">${words(earnings.used_ms)}</td>
          <td class="number" data-testid="table-sum" data-minor=${sum}>${money(sum, currency)}</td>
        </tr>
      </tfoot>
    </table>`;
  }

  #bar(minor: number, most: number): TemplateResult {
    return html`<svg class="bar" viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true">
      <rect width="100" height="1"></rect>
      <rect class="part" width=${(minor * 100) / most} height="1"></rect>
    </svg>`;
  }

  #choose(days: number): void {
    this.days = days;
    void this.#load();
  }

  async #load(): Promise<void> {
    const { desk } = this;
    if (!desk) return;
    const asked = ++this.#asked;
    this.loading = true;
    try {
      const earnings = await desk.earnings(lastDays(this.days));
      if (asked !== this.#asked) return;
      [this.earnings, this.problem] = [earnings, ""];
    } catch (error) {
      if (asked !== this.#asked) return;
      this.problem = error instanceof Refusal ? error.code : UNREACHABLE;
    }
    this.loading = false;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "tt-desk-earnings": DeskEarnings;
  }
}
