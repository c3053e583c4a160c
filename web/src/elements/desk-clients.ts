/** Who called an expert, with private notes; and whose calls are not taken any more. */

import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import type { Desk } from "../core/desk";
import { words } from "../core/duration";
import { moment } from "../core/moment";
import { money } from "../core/money";
import { Paged } from "../core/paged";
import type { ClientCard } from "../protocol/api";
import { t } from "../strings";
import { desk } from "../styles/desk";
import { base, card, controls } from "../styles/shared";
import "./client-note";
import "./dialog";
import type { Dialog } from "./dialog";
import { icon } from "./icons";
import "./search-field";

@customElement("tt-desk-clients")
export class DeskClients extends LitElement {
  @property({ attribute: false }) desk: Desk | null = null;
  @state() private words = "";
  @state() private blocked = false;
  @state() private asked: ClientCard | null = null;
  @state() private failed = false;
  readonly #clients = new Paged<ClientCard, number>(
    async (before) => {
      const { desk } = this;
      if (!desk) return { items: [], next: null };
      const list = await (this.blocked ? desk.blocked() : desk.clients(this.words, before));
      return { items: list.clients, next: list.next };
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
      .choices {
        justify-self: start;
      }
      .list {
        padding-block: var(--space-2);
      }
      li {
        display: grid;
        gap: var(--space-2);
        padding-block: var(--space-4);
      }
      li + li {
        border-block-start: var(--hair) solid var(--line);
      }
      li .head {
        flex-wrap: nowrap;
        align-items: start;
      }
      li .head > div {
        min-width: var(--none);
      }
      .sum {
        text-align: end;
        white-space: nowrap;
      }
      .actions {
        display: flex;
        flex-wrap: wrap;
        align-items: start;
        justify-content: space-between;
        gap: var(--space-2) var(--space-4);
      }
      .actions tt-client-note {
        flex: 1 1 var(--page-half);
      }
    `,
  ];

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#clients.restart();
  }

  override render() {
    const words = t.console.clients;
    return html`<div class="page">
      <div class="head">
        <h1>${words.title}</h1>
        <div class="choices" role="group" aria-label=${words.which}>
          ${[false, true].map(
            (each) => html`<button
              type="button"
              aria-pressed=${each === this.blocked}
              data-testid=${each ? "show-blocked" : "show-everybody"}
              @click=${() => this.#show(each)}
            >
              ${each ? words.blocked : words.everybody}
            </button>`,
          )}
        </div>
      </div>
      ${
        this.blocked
          ? nothing
          : html`<tt-search-field .label=${words.search} .value=${this.words} @tt-search=${this.#search}></tt-search-field>`
      }
      <p class="note bad" role="alert" ?hidden=${!this.failed}>${words.failed}</p>
      ${this.#list()} ${this.asked ? this.#ask(this.asked) : nothing}
    </div>`;
  }

  #list(): TemplateResult {
    const { items, problem, loading, hasMore } = this.#clients;
    if (items === null)
      return problem ? this.#trouble() : html`<p class="muted loading" role="status">${t.loading}</p>`;
    if (items.length === 0 && !problem) return this.#empty();
    return html`<ul class="card list" aria-busy=${loading} data-testid="clients">
        ${repeat(
          items,
          (each) => each.id,
          (each) => this.#row(each),
        )}
      </ul>
      ${problem ? this.#trouble() : nothing}
      ${
        hasMore
          ? html`<button class="more" type="button" data-testid="more" ?disabled=${loading} @click=${() => void this.#clients.more()}>
              ${t.console.clients.more}
            </button>`
          : nothing
      }`;
  }

  #empty(): TemplateResult {
    const c = t.console.clients;
    const [title, text] = this.blocked
      ? [c.noneBlocked, c.noneBlockedText]
      : this.words
        ? [c.none(this.words), c.noneText]
        : [c.empty, c.emptyText];
    return html`<div class="card empty" data-testid="no-clients">
      ${icon("person", "l")}
      <h2 class="name">${title}</h2>
      <p class="small">${text}</p>
    </div>`;
  }

  #row(each: ClientCard): TemplateResult {
    const c = t.console.clients;
    return html`<li data-testid="client" data-client=${each.id}>
      <div class="head">
        <div>
          <h2 class="name">${each.name}</h2>
          <p class="small muted figures">
            ${c.calls(each.calls)} · ${words(each.used_ms)} · ${c.last(moment(each.last_at))}
          </p>
        </div>
        <p class="sum figures">
          <strong>${money(each.earned_minor, each.currency)}</strong><span class="hidden"> ${c.earned}</span>
        </p>
      </div>
      <div class="actions">
        <tt-client-note
          .desk=${this.desk}
          .client=${each}
          @tt-noted=${(event: CustomEvent<ClientCard>) => this.#changed(event.detail)}
        ></tt-client-note>
        ${this.#block(each)}
      </div>
    </li>`;
  }

  #block(each: ClientCard): TemplateResult {
    const c = t.console.clients;
    if (!each.blocked_since)
      return html`<button
        type="button"
        aria-label=${`${c.block}: ${each.name}`}
        data-testid="block"
        @click=${() => {
          this.asked = each;
        }}
      >
        ${c.block}
      </button>`;
    return html`<div class="row">
      <span class="small muted">${c.isBlocked(moment(each.blocked_since))}</span>
      <button
        type="button"
        aria-label=${`${c.unblock}: ${each.name}`}
        data-testid="unblock"
        @click=${() => void this.#set(each, false)}
      >
        ${c.unblock}
      </button>
    </div>`;
  }

  #ask(client: ClientCard): TemplateResult {
    const c = t.console.clients;
    return html`<tt-dialog
      .heading=${c.blockAsk(client.name)}
      @tt-close=${() => {
        this.asked = null;
      }}
    >
      <div class="stack">
        <p class="muted">${c.blockText}</p>
        <div class="row">
          <button type="button" class="danger" data-testid="block-confirm" @click=${() => void this.#set(client, true)}>
            ${c.block}
          </button>
          <button type="button" @click=${() => this.#shut()}>${c.keep}</button>
        </div>
      </div>
    </tt-dialog>`;
  }

  #trouble(): TemplateResult {
    return html`<div class="note warn" role="alert">
      <p>${t.console.stale}</p>
      <div><button type="button" @click=${() => void this.#clients.restart()}>${t.retry}</button></div>
    </div>`;
  }

  #show(blocked: boolean): void {
    if (blocked === this.blocked) return;
    this.blocked = blocked;
    this.#clients.items = null;
    void this.#clients.restart();
  }

  #search = (event: CustomEvent<string>): void => {
    this.words = event.detail;
    void this.#clients.restart();
  };

  #shut(): void {
    this.renderRoot.querySelector<Dialog>("tt-dialog")?.close();
  }

  #changed(client: ClientCard): void {
    this.#clients.replace((each) => each.id === client.id, client);
  }

  async #set(client: ClientCard, block: boolean): Promise<void> {
    this.#shut();
    this.failed = false;
    try {
      const changed = await (block ? this.desk?.block(client.id) : this.desk?.unblock(client.id));
      if (changed) this.#changed(changed);
    } catch {
      this.failed = true;
    }
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "tt-desk-clients": DeskClients;
  }
}
