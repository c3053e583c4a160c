/** Objections to charges: what both say, the meter's log, and the decision. Those that wait come first. */

import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import { type Api, Refusal, UNREACHABLE } from "../core/api";
import { words as lengthOf } from "../core/duration";
import type { House } from "../core/house";
import { moment } from "../core/moment";
import { money } from "../core/money";
import type { DisputedCall, Receipt } from "../protocol/api";
import { t } from "../strings";
import { desk } from "../styles/desk";
import { base, card, controls } from "../styles/shared";
import "./decide-dispute";
import { icon } from "./icons";
import "./meter-log";

@customElement("tt-house-disputes")
export class HouseDisputes extends LitElement {
  @property({ attribute: false }) house: House | null = null;
  @property({ attribute: false }) api: Api | null = null;
  @state() private disputes: readonly DisputedCall[] | null = null;
  @state() private logs: ReadonlyMap<string, Receipt> = new Map();
  @state() private problem = "";

  static override styles = [
    base,
    controls,
    card,
    desk,
    css`
      .list,
      .list > li {
        display: grid;
        grid-template-columns: minmax(0, 1fr);
        gap: var(--space-4);
      }
      h2,
      blockquote {
        overflow-wrap: anywhere;
      }
      .head h2 {
        min-width: var(--none);
      }
      .state {
        color: var(--muted);
        font-size: var(--text-s);
        font-weight: var(--weight-medium);
      }
      .state.open {
        color: var(--warn-ink);
      }
      blockquote {
        display: grid;
        gap: var(--space-1);
        margin: var(--none);
        padding-inline-start: var(--space-3);
        border-inline-start: var(--focus) solid var(--line);
        white-space: pre-line;
      }
    `,
  ];

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#load();
  }

  override render() {
    return html`<div class="page">
      <h1>${t.house.disputes.title}</h1>
      ${
        this.problem
          ? html`<div class="note warn" role="alert">
              <p>${t.house.stale}</p>
              <div><button type="button" @click=${() => void this.#load()}>${t.retry}</button></div>
            </div>`
          : nothing
      }
      ${this.#list()}
    </div>`;
  }

  #list(): TemplateResult | typeof nothing {
    const { disputes } = this;
    if (disputes === null)
      return this.problem ? nothing : html`<p class="muted loading" role="status">${t.loading}</p>`;
    if (disputes.length === 0)
      return html`<div class="card empty" data-testid="no-disputes">
        ${icon("check", "l")}
        <h2>${t.house.disputes.none}</h2>
        <p class="small">${t.house.disputes.noneText}</p>
      </div>`;
    return html`<ul class="list">
      ${repeat(
        disputes,
        (each) => each.call,
        (each) => this.#one(each),
      )}
    </ul>`;
  }

  #one(each: DisputedCall): TemplateResult {
    const words = t.house.disputes;
    const { dispute, currency } = each;
    const open = dispute.state === "open";
    const said = (who: string, at: string, text: string): TemplateResult | typeof nothing =>
      text
        ? html`<blockquote><span class="small muted">${who} · ${moment(at)}</span>${text}</blockquote>`
        : nothing;
    const left = each.charge_minor - each.refunded_minor;
    return html`<li class="card" data-testid="disputed" data-call=${each.call} data-state=${dispute.state}>
      <div class="head">
        <div>
          <h2>${words.between(each.payer_name, each.host_name)}</h2>
          <p class="small muted figures">
            ${words.ended(moment(each.ended_at), lengthOf(each.used_ms), money(each.charge_minor, currency))}
          </p>
        </div>
        <p class="state ${open ? "open" : ""}">${open ? words.waits : words.states[dispute.state]}</p>
      </div>
      ${said(words.said(each.payer_name), dispute.opened_at, dispute.reason)}
      ${said(words.said(each.host_name), dispute.answered_at, dispute.host_answer)}
      ${said(words.decided, dispute.decided_at, dispute.decision)}
      ${
        each.refunded_minor > 0
          ? html`<p class="small figures" data-testid="came-back">
              ${words.refunded(money(each.refunded_minor, currency))}
            </p>`
          : nothing
      }
      ${this.#log(each)}
      ${
        open
          ? html`<tt-decide-dispute
              .house=${this.house}
              .call=${each.call}
              .currency=${currency}
              .most=${left}
              @tt-decided=${() => void this.#load()}
            ></tt-decide-dispute>`
          : nothing
      }
    </li>`;
  }

  #log(each: DisputedCall): TemplateResult {
    const receipt = this.logs.get(each.call);
    const words = t.house.disputes;
    return html`${
      receipt
        ? html`<tt-meter-log open .receipt=${receipt}></tt-meter-log>`
        : html`<div class="row">
            <button type="button" data-testid="load-log" @click=${() => void this.#show(each.call)}>
              ${icon("clock", "s")} ${words.loadLog}
            </button>
            <a href=${`/receipt/${each.call}`}
              >${words.receipt}<span class="hidden">: ${words.between(each.payer_name, each.host_name)}</span></a
            >
          </div>`
    }`;
  }

  async #show(call: string): Promise<void> {
    try {
      const receipt = await this.api?.receipt(call);
      if (receipt) this.logs = new Map([...this.logs, [call, receipt]]);
    } catch (error) {
      this.problem = error instanceof Refusal ? error.code : UNREACHABLE;
    }
  }

  async #load(): Promise<void> {
    try {
      this.disputes = (await this.house?.disputes())?.disputes ?? [];
      this.problem = "";
    } catch (error) {
      this.problem = error instanceof Refusal ? error.code : UNREACHABLE;
    }
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "tt-house-disputes": HouseDisputes;
  }
}
