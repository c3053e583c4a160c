/** Everybody on this server, searched and page by page. */

import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import type { House } from "../core/house";
import { money } from "../core/money";
import { Paged } from "../core/paged";
import type { PersonCard } from "../protocol/api";
import { t } from "../strings";
import { desk } from "../styles/desk";
import { base, card, controls } from "../styles/shared";
import { table } from "../styles/table";
import { icon } from "./icons";
import "./search-field";

const ROLES = ["", "client", "expert", "operator"] as const;

@customElement("tt-house-people")
export class HousePeople extends LitElement {
  @property({ attribute: false }) house: House | null = null;
  @state() private words = "";
  @state() private kind: (typeof ROLES)[number] = "";
  readonly #people = new Paged<PersonCard, string>(
    async (before) => {
      const list = await this.house?.people(this.words, this.kind, before);
      return { items: list?.people ?? [], next: list?.next || null };
    },
    () => this.requestUpdate(),
  );

  static override styles = [
    base,
    controls,
    card,
    table,
    desk,
    css`
      .tools {
        display: grid;
        gap: var(--space-4);
      }
      .choices {
        justify-self: start;
      }
      th,
      td {
        overflow-wrap: anywhere;
      }
      .gone {
        color: var(--muted);
      }
    `,
  ];

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#people.restart();
  }

  override render() {
    const words = t.house.people;
    return html`<div class="page">
      <h1>${words.title}</h1>
      <div class="tools">
        <tt-search-field .label=${words.search} @tt-search=${this.#search}></tt-search-field>
        <div class="choices" role="group" aria-label=${words.role}>
          ${ROLES.map(
            (each) => html`<button
              type="button"
              aria-pressed=${each === this.kind}
              data-testid="role"
              data-role=${each}
              @click=${() => this.#choose(each)}
            >
              ${words.roles[each]}
            </button>`,
          )}
        </div>
      </div>
      ${this.#list()}
    </div>`;
  }

  #list(): TemplateResult {
    const { items, problem, loading, hasMore } = this.#people;
    if (items === null)
      return problem ? this.#trouble() : html`<p class="muted loading" role="status">${t.loading}</p>`;
    if (items.length === 0 && !problem)
      return html`<div class="card empty" data-testid="nobody">
        ${icon("person", "l")}
        <h2>${t.house.people.none}</h2>
        <p class="small">${t.house.people.noneText}</p>
      </div>`;
    return html`<div class="card" aria-busy=${loading}>${this.#table(items)}</div>
      ${problem ? this.#trouble() : nothing}
      ${
        hasMore
          ? html`<button class="more" type="button" data-testid="more" ?disabled=${loading} @click=${() => void this.#people.more()}>
              ${t.house.more}
            </button>`
          : nothing
      }`;
  }

  #table(items: readonly PersonCard[]): TemplateResult {
    const words = t.house.people;
    return html`<table>
      <caption class="hidden">${words.title}</caption>
      <thead>
        <tr>
          <th scope="col">${words.name}</th>
          <th scope="col" class="wide">${words.role}</th>
          <th scope="col" class="wide">${words.address}</th>
          <th scope="col" class="number">${words.balance}</th>
        </tr>
      </thead>
      <tbody>
        ${items.map((each) => {
          const role = each.deleted_at ? words.deleted : (words.one[each.role] ?? each.role);
          const address = each.address || words.noAddress;
          return html`<tr data-testid="person-row" data-person=${each.id}>
            <th scope="row" class=${each.deleted_at ? "gone" : ""}>
              <a href=${`/operator/people/${encodeURIComponent(each.id)}`}>${each.name}</a>
              <span class="narrow small muted">${role} · ${address}</span>
            </th>
            <td class="wide">${role}</td>
            <td class="wide muted">${address}</td>
            <td class="number">
              ${each.role === "client" ? money(each.available_minor + each.held_minor, each.currency) : nothing}
            </td>
          </tr>`;
        })}
      </tbody>
    </table>`;
  }

  #trouble(): TemplateResult {
    return html`<div class="note warn" role="alert">
      <p>${t.house.stale}</p>
      <div><button type="button" @click=${() => void this.#people.restart()}>${t.retry}</button></div>
    </div>`;
  }

  #search = (event: CustomEvent<string>): void => {
    this.words = event.detail;
    void this.#people.restart();
  };

  #choose(role: (typeof ROLES)[number]): void {
    this.kind = role;
    void this.#people.restart();
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "tt-house-people": HousePeople;
  }
}
