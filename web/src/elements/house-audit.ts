/** Who did what to money and access, the newest first, narrowed by person and by kind of deed. */

import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import type { House } from "../core/house";
import { moment } from "../core/moment";
import { Paged } from "../core/paged";
import type { AuditLine } from "../protocol/api";
import { t } from "../strings";
import { desk } from "../styles/desk";
import { base, card, controls } from "../styles/shared";
import { table } from "../styles/table";
import { icon } from "./icons";
import "./search-field";

@customElement("tt-house-audit")
export class HouseAudit extends LitElement {
  @property({ attribute: false }) house: House | null = null;
  @state() private about = new URLSearchParams(location.search).get("about") ?? "";
  @state() private action = "";
  readonly #lines = new Paged<AuditLine, number>(
    async (before) => {
      const page = await this.house?.audit(this.about, this.action, before);
      return { items: page?.lines ?? [], next: page?.before ?? null };
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
        grid-template-columns: var(--columns-facts);
        gap: var(--space-4);
      }
      th,
      td {
        overflow-wrap: anywhere;
      }
      code {
        font-family: var(--font-code);
        font-size: var(--text-xs);
      }
      button.link {
        min-height: var(--none);
        padding: var(--none);
        border: none;
        background: var(--clear);
        color: var(--accent);
        font-weight: var(--weight);
        text-align: start;
        text-decoration: underline;
        text-underline-offset: var(--space-1);
        overflow-wrap: anywhere;
      }
    `,
  ];

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#lines.restart();
  }

  override render() {
    const words = t.house.audit;
    return html`<div class="page">
      <h1>${words.title}</h1>
      <div class="tools">
        <tt-search-field
          .label=${words.about}
          .value=${this.about}
          @tt-search=${(event: CustomEvent<string>) => this.#narrow(event.detail, this.action)}
        ></tt-search-field>
        <div class="field">
          <label for="action">${words.action}</label>
          <select
            id="action"
            data-testid="audit-action"
            @change=${(event: Event) => this.#narrow(this.about, (event.target as HTMLSelectElement).value)}
          >
            ${Object.entries(words.actions).map(
              ([action, name]) =>
                html`<option value=${action} ?selected=${action === this.action}>${name}</option>`,
            )}
          </select>
        </div>
      </div>
      ${this.#list()}
    </div>`;
  }

  #list(): TemplateResult {
    const { items, problem, loading, hasMore } = this.#lines;
    const words = t.house.audit;
    if (items === null)
      return problem ? this.#trouble() : html`<p class="muted loading" role="status">${t.loading}</p>`;
    if (items.length === 0 && !problem)
      return html`<div class="card empty" data-testid="no-lines">
        ${icon("lock", "l")}
        <h2>${words.none}</h2>
        <p class="small">${words.noneText}</p>
      </div>`;
    return html`<div class="card" aria-busy=${loading}>
        <table>
          <caption class="hidden">${words.title}</caption>
          <thead>
            <tr>
              <th scope="col">${words.did}</th>
              <th scope="col" class="wide">${words.when}</th>
              <th scope="col" class="wide">${words.who}</th>
              <th scope="col" class="wide">${words.whom}</th>
              <th scope="col" class="wide">${words.detail}</th>
            </tr>
          </thead>
          <tbody>
            ${items.map((each) => this.#row(each))}
          </tbody>
        </table>
      </div>
      ${problem ? this.#trouble() : nothing}
      ${
        hasMore
          ? html`<button class="more" type="button" data-testid="more" ?disabled=${loading} @click=${() => void this.#lines.more()}>
              ${t.house.more}
            </button>`
          : nothing
      }`;
  }

  #row(each: AuditLine): TemplateResult {
    const [when, detail] = [moment(each.at), detailOf(each.detail)];
    return html`<tr data-testid="audit-line" data-action=${each.action}>
      <th scope="row">
        <code>${each.action}</code>
        <span class="narrow small muted">${when}</span>
        <span class="narrow">${this.#person(each.actor)} → ${this.#person(each.subject)}</span>
        ${detail ? html`<span class="narrow small muted">${detail}</span>` : nothing}
      </th>
      <td class="wide figures">${when}</td>
      <td class="wide">${this.#person(each.actor)}</td>
      <td class="wide">${this.#person(each.subject)}</td>
      <td class="wide small muted">${detail}</td>
    </tr>`;
  }

  #person(id: string): TemplateResult {
    return html`<button type="button" class="link" @click=${() => this.#narrow(id, this.action)}>${id}</button>`;
  }

  #trouble(): TemplateResult {
    return html`<div class="note warn" role="alert">
      <p>${t.house.stale}</p>
      <div><button type="button" @click=${() => void this.#lines.restart()}>${t.retry}</button></div>
    </div>`;
  }

  #narrow(about: string, action: string): void {
    if (about === this.about && action === this.action) return;
    this.about = about;
    this.action = action;
    void this.#lines.restart();
  }
}

/** The details of a line as words: `amount_minor 500 · reason …`. What is no object stays as it is. */
export function detailOf(text: string): string {
  try {
    const found: unknown = JSON.parse(text);
    if (found === null || typeof found !== "object") return text;
    return Object.entries(found)
      .map(([name, value]) => `${name.replaceAll("_", " ")} ${String(value)}`)
      .join(" · ");
  } catch {
    return text;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "tt-house-audit": HouseAudit;
  }
}
