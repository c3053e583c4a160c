/** A wallet's statement: what moved in a span of days, the newest first, and the same as a file. */

import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import type { Account } from "../core/account";
import { Refusal, UNREACHABLE } from "../core/api";
import { ownZone, type Span, shortDay } from "../core/days";
import { save } from "../core/desk";
import { moment } from "../core/moment";
import { money } from "../core/money";
import { PRESETS, type Preset, spanOf } from "../core/statement";
import type { StatementEntry, WalletStatement } from "../protocol/api";
import { t } from "../strings";
import { account } from "../styles/account";
import { base, card, controls } from "../styles/shared";
import { table } from "../styles/table";
import { icon } from "./icons";

const MOST_ROWS = 200;

@customElement("tt-account-statement")
export class AccountStatement extends LitElement {
  @property({ attribute: false }) account: Account | null = null;
  @state() private preset: Preset | null = "month";
  @state() private span: Span = spanOf("month");
  @state() private statement: WalletStatement | null = null;
  @state() private problem = "";
  @state() private wrong = false;
  @state() private saving = false;
  @state() private loading = true;
  #asked = 0;

  static override styles = [
    base,
    controls,
    card,
    table,
    account,
    css`
      form {
        display: grid;
        grid-template-columns: var(--columns-facts);
        align-items: end;
        gap: var(--space-3);
      }
      form button {
        grid-column: 1 / -1;
        justify-self: start;
      }
      .spans {
        display: flex;
        flex-wrap: wrap;
        gap: var(--space-2);
      }
      .spans button[aria-pressed="true"] {
        border-color: var(--accent);
        background: var(--accent-soft);
        color: var(--accent-strong);
      }
      .sum > * {
        font-weight: var(--weight-strong);
      }
      .sum .narrow {
        font-weight: inherit;
      }
      .when {
        white-space: nowrap;
      }
      .in {
        color: var(--accent);
      }
    `,
  ];

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#load();
  }

  override render(): TemplateResult {
    const words = t.account.statement;
    return html`<div class="page">
      <div class="stack">
        <h1>${words.title}</h1>
        <p class="muted">${words.lead}</p>
      </div>
      <section class="card">
        <div class="spans" role="group" aria-label=${words.spans}>
          ${PRESETS.map(
            (each) => html`<button
              type="button"
              data-testid=${`span-${each}`}
              aria-pressed=${each === this.preset}
              @click=${() => this.#choose(spanOf(each), each)}
            >
              ${words.presets[each]}
            </button>`,
          )}
        </div>
        <form @submit=${this.#submit}>
          <div class="field">
            <label for="start">${words.from}</label>
            <input id="start" type="date" required min="2000-01-01" max="2199-12-31" data-testid="start" .value=${this.span.start} />
          </div>
          <div class="field">
            <label for="end">${words.to}</label>
            <input id="end" type="date" required min="2000-01-01" max="2199-12-31" data-testid="end" .value=${this.span.end} />
          </div>
          <button data-testid="show">${words.show}</button>
        </form>
        <p class="small bad" role="alert" ?hidden=${!this.wrong}>${words.wrong}</p>
      </section>
      ${this.problem ? this.#trouble() : nothing} ${this.#whole()}
    </div>`;
  }

  #trouble(): TemplateResult {
    const again = this.problem !== "statement.long";
    return html`<div class="note warn" role="alert" data-testid="statement-problem">
      <p>${this.problem === UNREACHABLE ? t.account.stale : t.account.refusal(this.problem)}</p>
      ${again ? html`<div><button type="button" @click=${() => void this.#load()}>${t.retry}</button></div>` : nothing}
    </div>`;
  }

  #whole(): TemplateResult | typeof nothing {
    const { statement } = this;
    if (!statement)
      return this.problem ? nothing : html`<p class="muted loading" role="status">${t.loading}</p>`;
    const words = t.account.statement;
    const { currency, entries } = statement;
    const shown = entries.slice(-MOST_ROWS).reverse();
    const sum = (label: string, minor: number, testId: string): TemplateResult =>
      html`<tr class="sum" data-testid=${testId} data-minor=${minor}>
        <th scope="row">${label}</th>
        <td class="wide"></td>
        <td class="number"><span class="narrow">${money(minor, currency)}</span></td>
        <td class="number wide">${money(minor, currency)}</td>
      </tr>`;
    return html`<section class="card" aria-labelledby="entries" aria-busy=${this.loading}>
      <div class="head">
        <h2 id="entries" class="figures">${shortDay(statement.start)} – ${shortDay(statement.end)}</h2>
        <button type="button" data-testid="statement-csv" ?disabled=${this.saving} @click=${this.#save}>
          ${icon("download", "s")} ${words.file}
        </button>
      </div>
      <table>
        <caption class="hidden">${words.title}</caption>
        <thead>
          <tr>
            <th scope="col">${words.what}</th>
            <th scope="col" class="wide">${words.day}</th>
            <th scope="col" class="number">${words.amount}</th>
            <th scope="col" class="number wide">${words.balance}</th>
          </tr>
        </thead>
        <tbody>
          ${sum(words.closing, statement.closing_minor, "closing")}
          ${shown.map((each) => this.#entry(each, currency))}
          ${
            entries.length === 0
              ? html`<tr><td colspan="4" class="muted" data-testid="quiet">${words.quiet}</td></tr>`
              : nothing
          }
          ${sum(words.opening, statement.opening_minor, "opening")}
        </tbody>
      </table>
      ${
        shown.length < entries.length
          ? html`<p class="small muted">${words.cut(shown.length, entries.length)}</p>`
          : nothing
      }
      <p class="small muted">${words.zone(statement.zone)}</p>
    </section>`;
  }

  #entry(each: StatementEntry, currency: string): TemplateResult {
    const name = t.account.statement.kinds(each.kind, each.note);
    const sign = each.amount_minor > 0 ? "+" : "";
    return html`<tr data-testid="entry" data-kind=${each.kind}>
      <th scope="row" class="name">
        ${each.call ? html`<a href=${`/receipt/${each.call}`}>${name}</a>` : name}
        <span class="narrow small muted">${moment(each.at)}</span>
      </th>
      <td class="wide when muted">${moment(each.at)}</td>
      <td class="number">
        <span class=${each.amount_minor > 0 ? "in" : ""}>${sign}${money(each.amount_minor, currency)}</span>
        <span class="narrow small muted">${money(each.balance_minor, currency)}</span>
      </td>
      <td class="number wide">${money(each.balance_minor, currency)}</td>
    </tr>`;
  }

  #submit = (event: Event): void => {
    event.preventDefault();
    const [start = "", end = ""] = [...this.renderRoot.querySelectorAll("input")].map((each) => each.value);
    this.wrong = !start || !end || start > end;
    if (!this.wrong) this.#choose({ start, end, zone: ownZone() }, null);
  };

  #choose(span: Span, preset: Preset | null): void {
    [this.span, this.preset, this.wrong] = [span, preset, false];
    void this.#load();
  }

  async #load(): Promise<void> {
    const { account } = this;
    if (!account) return;
    const asked = ++this.#asked;
    this.loading = true;
    this.problem = "";
    try {
      const found = await account.statement(this.span);
      if (asked === this.#asked) this.statement = found;
    } catch (error) {
      if (asked === this.#asked) {
        this.problem = error instanceof Refusal ? error.code : UNREACHABLE;
        this.statement = null;
      }
    }
    if (asked === this.#asked) this.loading = false;
  }

  #save = async (): Promise<void> => {
    const { account, span } = this;
    if (!account || this.saving) return;
    this.saving = true;
    try {
      save(await account.statementFile(span), `statement-${span.start}-${span.end}.csv`);
    } catch (error) {
      this.problem = error instanceof Refusal ? error.code : UNREACHABLE;
    } finally {
      this.saving = false;
    }
  };
}

declare global {
  interface HTMLElementTagNameMap {
    "tt-account-statement": AccountStatement;
  }
}
