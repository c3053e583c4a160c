/** `/wallet`: what I have, how I pay in, and what I paid. */

import { css, html, LitElement, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import { Api, Refusal } from "../core/api";
import { backoff } from "../core/backoff";
import { pause } from "../core/timers";
import "../elements/link-problem";
import { followReturned } from "../elements/purse";
import "../elements/shell";
import "../elements/wallet";
import type { Me } from "../protocol/api";
import { t } from "../strings";
import { base } from "../styles/shared";
import { everyLogin, login, onNewLink } from "./browser";

@customElement("tt-wallet-page")
export class WalletPage extends LitElement {
  @state() private me: Me | null = null;
  @state() private problem = "";
  #api: Api | null = null;

  static override styles = [
    base,
    css`
      .page {
        display: grid;
        gap: var(--section);
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
    document.title = `${t.wallet.title} · ${t.brand}`;
    const own = login();
    // Last of all the login cookie.
    void this.#load([...new Set([...(own ? [own] : []), ...everyLogin()]), null]);
  }

  override render(): TemplateResult {
    return html`<tt-shell width="wide" .who=${this.me?.name ?? ""} .area=${this.me ? "client" : ""}>${this.#page()}</tt-shell>`;
  }

  #page(): TemplateResult {
    if (this.me)
      return html`<div class="page">
        <h1>${t.wallet.title}</h1>
        <talktime-wallet .api=${this.#api}></talktime-wallet>
      </div>`;
    if (this.problem)
      return html`<tt-link-problem .code=${this.problem} .role=${"expert"}></tt-link-problem>`;
    return html`<p class="muted loading" role="status">${t.loading}</p>`;
  }

  /** The first client whom this browser knows. */
  async #load(tokens: readonly (string | null)[]): Promise<void> {
    for (let attempt = 1; !this.me; attempt++) {
      let waits = false;
      for (const token of tokens) {
        const api = new Api(token);
        try {
          const me = await api.me();
          if (me.role !== "client") {
            this.problem = "page.role";
            continue;
          }
          this.#begin(api, me);
          return;
        } catch (error) {
          const refusal = error instanceof Refusal ? error : new Refusal("network", 0, String(error));
          waits ||= refusal.passing;
          this.problem ||= refusal.code;
        }
      }
      if (!waits) return;
      await pause(Math.max(1000, backoff(attempt, Math.random())));
    }
  }

  #begin(api: Api, me: Me): void {
    this.#api = api;
    this.problem = "";
    followReturned(api);
    this.me = me;
  }
}
