/** `/receipt/{call}`: the receipt of a call, on the screen, on paper and as JSON. */

import { css, html, LitElement, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import { Api, Refusal } from "../core/api";
import { backoff } from "../core/backoff";
import { pause } from "../core/timers";
import "../elements/notice";
import "../elements/receipt";
import "../elements/shell";
import type { Receipt } from "../protocol/api";
import { t } from "../strings";
import { base } from "../styles/shared";
import { everyLogin, login, onNewLink } from "./browser";

@customElement("tt-receipt-page")
export class ReceiptPage extends LitElement {
  @state() private receipt: Receipt | null = null;
  @state() private api: Api | null = null;
  @state() private problem = "";

  static override styles = [
    base,
    css`
      p {
        padding-block: var(--space-7);
        text-align: center;
      }
    `,
  ];

  override connectedCallback(): void {
    super.connectedCallback();
    onNewLink();
    const own = login();
    // Last of all the login cookie.
    const tokens = [...new Set([...(own ? [own] : []), ...everyLogin()]), null];
    void this.#load(decodeURIComponent(location.pathname.split("/")[2] ?? ""), tokens);
  }

  override render(): TemplateResult {
    return html`<tt-shell>${this.#page()}</tt-shell>`;
  }

  #page(): TemplateResult {
    if (this.receipt) return html`<tt-receipt .receipt=${this.receipt} .api=${this.api}></tt-receipt>`;
    switch (this.problem) {
      case "":
        return html`<p class="muted" role="status">${t.loading}</p>`;
      case "call.not_ended":
        return html`<tt-notice icon="clock" .code=${this.problem} .heading=${t.receipt.notYet} .text=${t.receipt.notYetText}></tt-notice>`;
      case "network":
        return html`<tt-notice icon="wifi" .code=${this.problem} .heading=${t.link.unreachable} .text=${t.link.unreachableText}></tt-notice>`;
      default:
        return html`<tt-notice icon="receipt" .code=${this.problem} .heading=${t.receipt.missing} .text=${t.receipt.missingText}></tt-notice>`;
    }
  }

  /** The receipt belongs to one of the people this browser knows: the first who may read it does. */
  async #load(id: string, tokens: readonly (string | null)[]): Promise<void> {
    for (let attempt = 1; !this.receipt; attempt++) {
      let waits = false;
      for (const token of tokens) {
        try {
          const api = new Api(token);
          this.receipt = await api.receipt(id);
          this.api = api;
          document.title = `${t.receipt.title} · ${t.brand}`;
          return;
        } catch (error) {
          const refusal = error instanceof Refusal ? error : new Refusal("network", 0, String(error));
          const passing = refusal.passing || refusal.code === "call.not_ended";
          if (passing || !waits) this.problem = refusal.passing ? "network" : refusal.code;
          waits ||= passing;
        }
      }
      if (!waits) return;
      await pause(Math.max(1000, backoff(attempt, Math.random())));
    }
  }
}
