/** Every event of a receipt's chain, in order: what the meter recorded, and when, and why. */

import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { exact } from "../core/duration";
import { timeOfDay } from "../core/moment";
import type { Receipt, ReceiptEvent } from "../protocol/api";
import { t } from "../strings";
import { base, card } from "../styles/shared";
import { table } from "../styles/table";

@customElement("tt-meter-log")
export class MeterLog extends LitElement {
  @property({ attribute: false }) receipt: Receipt | null = null;
  /** Shown at once, for those who look into an objection. */
  @property({ type: Boolean }) open = false;

  static override styles = [
    base,
    card,
    table,
    css`
      summary {
        padding-block: var(--space-1);
        font-size: var(--text-xl);
        font-weight: var(--weight-strong);
        cursor: pointer;
      }
      .stack {
        display: grid;
        grid-template-columns: minmax(0, 1fr);
        gap: var(--space-3);
      }
      thead .number {
        white-space: normal;
      }
      /* On paper nothing opens. */
      @media print {
        details:not([open]) {
          display: none;
        }
        .card {
          padding: var(--none);
          border: none;
          box-shadow: none;
        }
        summary {
          list-style: none;
        }
        tr {
          break-inside: avoid;
        }
      }
    `,
  ];

  override render() {
    const receipt = this.receipt;
    if (!receipt || receipt.events.length === 0) return nothing;
    const words = t.afterCall.log;
    return html`<details class="card" data-testid="meter-log" ?open=${this.open}>
      <summary>${words.title}</summary>
      <div class="stack">
        <p class="muted small">${words.text}</p>
        <table>
          <thead>
            <tr>
              <th scope="col">${words.when}</th>
              <th scope="col">${words.what}</th>
              <th scope="col" class="wide">${words.why}</th>
              <th scope="col" class="number">${words.used}</th>
            </tr>
          </thead>
          <tbody>
            ${receipt.events.map((each) => this.#row(each, receipt))}
          </tbody>
        </table>
      </div>
    </details>`;
  }

  #row(event: ReceiptEvent, receipt: Receipt): TemplateResult {
    const why = this.#why(event, receipt);
    return html`<tr data-testid="meter-event">
      <td class="figures">${timeOfDay(event.at)}</td>
      <td>${t.afterCall.log.events[event.event]}<span class="narrow muted">${why}</span></td>
      <td class="wide muted">${why}</td>
      <td class="number">${exact(event.used_ms)}</td>
    </tr>`;
  }

  #why(event: ReceiptEvent, { payer_name, host_name }: Receipt): string {
    switch (event.event) {
      case "began":
        return t.receipt.begin[event.reason] ?? event.reason;
      case "gift":
        return t.inCall.gift.event(exact(event.gift_ms));
      case "stopped": {
        const why = t.receipt.end(event.reason, payer_name, host_name);
        return event.note ? `${why} (${event.note})` : why;
      }
    }
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "tt-meter-log": MeterLog;
  }
}
