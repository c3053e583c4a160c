/** Calls as a table that turns into cards on a phone. */

import { css, html, LitElement, nothing } from "lit";
import { customElement, property } from "lit/decorators.js";
import { words } from "../core/duration";
import { moment } from "../core/moment";
import { money } from "../core/money";
import type { CallSummary } from "../protocol/api";
import type { EndReason } from "../protocol/messages";
import { t } from "../strings";
import { base } from "../styles/shared";
import { table } from "../styles/table";

@customElement("tt-call-list")
export class CallList extends LitElement {
  @property({ attribute: false }) calls: readonly CallSummary[] = [];
  /** What the amount is: the host's earnings, else the charge. */
  @property({ type: Boolean }) earned = false;
  @property() caption = "";
  /** Receipts open in a new tab: this page is where one is live. */
  @property({ type: Boolean }) beside = false;

  static override styles = [
    base,
    table,
    css`
      .when {
        white-space: nowrap;
      }
      .back {
        display: block;
        font-weight: normal;
      }
    `,
  ];

  override render() {
    return html`
      <table>
        <caption class="hidden">${this.caption}</caption>
        <thead>
          <tr>
            <th scope="col">${this.earned ? t.expert.who : t.operator.expert}</th>
            <th scope="col" class="wide">${t.expert.when}</th>
            <th scope="col" class="wide">${t.operator.reason}</th>
            <th scope="col" class="number wide">${t.expert.length}</th>
            <th scope="col" class="number">${this.earned ? t.expert.earned : t.operator.charge}</th>
            <th scope="col"><span class="hidden">${t.expert.receipt}</span></th>
          </tr>
        </thead>
        <tbody>
          ${this.calls.map((call) => this.#row(call))}
        </tbody>
      </table>
    `;
  }

  #row(call: CallSummary) {
    const when = call.open ? t.expert.running : moment(call.opened_at);
    const reason = t.ended.brief[call.reason as EndReason] ?? call.reason;
    return html`<tr data-testid="call-row" data-call=${call.id}>
      <th scope="row">
        ${call.with_name}
        <span class="narrow small muted"
          >${when}${call.open ? "" : html` · <span class="when">${words(call.used_ms)}</span>`}</span
        >
      </th>
      <td class="wide when">${when}</td>
      <td class="wide muted">${call.open ? "" : reason}</td>
      <td class="number wide">${words(call.used_ms)}</td>
      <td class="number strong">
        ${money(call.amount_minor, call.currency)}${
          call.refunded_minor
            ? html`<span class="back small muted" data-testid="refunded">${t.expert.back(money(call.refunded_minor, call.currency))}</span>`
            : nothing
        }
      </td>
      <td class="number">
        ${
          call.open
            ? ""
            : html`<a
                href=${`/receipt/${call.id}`}
                target=${this.beside ? "_blank" : nothing}
                rel=${this.beside ? "opener" : nothing}
                >${t.expert.receipt}<span class="hidden">
                  ${call.with_name}, ${moment(call.opened_at)}${this.beside ? `, ${t.desk.newTab}` : ""}</span
                ></a
              >`
        }
      </td>
    </tr>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "tt-call-list": CallList;
  }
}
