/** Earnings as columns. A picture with one sentence for who does not see it; the page has the table beside it. */

import { css, html, LitElement, nothing, svg, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { axisOf, type Column, columnsOf } from "../core/columns";
import { shortDay } from "../core/days";
import { money } from "../core/money";
import type { Earnings } from "../protocol/api";
import { t } from "../strings";
import { base } from "../styles/shared";

/** The picture's own units: a column is STEP wide and the axis TALL high. */
const STEP = 10;
const BAR = 7;
const TALL = 100;

@customElement("tt-earnings-chart")
export class EarningsChart extends LitElement {
  @property({ attribute: false }) earnings: Earnings | null = null;

  static override styles = [
    base,
    css`
      figure {
        display: grid;
        grid-template-columns: auto minmax(0, 1fr);
        gap: var(--space-1) var(--space-3);
      }
      svg {
        width: var(--full);
        height: var(--chart);
      }
      .scale {
        display: grid;
        align-content: space-between;
        justify-items: end;
      }
      .scale,
      .days {
        color: var(--muted);
        font-size: var(--text-xs);
        font-variant-numeric: tabular-nums;
        line-height: 1;
      }
      .days {
        grid-column: 2;
        display: flex;
        justify-content: space-between;
        gap: var(--space-2);
      }
      .gain {
        fill: var(--accent);
      }
      .loss {
        fill: var(--danger);
      }
      .column:hover {
        fill: var(--accent-soft);
      }
      .column {
        fill: var(--clear);
      }
      line {
        stroke: var(--line);
        stroke-width: var(--hair);
        vector-effect: non-scaling-stroke;
      }
    `,
  ];

  override render() {
    const { earnings } = this;
    if (!earnings) return nothing;
    const columns = columnsOf(earnings.days);
    const { currency } = earnings;
    const { top, bottom } = axisOf(columns);
    const best = columns.reduce((most, each) => (each.minor > most.minor ? each : most), columns[0] ?? EMPTY);
    const told = t.console.earnings.chart(money(earnings.total_minor, currency), label(best, currency));
    const y = (minor: number): number => ((top - minor) * TALL) / (top - bottom);
    return html`<figure>
      <div class="scale" aria-hidden="true">
        <span>${money(top, currency)}</span>
        ${bottom < 0 ? nothing : html`<span>${money(top / 2, currency)}</span>`}
        <span>${money(bottom, currency)}</span>
      </div>
      <svg
        role="img"
        aria-label=${told}
        viewBox=${`0 0 ${columns.length * STEP} ${TALL}`}
        preserveAspectRatio="none"
        data-testid="earnings-chart"
      >
        ${[top, bottom < 0 ? 0 : top / 2, bottom].map(
          (each) => svg`<line x1="0" x2=${columns.length * STEP} y1=${y(each)} y2=${y(each)}></line>`,
        )}
        ${columns.map((each, at) => this.#column(each, at, y, currency))}
      </svg>
      ${this.#days(columns)}
    </figure>`;
  }

  #column(each: Column, at: number, y: (minor: number) => number, currency: string): TemplateResult {
    const [from, to] = [y(Math.max(each.minor, 0)), y(Math.min(each.minor, 0))];
    return svg`<g data-testid="column" data-minor=${each.minor}>
      <rect class="column" x=${at * STEP} y="0" width=${STEP} height=${TALL}></rect>
      <rect
        class=${each.minor < 0 ? "loss" : "gain"}
        x=${at * STEP + (STEP - BAR) / 2}
        y=${from}
        width=${BAR}
        height=${to - from}
        pointer-events="none"
      ></rect>
      <title>${label(each, currency)}</title>
    </g>`;
  }

  #days(columns: readonly Column[]): TemplateResult {
    const shown = columns.length > 2 ? [0, Math.floor((columns.length - 1) / 2), columns.length - 1] : [0];
    return html`<div class="days" aria-hidden="true">
      ${shown.map((at) => html`<span>${shortDay(columns[at]?.first ?? "")}</span>`)}
    </div>`;
  }
}

const EMPTY: Column = { first: "", last: "", minor: 0, calls: 0 };

function label(column: Column, currency: string): string {
  const [first, last] = [shortDay(column.first), shortDay(column.last)];
  const days = column.first === column.last ? first : t.console.earnings.from(first, last);
  return t.console.earnings.column(days, money(column.minor, currency), column.calls);
}

declare global {
  interface HTMLElementTagNameMap {
    "tt-earnings-chart": EarningsChart;
  }
}
