/** Every call of a client with its receipt: searched by name, page by page. */

import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import type { Account } from "../core/account";
import { UNREACHABLE } from "../core/api";
import { Paged } from "../core/paged";
import type { CallSummary } from "../protocol/api";
import { t } from "../strings";
import { account } from "../styles/account";
import { base, card, controls } from "../styles/shared";
import "./call-list";
import { icon } from "./icons";
import "./search-field";

@customElement("tt-account-calls")
export class AccountCalls extends LitElement {
  @property({ attribute: false }) account: Account | null = null;
  @state() private words = "";
  readonly #calls = new Paged<CallSummary, number>(
    async (before) => {
      const list = await this.account?.calls(this.words, before);
      return { items: list?.calls ?? [], next: list?.next ?? null };
    },
    () => this.requestUpdate(),
  );

  static override styles = [
    base,
    controls,
    card,
    account,
    css`
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

  override render(): TemplateResult {
    return html`<div class="page">
      <h1>${t.account.calls.title}</h1>
      <tt-search-field .label=${t.account.calls.search} @tt-search=${this.#search}></tt-search-field>
      ${this.#list()}
    </div>`;
  }

  #list(): TemplateResult {
    const { items, problem, loading, hasMore } = this.#calls;
    if (items === null)
      return problem ? this.#trouble() : html`<p class="muted loading" role="status">${t.loading}</p>`;
    if (items.length === 0 && !problem)
      return html`<div class="card empty" role="status" data-testid="no-calls">
        ${icon("phone", "l")}
        <h2 class="name">${this.words ? t.account.calls.none(this.words) : t.account.calls.empty}</h2>
        <p class="small">${this.words ? t.account.calls.noneText : t.account.calls.emptyText}</p>
      </div>`;
    return html`<section class="list" aria-busy=${loading}>
      <p class="small muted" role="status" data-testid="calls-count">
        ${t.account.calls.count(items.length, hasMore)}
      </p>
      <div class="card">
        <tt-call-list .calls=${items} .caption=${t.account.calls.title}></tt-call-list>
      </div>
      ${problem ? this.#trouble() : nothing}
      ${
        hasMore
          ? html`<button
              class="more"
              type="button"
              data-testid="more"
              ?disabled=${loading}
              @click=${() => void this.#calls.more()}
            >
              ${t.account.calls.more}
            </button>`
          : nothing
      }
    </section>`;
  }

  #trouble(): TemplateResult {
    const { problem } = this.#calls;
    return html`<div class="note warn" role="alert">
      <p>${problem === UNREACHABLE ? t.account.stale : t.account.refusal(problem)}</p>
      <div><button type="button" @click=${() => void this.#calls.restart()}>${t.retry}</button></div>
    </div>`;
  }

  #search = (event: CustomEvent<string>): void => {
    this.words = event.detail;
    void this.#calls.restart();
  };
}

declare global {
  interface HTMLElementTagNameMap {
    "tt-account-calls": AccountCalls;
  }
}
