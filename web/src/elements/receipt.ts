/** A receipt as a document: what was metered and why, how that became money, and how to verify it. */

import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import type { Api } from "../core/api";
import { exact } from "../core/duration";
import { fully, timeOfDay } from "../core/moment";
import { money } from "../core/money";
import { conditions, headline } from "../core/price";
import type { AfterCall, Receipt, ReceiptInterval } from "../protocol/api";
import { t } from "../strings";
import { base, card, controls } from "../styles/shared";
import { table } from "../styles/table";
import "./after-call";
import "./chat-log";
import { icon } from "./icons";
import "./meter-log";

@customElement("tt-receipt")
export class ReceiptElement extends LitElement {
  @property({ attribute: false }) receipt: Receipt | null = null;
  /** Of the one who reads it: with it, what came after the call is shown, and what may still be done. */
  @property({ attribute: false }) api: Api | null = null;
  @state() private since: AfterCall | null = null;

  static override styles = [
    base,
    controls,
    card,
    table,
    css`
      article {
        display: grid;
        gap: var(--section);
      }
      .head {
        display: flex;
        flex-wrap: wrap;
        align-items: start;
        justify-content: space-between;
        gap: var(--space-4);
      }
      .head > div:first-child {
        display: grid;
        gap: var(--space-1);
      }
      .facts dd {
        overflow-wrap: anywhere;
        min-width: var(--none);
      }
      .sums {
        display: grid;
        gap: var(--space-3);
      }
      .sums .total {
        padding-block: var(--space-3);
        border-block: var(--hair) solid var(--line);
        font-size: var(--text-xl);
      }
      .sums .total:last-child {
        padding-block-end: var(--none);
        border-block-end: none;
      }
      .sums dd {
        overflow-wrap: normal;
        white-space: nowrap;
      }
      .sums .total dt {
        color: var(--ink);
        font-weight: var(--weight-strong);
      }
      .sums .total dd {
        font-weight: var(--weight-strong);
      }
      tfoot > tr > * {
        border-block-end: none;
        border-block-start: var(--hair) solid var(--line-strong);
        font-weight: var(--weight-strong);
      }
      code,
      pre {
        font-family: var(--font-code);
        font-size: var(--text-xs);
        overflow-wrap: anywhere;
        white-space: pre-wrap;
      }
      pre {
        margin: var(--none);
        padding: var(--space-3) var(--space-4);
        border-radius: var(--radius-m);
        background: var(--sunken);
      }
      .codes {
        display: grid;
        gap: var(--space-2);
      }
      .codes dt {
        font-size: var(--text-xs);
        color: var(--muted);
      }
      .codes dd {
        min-width: var(--none);
        line-height: var(--leading-tight);
      }
      @media print {
        .actions {
          display: none;
        }
        .card {
          padding: var(--none);
          border: none;
          box-shadow: none;
        }
        section,
        tr {
          break-inside: avoid;
        }
        pre {
          padding: var(--none);
        }
      }
    `,
  ];

  override render() {
    const receipt = this.receipt;
    if (!receipt) return nothing;
    return html`
      <article data-testid="receipt" data-call=${receipt.call_id}>
        <div class="head">
          <div>
            <h1>${t.receipt.title}</h1>
            <p class="muted">${t.receipt.forCall(receipt.payer_name, receipt.host_name)}</p>
          </div>
          <div class="row actions">
            <button type="button" data-testid="print" @click=${() => window.print()}>
              ${icon("print", "s")} ${t.receipt.print}
            </button>
            <button type="button" data-testid="download" @click=${() => download(receipt)}>
              ${icon("download", "s")} ${t.receipt.download}
            </button>
          </div>
        </div>
        ${this.#sums(receipt)} ${this.#since(receipt)} ${this.#after(receipt)} ${this.#intervals(receipt)}
        <tt-meter-log .receipt=${receipt} ?open=${this.since?.dispute?.state === "open"}></tt-meter-log>
        ${this.#facts(receipt)} ${this.#verify(receipt)}
      </article>
    `;
  }

  #sums(receipt: Receipt): TemplateResult {
    const { currency, tariff } = receipt;
    const line = (label: string, value: string, testId = ""): TemplateResult =>
      html`<div><dt>${label}</dt><dd data-testid=${testId || nothing}>${value}</dd></div>`;
    const amount = (label: string, minor: number | null, testId: string): TemplateResult | typeof nothing =>
      minor === null ? nothing : line(label, money(minor, currency), testId);
    const earned = receipt.earned_minor;
    return html`<section class="card">
      <dl class="facts sums">
        ${line(t.receipt.used, exact(receipt.used_ms), "receipt-used")}
        ${tariff.free_ms > 0 ? line(t.receipt.free, exact(Math.min(tariff.free_ms, receipt.used_ms))) : nothing}
        ${receipt.gifted_ms > 0 ? line(t.inCall.gift.receipt, exact(receipt.gifted_ms), "receipt-gifted") : nothing}
        ${line(t.receipt.billed, exact(receipt.billed_ms), "receipt-billed")}
        ${line(t.receipt.tariff, headline(tariff))}
        <div class="total">
          <dt>${earned === null ? t.receipt.charge : t.receipt.earned}</dt>
          <dd data-testid="receipt-total" data-minor=${earned ?? receipt.charge_minor}>
            ${money(earned ?? receipt.charge_minor, currency)}
          </dd>
        </div>
        ${earned === null ? nothing : line(t.receipt.charge, money(receipt.charge_minor, currency))}
        ${amount(t.receipt.before, receipt.balance_before_minor, "receipt-before")}
        ${
          receipt.topped_up_minor
            ? amount(t.receipt.toppedUp, receipt.topped_up_minor, "receipt-topped-up")
            : nothing
        }
        ${this.#others(receipt)} ${amount(t.receipt.after, receipt.balance_after_minor, "receipt-after")}
      </dl>
    </section>`;
  }

  /** What was given and given back since; the receipt itself stays what was signed. */
  #since({ currency, charge_minor, earned_minor }: Receipt): TemplateResult | typeof nothing {
    const { since } = this;
    if (!since || (since.tips.length === 0 && since.refunds.length === 0)) return nothing;
    const mine = earned_minor !== null;
    const words = t.afterCall;
    const tipped = since.tips.reduce((sum, each) => sum + each.amount_minor, 0);
    const back = mine ? since.refunds.reduce((sum, each) => sum + each.host_minor, 0) : since.refunded_minor;
    const net = mine ? earned_minor - back + tipped : charge_minor - back + tipped;
    const by = (giver: "host" | "operator"): string =>
      mine && giver === "host" ? words.refund.byYou : words.refund.by[giver];
    return html`<section class="card stack" data-testid="receipt-since">
      <h2>${words.refund.since}</h2>
      <dl class="facts sums">
        ${since.refunds.map(
          (each) => html`<div>
            <dt>
              ${by(each.by)}
              ${
                each.reason && each.reason !== since.dispute?.decision
                  ? html`<span class="small">· “${each.reason}”</span>`
                  : nothing
              }
            </dt>
            <dd data-testid="receipt-refund">−${money(mine ? each.host_minor : each.amount_minor, currency)}</dd>
          </div>`,
        )}
        ${
          tipped > 0
            ? html`<div><dt>${words.tip.sum}</dt><dd data-testid="receipt-tip">${money(tipped, currency)}</dd></div>`
            : nothing
        }
        <div class="total">
          <dt>${mine ? words.refund.hostNet : words.refund.net}</dt>
          <dd data-testid="receipt-net" data-minor=${net}>${money(net, currency)}</dd>
        </div>
      </dl>
    </section>`;
  }

  #after(receipt: Receipt): TemplateResult | typeof nothing {
    if (!this.api) return nothing;
    const host = receipt.copy === "host";
    return html`<tt-chat-log
        class="actions"
        .api=${this.api}
        .call=${receipt.call_id}
        .side=${host ? "host" : "payer"}
        .name=${host ? receipt.payer_name : receipt.host_name}
      ></tt-chat-log><tt-after-call
      class="actions"
      .api=${this.api}
      .call=${receipt.call_id}
      .payer=${receipt.payer_name}
      .host=${receipt.host_name}
      @tt-after=${(event: CustomEvent<AfterCall>) => {
        this.since = event.detail;
      }}
    ></tt-after-call>`;
  }

  /** Another call on the same wallet may have moved money meanwhile; without this line the sum would not add up. */
  #others(receipt: Receipt): TemplateResult | typeof nothing {
    const { balance_before_minor: before, balance_after_minor: after, topped_up_minor: added } = receipt;
    if (before === null || after === null) return nothing;
    const rest = after - (before + (added ?? 0) - receipt.charge_minor);
    if (rest === 0) return nothing;
    return html`<div><dt>${t.receipt.otherCalls}</dt><dd>${money(rest, receipt.currency)}</dd></div>`;
  }

  #intervals(receipt: Receipt): TemplateResult {
    const { intervals, payer_name, host_name } = receipt;
    return html`<section class="stack">
      <h2>${t.receipt.intervals}</h2>
      ${
        intervals.length === 0
          ? html`<p class="card muted">${t.receipt.none}</p>`
          : html`<div class="card">
            <table>
              <thead>
                <tr>
                  <th scope="col">${t.receipt.from}</th>
                  <th scope="col" class="wide">${t.receipt.began}</th>
                  <th scope="col" class="wide">${t.receipt.to}</th>
                  <th scope="col" class="wide">${t.receipt.stopped}</th>
                  <th scope="col" class="number">${t.receipt.length}</th>
                </tr>
              </thead>
              <tbody>
                ${intervals.map((each) => this.#interval(each, payer_name, host_name))}
              </tbody>
              <tfoot>
                <tr>
                  <th scope="row">${t.receipt.sum}</th>
                  <td class="wide" colspan="3"></td>
                  <td class="number" data-testid="receipt-sum">
                    ${exact(intervals.reduce((sum, each) => sum + each.duration_ms, 0))}
                  </td>
                </tr>
              </tfoot>
            </table>
          </div>`
      }
    </section>`;
  }

  #interval(each: ReceiptInterval, payer: string, host: string): TemplateResult {
    const [from, to] = [timeOfDay(each.started_at), timeOfDay(each.ended_at)];
    const began = t.receipt.begin[each.begin_reason] ?? each.begin_reason;
    const why = t.receipt.end(each.end_reason, payer, host);
    const stopped = each.end_note ? `${why} (${each.end_note})` : why;
    return html`<tr data-testid="receipt-interval">
      <td class="figures">
        ${from}
        <span class="narrow muted">${began}</span>
        <span class="narrow">${to}</span>
        <span class="narrow muted">${stopped}</span>
      </td>
      <td class="wide muted">${began}</td>
      <td class="wide figures">${to}</td>
      <td class="wide muted">${stopped}</td>
      <td class="number">${exact(each.duration_ms)}</td>
    </tr>`;
  }

  #facts(receipt: Receipt): TemplateResult {
    const { payer_name, host_name } = receipt;
    const reason = t.receipt.end(receipt.reason, payer_name, host_name);
    return html`<section class="card stack">
      <dl class="facts">
        <div><dt>${t.receipt.opened}</dt><dd>${fully(receipt.opened_at)}</dd></div>
        <div><dt>${t.receipt.closed}</dt><dd>${fully(receipt.ended_at)}</dd></div>
        <div><dt>${t.receipt.reason}</dt><dd data-testid="receipt-reason">${reason}</dd></div>
        <div><dt>${t.receipt.number}</dt><dd><code>${receipt.call_id}</code></dd></div>
      </dl>
      <p class="small muted">${[...conditions(receipt.tariff), t.receipt.rounding].join(" ")}</p>
    </section>`;
  }

  #verify(receipt: Receipt): TemplateResult {
    return html`<section class="card stack">
      <h2>${t.receipt.verify}</h2>
      <p class="muted">${t.receipt.verifyText}</p>
      <pre>talktime verify ${fileName(receipt)}</pre>
      <dl class="codes">
        <div><dt>${t.receipt.signature}</dt><dd><code>${receipt.signature}</code></dd></div>
        <div><dt>${t.receipt.key}</dt><dd><code>${receipt.public_key}</code></dd></div>
        <div><dt>${t.receipt.chain}</dt><dd><code>${receipt.chain_head}</code></dd></div>
      </dl>
    </section>`;
  }
}

function fileName(receipt: Receipt): string {
  return `receipt-${receipt.call_id}.json`;
}

function download(receipt: Receipt): void {
  const url = URL.createObjectURL(new Blob([JSON.stringify(receipt, null, 2)], { type: "application/json" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = fileName(receipt);
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

declare global {
  interface HTMLElementTagNameMap {
    "tt-receipt": ReceiptElement;
  }
}
