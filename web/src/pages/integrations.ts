/** `/integrations`: API keys and webhooks, of an expert or of the house. */

import { css, html, LitElement, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import { type Api, Refusal, UNREACHABLE } from "../core/api";
import { Integrations, siteLogin } from "../core/integrations";
import "../elements/api-keys";
import "../elements/link-problem";
import "../elements/shell";
import "../elements/webhook-endpoints";
import type { Me } from "../protocol/api";
import { t } from "../strings";
import { base } from "../styles/shared";
import { everyLogin, login, onNewLink } from "./browser";

@customElement("tt-integrations-page")
export class IntegrationsPage extends LitElement {
  @state() private me: Me | null = null;
  @state() private problem = "";
  #api: Integrations | null = null;

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
    document.title = `${t.integrations.title} · ${t.brand}`;
    void this.#enter();
  }

  override render(): TemplateResult {
    return html`<tt-shell .who=${this.me?.name ?? ""} .area=${this.me?.role ?? ""}>${this.#page()}</tt-shell>`;
  }

  #page(): TemplateResult {
    if (this.problem) return html`<tt-link-problem .code=${this.problem}></tt-link-problem>`;
    if (!this.me || !this.#api) return html`<p class="loading muted" role="status">${t.loading}</p>`;
    return html`<div class="page">
      <div>
        <h1>${t.integrations.title}</h1>
        <p class="muted">${t.integrations.lead}</p>
      </div>
      <tt-webhook-endpoints .api=${this.#api} ?house=${this.me.role === "operator"}></tt-webhook-endpoints>
      <tt-api-keys .api=${this.#api}></tt-api-keys>
    </div>`;
  }

  async #enter(): Promise<void> {
    try {
      // A link that was opened on another page of this browser will do: people have one login, not one a page.
      const found: { api: Api; me: Me } = await siteLogin([...new Set([login(), null, ...everyLogin()])]);
      this.#api = new Integrations(found.api);
      this.me = found.me;
    } catch (error) {
      this.problem = error instanceof Refusal ? error.code : UNREACHABLE;
    }
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "tt-integrations-page": IntegrationsPage;
  }
}
