/** One person for the operator: wallet, calls, logins, and adjustments with a reason. */

import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { Refusal, UNREACHABLE } from "../core/api";
import type { House } from "../core/house";
import { moment } from "../core/moment";
import { money } from "../core/money";
import { Paged } from "../core/paged";
import type { BrowserLogin, CallSummary, PersonDetail } from "../protocol/api";
import { t } from "../strings";
import { desk } from "../styles/desk";
import { base, card, controls } from "../styles/shared";
import "./adjust-wallet";
import "./call-list";
import "./notice";

@customElement("tt-house-person")
export class HousePerson extends LitElement {
  @property({ attribute: false }) house: House | null = null;
  /** The person's id. */
  @property() person = "";
  @state() private detail: PersonDetail | null = null;
  @state() private logins: readonly BrowserLogin[] | null = null;
  @state() private problem = "";
  readonly #calls = new Paged<CallSummary, number>(
    async (before) => {
      const list = await this.house?.callsOf(this.person, before);
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
      h1,
      dd,
      li {
        overflow-wrap: anywhere;
      }
      .two {
        display: grid;
        grid-template-columns: var(--columns-split);
        gap: var(--section);
        align-items: start;
      }
      .part {
        display: grid;
        gap: var(--space-4);
        min-width: var(--none);
      }
      .rows li {
        display: flex;
        flex-wrap: wrap;
        justify-content: space-between;
        gap: var(--space-1) var(--space-4);
        padding-block: var(--space-2);
      }
      .rows li + li {
        border-block-start: var(--hair) solid var(--line);
      }
    `,
  ];

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#load();
  }

  override render() {
    const { detail } = this;
    if (this.problem === "person.unknown")
      return html`<tt-notice
        icon="person"
        .code=${this.problem}
        .heading=${t.house.person.unknown}
        .text=${t.house.person.unknownText}
      >
        <a class="button" href="/operator/people">${t.house.person.back}</a>
      </tt-notice>`;
    if (!detail)
      return this.problem ? this.#trouble() : html`<p class="muted loading" role="status">${t.loading}</p>`;
    const { person } = detail;
    return html`<div class="page" data-testid="person">
      <div>
        <p><a href="/operator/people">${t.house.person.back}</a></p>
        <h1>${person.name}</h1>
      </div>
      ${this.problem ? this.#trouble() : nothing}
      <div class="two">
        <div class="part">${this.#facts(detail)} ${this.#logins()}</div>
        ${person.role === "client" ? html`<div class="part">${this.#wallet(detail)}</div>` : nothing}
      </div>
      ${person.role === "operator" ? nothing : this.#history()}
      <p class="row">
        ${
          person.role === "client"
            ? html`<a href=${`/operator/payments?person=${encodeURIComponent(person.id)}`}
                >${t.house.person.payments}</a
              >`
            : nothing
        }
        <a href=${`/operator/audit?about=${encodeURIComponent(person.id)}`}>${t.house.person.audit}</a>
      </p>
    </div>`;
  }

  #facts({ person }: PersonDetail): TemplateResult {
    const words = t.house.person;
    const role = t.house.people.one[person.role] ?? person.role;
    return html`<section class="card">
      <dl class="facts">
        <div><dt>${t.house.people.role}</dt><dd>${role}</dd></div>
        <div><dt>${t.house.people.address}</dt><dd>${person.address || t.house.people.noAddress}</dd></div>
        <div><dt>${words.id}</dt><dd>${person.id}</dd></div>
        ${
          person.slug
            ? html`<div><dt>${words.page}</dt><dd><a href=${`/e/${person.slug}`}>/e/${person.slug}</a></dd></div>`
            : nothing
        }
        ${
          person.deleted_at
            ? html`<div><dt>${t.house.people.deleted}</dt><dd>${moment(person.deleted_at)}</dd></div>`
            : nothing
        }
      </dl>
    </section>`;
  }

  #wallet(detail: PersonDetail): TemplateResult {
    const { person, adjustments } = detail;
    const words = t.house.person;
    return html`<section class="card part">
        <dl class="facts">
          <div>
            <dt>${words.available}</dt>
            <dd data-testid="available" data-minor=${person.available_minor}>
              ${money(person.available_minor, person.currency)}
            </dd>
          </div>
          <div><dt>${words.held}</dt><dd>${money(person.held_minor, person.currency)}</dd></div>
        </dl>
        ${
          person.deleted_at
            ? nothing
            : html`<tt-adjust-wallet
                .house=${this.house}
                .person=${person}
                @tt-adjusted=${(event: CustomEvent<PersonDetail>) => {
                  this.detail = event.detail;
                }}
              ></tt-adjust-wallet>`
        }
      </section>
      <section class="card part">
        <h2>${words.adjustments}</h2>
        ${
          adjustments.length === 0
            ? html`<p class="muted small">${words.noAdjustments}</p>`
            : html`<ul class="rows">
                ${adjustments.map(
                  (each) => html`<li data-testid="adjustment">
                    <strong class="figures">${money(each.amount_minor, person.currency)}</strong>
                    <span class="small muted">${words.by(each.actor, moment(each.at))}</span>
                    <span class="small all">${each.reason}</span>
                  </li>`,
                )}
              </ul>`
        }
      </section>`;
  }

  #logins(): TemplateResult {
    const words = t.house.person;
    return html`<section class="card part">
      <h2>${words.logins}</h2>
      ${
        this.logins === null
          ? html`<p class="muted small" role="status">${t.loading}</p>`
          : this.logins.length === 0
            ? html`<p class="muted small">${words.noLogins}</p>`
            : html`<ul class="rows">
                ${this.logins.map(
                  (each) => html`<li>
                    <span>${each.device || words.unknownDevice}</span>
                    <span class="small muted">${words.seen(moment(each.seen_at))}</span>
                  </li>`,
                )}
              </ul>`
      }
    </section>`;
  }

  #history(): TemplateResult {
    const { items, loading, hasMore, problem } = this.#calls;
    const words = t.house.person;
    return html`<section class="part">
      <h2>${words.calls}</h2>
      ${
        items === null
          ? html`<p class="muted small" role="status">${problem ? t.house.stale : t.loading}</p>`
          : items.length === 0
            ? html`<p class="card muted">${words.noCalls}</p>`
            : html`<div class="card" aria-busy=${loading}>
                <tt-call-list
                  .calls=${items}
                  ?earned=${this.detail?.person.role === "expert"}
                  .caption=${words.calls}
                ></tt-call-list>
              </div>`
      }
      ${
        hasMore
          ? html`<button class="more" type="button" data-testid="more" ?disabled=${loading} @click=${() => void this.#calls.more()}>
              ${t.house.more}
            </button>`
          : nothing
      }
    </section>`;
  }

  #trouble(): TemplateResult {
    return html`<div class="note warn" role="alert">
      <p>${t.house.stale}</p>
      <div><button type="button" @click=${() => void this.#load()}>${t.retry}</button></div>
    </div>`;
  }

  async #load(): Promise<void> {
    const { house } = this;
    if (!house) return;
    try {
      const [detail, list] = await Promise.all([house.person(this.person), house.loginsOf(this.person)]);
      [this.detail, this.logins, this.problem] = [detail, list.logins, ""];
    } catch (error) {
      this.problem = error instanceof Refusal ? error.code : UNREACHABLE;
      return;
    }
    await this.#calls.restart();
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "tt-house-person": HousePerson;
  }
}
