/** How good the connection is: bars, with words as soon as it is not, and the figures behind them on a tap. */

import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { figure } from "../core/figure";
import { type Verdict, verdict } from "../core/quality";
import type { QualityMessage, Role, SideQuality } from "../protocol/messages";
import { t } from "../strings";
import { base, card, controls } from "../styles/shared";

const BARS = { good: 3, fair: 2, weak: 1 } as const;

@customElement("tt-quality")
export class Quality extends LitElement {
  @property({ attribute: false }) told: QualityMessage | null = null;
  @property() side: Role = "payer";
  /** With whom one talks. */
  @property() other = "";
  @state() private open = false;

  static override styles = [
    base,
    controls,
    card,
    css`
      :host {
        position: absolute;
        inset-block: var(--quality-top) var(--quality-bottom);
        inset-inline-start: var(--space-2);
        display: grid;
        justify-items: start;
        gap: var(--space-2);
        max-width: calc(var(--full) - 2 * var(--space-2));
        z-index: var(--layer-tile);
      }
      button {
        gap: var(--space-2);
        min-height: var(--touch);
        padding: var(--space-2) var(--space-3);
        background: var(--glass);
        border-color: var(--line);
        font-size: var(--text-s);
      }
      [data-level="weak"] {
        border-color: var(--warn-line);
        color: var(--warn-ink);
      }
      .bars {
        display: flex;
        align-items: end;
        gap: var(--space-0);
        height: var(--icon-s);
      }
      i {
        width: var(--space-1);
        border-radius: var(--space-0);
        background: currentColor;
        opacity: 0.25;
      }
      i.on {
        opacity: 1;
      }
      i:nth-child(1) {
        height: var(--bar-s);
      }
      i:nth-child(2) {
        height: var(--bar-m);
      }
      i:nth-child(3) {
        height: var(--full);
      }
      .details {
        order: var(--quality-order);
        padding: var(--space-3) var(--space-4);
        border: var(--hair) solid var(--line);
        border-radius: var(--radius-m);
        background: var(--glass);
        font-size: var(--text-s);
      }
      th,
      td {
        padding: var(--space-1) var(--space-2);
        text-align: start;
        font-weight: var(--weight);
        font-variant-numeric: tabular-nums;
      }
      thead th {
        font-weight: var(--weight-medium);
      }
    `,
  ];

  override render() {
    const now = verdict(this.told, this.side);
    if (!now) return nothing;
    const words = wordsOf(now);
    return html`
      <button
        type="button"
        data-testid="quality"
        data-level=${now.level}
        data-whose=${now.whose}
        aria-label=${t.quality.label(words)}
        aria-expanded=${this.open}
        @click=${() => {
          this.open = !this.open;
        }}
      >
        <span class="bars" aria-hidden="true">
          ${[1, 2, 3].map((bar) => html`<i class=${bar <= BARS[now.level] ? "on" : "off"}></i>`)}
        </span>
        ${now.level === "good" ? nothing : html`<span>${words}</span>`}
      </button>
      ${now.whose === "none" ? nothing : html`<span class="hidden" role="status">${words}</span>`}
      ${this.open ? this.#details(now) : nothing}
    `;
  }

  #details({ mine, theirs }: Verdict): TemplateResult {
    const row = (name: string, of: (side: SideQuality) => string): TemplateResult =>
      html`<tr>
        <th scope="row" class="muted">${name}</th>
        <td>${mine ? of(mine) : t.quality.unknown}</td>
        <td>${theirs ? of(theirs) : t.quality.unknown}</td>
      </tr>`;
    return html`<div class="details" data-testid="quality-details">
      <table aria-label=${t.quality.title}>
        <thead>
          <tr>
            <td></td>
            <th scope="col">${t.quality.you}</th>
            <th scope="col">${this.other}</th>
          </tr>
        </thead>
        <tbody>
          ${row(t.quality.title, (side) => t.quality.levels[side.level])}
          ${row(t.quality.lost, (side) => t.quality.percent(t.quality.ways(share(side.loss_up_permille), share(side.loss_down_permille))))}
          ${row(t.quality.rtt, (side) => t.quality.ms(whole(side.rtt_ms)))}
          ${row(t.quality.jitter, (side) => t.quality.ms(whole(side.jitter_ms)))}
          ${row(t.quality.rate, (side) => t.quality.kbps(whole(side.up_kbps), whole(side.down_kbps)))}
        </tbody>
      </table>
    </div>`;
  }
}

function wordsOf({ level, whose }: Verdict): string {
  return whose === "none" ? t.quality.levels[level] : t.quality[whose];
}

function whole(value: number | null): string {
  return value === null ? t.quality.unknown : figure(value);
}

function share(permille: number | null): string {
  return permille === null ? t.quality.unknown : figure(permille / 10, 1);
}

declare global {
  interface HTMLElementTagNameMap {
    "tt-quality": Quality;
  }
}
