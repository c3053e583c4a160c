/** `/logins`: who one is here, with which address, and on which browsers. */

import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import { Api, Refusal } from "../core/api";
import { moment } from "../core/moment";
import "../elements/link-problem";
import "../elements/shell";
import "../elements/sign-in";
import type { BrowserLogin, Me } from "../protocol/api";
import { t } from "../strings";
import { base, card, controls } from "../styles/shared";
import { forgetLinks, lastLogin, login, onNewLink } from "./browser";

@customElement("tt-logins-page")
export class LoginsPage extends LitElement {
  @state() private problem = "";
  @state() private me: Me | null = null;
  @state() private logins: readonly BrowserLogin[] = [];
  @state() private changing = false;
  @state() private told = "";
  @state() private working = false;
  readonly #api = new Api(login() ?? lastLogin());

  static override styles = [
    base,
    controls,
    card,
    css`
      .page {
        display: grid;
        gap: var(--section);
      }
      .page > .card {
        display: grid;
        gap: var(--space-4);
      }
      .head {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        justify-content: space-between;
        gap: var(--space-3);
      }
      .facts dd {
        overflow-wrap: anywhere;
      }
      .logins li {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        justify-content: space-between;
        gap: var(--space-2) var(--space-4);
        padding-block: var(--space-3);
        border-block-end: var(--hair) solid var(--line);
      }
      .logins li:last-child {
        border-block-end: none;
      }
      .whole {
        white-space: nowrap;
      }
      .tag {
        color: var(--accent);
        font-weight: var(--weight-medium);
      }
      .loading {
        padding-block: var(--space-7);
        text-align: center;
      }
    `,
  ];

  override connectedCallback(): void {
    super.connectedCallback();
    onNewLink();
    document.title = `${t.logins.title} · ${t.brand}`;
    void this.#look();
  }

  override render(): TemplateResult {
    return html`<tt-shell .who=${this.me?.name ?? ""} .area=${this.me?.role ?? ""}>${this.#page()}</tt-shell>`;
  }

  #page(): TemplateResult {
    if (this.problem) return html`<tt-link-problem .code=${this.problem}></tt-link-problem>`;
    if (!this.me) return html`<p class="loading muted" role="status">${t.loading}</p>`;
    return html`<div class="page">
      <div class="head">
        <h1>${t.logins.title}</h1>
        <button ?disabled=${this.working} data-testid="sign-out" @click=${this.#out}>${t.signIn.out}</button>
      </div>
      ${this.#who(this.me)} ${this.#browsers()}
      <p class="small muted" role="status" data-testid="told">${this.told}</p>
    </div>`;
  }

  #who(me: Me): TemplateResult {
    return html`<section class="card" aria-labelledby="who">
      <h2 id="who">${t.logins.who}</h2>
      <dl class="facts">
        <div><dt>${t.logins.name}</dt><dd>${me.name}</dd></div>
        <div><dt>${t.logins.role}</dt><dd>${t.signIn.roles[me.role]}</dd></div>
        <div>
          <dt>${t.logins.address}</dt>
          <dd data-testid="my-address">${me.address || t.logins.noAddress}</dd>
        </div>
      </dl>
      ${
        this.changing
          ? html`<tt-sign-in .api=${this.#api} attach @tt-signed-in=${this.#attached}></tt-sign-in>`
          : nothing
      }
      <div class="row">
        <button
          class=${me.address || this.changing ? "" : "primary"}
          data-testid="change-address"
          @click=${() => {
            this.changing = !this.changing;
          }}
        >
          ${this.changing ? t.logins.keepAddress : me.address ? t.logins.changeAddress : t.logins.addAddress}
        </button>
      </div>
    </section>`;
  }

  #browsers(): TemplateResult {
    const others = this.logins.filter((each) => !each.current).length;
    return html`<section class="card" aria-labelledby="browsers">
      <div class="head">
        <h2 id="browsers">${t.logins.browsers}</h2>
        ${
          others > 1
            ? html`<button ?disabled=${this.working} data-testid="end-others" @click=${this.#endOthers}>
                ${t.logins.endOthers}
              </button>`
            : nothing
        }
      </div>
      <p class="small muted">${t.logins.lead}</p>
      <ul class="logins">
        ${this.logins.map((each) => this.#login(each))}
      </ul>
    </section>`;
  }

  #login(each: BrowserLogin): TemplateResult {
    const device = each.device || t.logins.unknown;
    return html`<li data-testid="login" data-current=${each.current}>
      <div>
        <p>${device} ${each.current ? html`<span class="tag small">· ${t.logins.current}</span>` : nothing}</p>
        <p class="small muted">
          <span class="whole">${t.logins.opened} ${moment(each.opened_at)}</span> ·
          <span class="whole">${t.logins.seen} ${moment(each.seen_at)}</span>
        </p>
      </div>
      ${
        each.current
          ? nothing
          : html`<button
              ?disabled=${this.working}
              aria-label=${t.logins.endLabel(device, moment(each.seen_at))}
              data-testid="end-login"
              @click=${() => void this.#work(async () => (await this.#api.revokeLogin(each.id)).revoked)}
            >
              ${t.logins.end}
            </button>`
      }
    </li>`;
  }

  #attached = (event: CustomEvent<Me>): void => {
    this.me = event.detail;
    this.changing = false;
    this.told = t.logins.changed(event.detail.address);
  };

  #endOthers = (): void => void this.#work(async () => (await this.#api.revokeOthers()).revoked);

  #out = (): void => {
    if (this.me && !this.me.address) location.assign("/sign-in");
    else void this.#signOut();
  };

  async #signOut(): Promise<void> {
    this.working = true;
    try {
      await this.#api.signOut();
      forgetLinks();
      location.assign("/sign-in");
    } catch (error) {
      this.told = t.signIn.refusal(codeOf(error));
      this.working = false;
    }
  }

  async #work(run: () => Promise<number>): Promise<void> {
    this.working = true;
    try {
      const count = await run();
      this.told = t.logins.ended(count);
      await this.#look();
    } catch (error) {
      this.told = t.signIn.refusal(codeOf(error));
      // Perhaps another browser ended it first: show what there is.
      await this.#look();
    } finally {
      this.working = false;
    }
  }

  async #look(): Promise<void> {
    try {
      const [me, list] = await Promise.all([this.#api.me(), this.#api.logins()]);
      [this.me, this.logins] = [me, list.logins];
    } catch (error) {
      this.problem = codeOf(error);
    }
  }
}

function codeOf(error: unknown): string {
  return error instanceof Refusal ? error.code : "network";
}
