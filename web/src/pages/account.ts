/** `/account`: a client's wallet, limit and data; `/account/calls` and `/account/statement` beside it. */

import { css, html, LitElement, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import { Account } from "../core/account";
import { Api, Refusal, UNREACHABLE } from "../core/api";
import { backoff } from "../core/backoff";
import { placeAt } from "../core/places";
import { pause } from "../core/timers";
import "../elements/account-calls";
import "../elements/account-overview";
import "../elements/account-statement";
import "../elements/link-problem";
import "../elements/notice";
import "../elements/shell";
import type { Me } from "../protocol/api";
import { t } from "../strings";
import { base, controls } from "../styles/shared";
import { everyLogin, forgetLinks, login, onNewLink } from "./browser";

@customElement("tt-account-page")
export class AccountPage extends LitElement {
  @state() private me: Me | null = null;
  @state() private problem = "";
  /** The role of whoever this browser knows instead. */
  @state() private other = "";
  @state() private path = location.pathname;
  @state() private gone = false;
  #account: Account | null = null;

  static override styles = [
    base,
    controls,
    css`
      .loading {
        padding-block: var(--space-7);
        text-align: center;
      }
    `,
  ];

  override connectedCallback(): void {
    super.connectedCallback();
    onNewLink();
    addEventListener("popstate", () => this.#show(location.pathname));
    this.#show(location.pathname);
    const own = login();
    // Last of all the login cookie.
    void this.#load([...new Set([...(own ? [own] : []), ...everyLogin()]), null]);
  }

  override render(): TemplateResult {
    return html`<tt-shell
      width="wide"
      .who=${this.me?.name ?? ""}
      .area=${this.me ? "client" : ""}
      .path=${this.path}
      @tt-go=${this.#go}
      @tt-deleted=${this.#deleted}
      >${this.#page()}</tt-shell
    >`;
  }

  #page(): TemplateResult {
    const account = this.#account;
    if (this.gone)
      return html`<tt-notice
        icon="check"
        data-testid="deleted"
        .heading=${t.account.data.gone}
        .text=${t.account.data.goneText}
        ><a class="button" href="/">${t.account.data.home}</a></tt-notice
      >`;
    if (!this.me || !account)
      return this.problem
        ? html`<tt-link-problem .code=${this.problem} .role=${this.other}></tt-link-problem>`
        : html`<p class="muted loading" role="status">${t.loading}</p>`;
    switch (placeAt("client", this.path)?.path) {
      case "/account/calls":
        return html`<tt-account-calls .account=${account}></tt-account-calls>`;
      case "/account/statement":
        return html`<tt-account-statement .account=${account}></tt-account-statement>`;
      default:
        return html`<tt-account-overview .account=${account} .me=${this.me}></tt-account-overview>`;
    }
  }

  #go = (event: CustomEvent<string>): void => {
    if (!event.detail.startsWith("/account")) return;
    event.preventDefault();
    if (event.detail !== location.pathname) history.pushState(null, "", event.detail);
    this.#show(event.detail);
    scrollTo(0, 0);
  };

  #show(path: string): void {
    this.path = path;
    const place = placeAt("client", path);
    const title = place && place.path !== "/account" ? t.desk.places[place.name] : t.account.title;
    document.title = `${title} · ${t.brand}`;
  }

  #deleted = (): void => {
    forgetLinks();
    this.me = null;
    this.gone = true;
  };

  /** The first client whom this browser knows. */
  async #load(tokens: readonly (string | null)[]): Promise<void> {
    for (let attempt = 1; !this.me; attempt++) {
      const refusals: Refusal[] = [];
      for (const token of tokens) {
        const api = new Api(token);
        try {
          const me = await api.me();
          if (me.role === "client") {
            [this.#account, this.me, this.problem] = [new Account(api), me, ""];
            return;
          }
          this.other = me.role;
          refusals.push(new Refusal("page.role", 403, me.role));
        } catch (error) {
          refusals.push(error instanceof Refusal ? error : new Refusal(UNREACHABLE, 0, String(error)));
        }
      }
      // Signed in as somebody else says more than a link that is old or a cookie that is missing.
      this.problem = (refusals.find((each) => each.code === "page.role") ?? refusals[0])?.code ?? "";
      if (!refusals.some((each) => each.passing)) return;
      await pause(Math.max(1000, backoff(attempt, Math.random())));
    }
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "tt-account-page": AccountPage;
  }
}
