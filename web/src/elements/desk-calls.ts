/** Every call of an expert: searched by name, page by page, and as a file for a spreadsheet. */

import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { Refusal } from "../core/api";
import { lastDays } from "../core/days";
import { type Desk, save } from "../core/desk";
import { Paged } from "../core/paged";
import type { CallSummary } from "../protocol/api";
import { t } from "../strings";
import { desk } from "../styles/desk";
import { base, card, controls } from "../styles/shared";
import "./call-list";
import { icon } from "./icons";
import "./search-field";

const FILES = [30, 90, 365, 3650];

@customElement("tt-desk-calls")
export class DeskCalls extends LitElement {
  @property({ attribute: false }) desk: Desk | null = null;
  @state() private words = "";
  @state() private fileProblem = "";
  @state() private saving = false;
  readonly #calls = new Paged<CallSummary, number>(
    async (before) => {
      const list = await this.desk?.calls(this.words, before);
      return { items: list?.calls ?? [], next: list?.next ?? null };
    },
    () => this.requestUpdate(),
  );

  static override styles = [
    base,
    controls,
    card,
    desk,
    css`
      .tools {
        display: grid;
        grid-template-columns: var(--columns-facts);
        align-items: end;
        gap: var(--space-4);
      }
      .file {
        display: flex;
        flex-wrap: wrap;
        align-items: end;
        gap: var(--space-3);
      }
      .file > * {
        flex: 1 1 var(--code);
      }
      .list {
        display: grid;
        gap: var(--space-4);
      }
    `,
  ];

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#calls.restart();
  }

  override render() {
    return html`<div class="page">
      <h1>${t.console.calls.title}</h1>
      <div class="tools">
        <tt-search-field .label=${t.console.calls.search} @tt-search=${this.#search}></tt-search-field>
        <form class="file" @submit=${this.#save}>
          <div class="field">
            <label for="days">${t.console.calls.fileOf}</label>
            <select id="days">
              ${FILES.map((each) => html`<option value=${each}>${t.console.calls.fileDays(each)}</option>`)}
            </select>
          </div>
          <button data-testid="calls-csv" ?disabled=${this.saving}>
            ${icon("download", "s")} ${t.console.calls.file}
          </button>
        </form>
      </div>
      <p class="note warn" role="alert" ?hidden=${!this.fileProblem}>${this.fileProblem}</p>
      ${this.#list()}
    </div>`;
  }

  #list(): TemplateResult {
    const { items, problem, loading, hasMore } = this.#calls;
    if (items === null)
      return problem ? this.#trouble() : html`<p class="muted loading" role="status">${t.loading}</p>`;
    if (items.length === 0 && !problem)
      return html`<div class="card empty" data-testid="no-calls">
        ${icon("phone", "l")}
        <h2 class="name">${this.words ? t.console.calls.none(this.words) : t.console.calls.empty}</h2>
        <p class="small">${this.words ? t.console.calls.noneText : t.console.calls.emptyText}</p>
      </div>`;
    return html`<section class="list" aria-busy=${loading}>
      <p class="small muted" role="status">${t.console.calls.count(items.length, hasMore)}</p>
      <div class="card">
        <tt-call-list earned beside .calls=${items} .caption=${t.console.calls.title}></tt-call-list>
      </div>
      ${problem ? this.#trouble() : nothing}
      ${
        hasMore
          ? html`<button class="more" type="button" data-testid="more" ?disabled=${loading} @click=${() => void this.#calls.more()}>
              ${t.console.calls.more}
            </button>`
          : nothing
      }
    </section>`;
  }

  #trouble(): TemplateResult {
    return html`<div class="note warn" role="alert">
      <p>${t.console.stale}</p>
      <div><button type="button" @click=${() => void this.#calls.restart()}>${t.retry}</button></div>
    </div>`;
  }

  #search = (event: CustomEvent<string>): void => {
    this.words = event.detail;
    void this.#calls.restart();
  };

  #save = async (event: Event): Promise<void> => {
    event.preventDefault();
    const { desk } = this;
    if (!desk || this.saving) return;
    const days = Number(this.renderRoot.querySelector("select")?.value);
    const span = lastDays(days);
    this.saving = true;
    this.fileProblem = "";
    try {
      save(await desk.callsFile(this.words, span), `calls-${span.start}-${span.end}.csv`);
    } catch (error) {
      const long = error instanceof Refusal && error.code === "statement.long";
      this.fileProblem = long ? t.console.calls.fileLong : t.console.calls.fileFailed;
    } finally {
      this.saving = false;
    }
  };
}

declare global {
  interface HTMLElementTagNameMap {
    "tt-desk-calls": DeskCalls;
  }
}
