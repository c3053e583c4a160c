/** `/development/mail`: what a local server would have sent, had it a mail server. */

import { css, html, LitElement, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import { Api, Refusal } from "../core/api";
import { moment } from "../core/moment";
import { pause } from "../core/timers";
import "../elements/notice";
import "../elements/shell";
import type { KeptMail } from "../protocol/api";
import { t } from "../strings";
import { base, card } from "../styles/shared";

const LOOK_MS = 2_000;

@customElement("tt-development-page")
export class DevelopmentPage extends LitElement {
  @state() private mails: readonly KeptMail[] | null = null;
  @state() private problem = "";
  readonly #api = new Api(null);

  static override styles = [
    base,
    card,
    css`
      .page {
        display: grid;
        gap: var(--section);
      }
      .head,
      article {
        display: grid;
        gap: var(--space-2);
      }
      ul {
        display: grid;
        gap: var(--space-4);
      }
      pre {
        margin: var(--none);
        font-family: var(--font-code);
        font-size: var(--text-s);
        white-space: pre-wrap;
        overflow-wrap: anywhere;
      }
      .loading {
        padding-block: var(--space-7);
        text-align: center;
      }
    `,
  ];

  override connectedCallback(): void {
    super.connectedCallback();
    document.title = `${t.keptMail.title} · ${t.brand}`;
    void this.#watch();
  }

  override render(): TemplateResult {
    return html`<tt-shell>${this.#page()}</tt-shell>`;
  }

  #page(): TemplateResult {
    if (this.problem === "network")
      return html`<tt-notice icon="wifi" .code=${this.problem} .heading=${t.link.unreachable} .text=${t.link.unreachableText}></tt-notice>`;
    if (this.problem)
      return html`<tt-notice icon="lock" .code=${this.problem} .heading=${t.keptMail.refused} .text=${t.keptMail.refusedText}></tt-notice>`;
    if (!this.mails) return html`<p class="loading muted" role="status">${t.loading}</p>`;
    if (this.mails.length === 0)
      return html`<tt-notice icon="clock" .heading=${t.keptMail.none} .text=${t.keptMail.noneText}></tt-notice>`;
    return html`<div class="page">
      <div class="head">
        <h1>${t.keptMail.title}</h1>
        <p class="muted">${t.keptMail.lead}</p>
      </div>
      <ul>
        ${this.mails.map(
          (mail) => html`<li>
            <article class="card" data-testid="mail">
              <p class="small muted">${t.keptMail.to} ${mail.to} · ${moment(mail.at)}</p>
              <h2>${mail.subject}</h2>
              <pre>${mail.text}</pre>
            </article>
          </li>`,
        )}
      </ul>
    </div>`;
  }

  async #watch(): Promise<void> {
    while (this.isConnected) {
      try {
        this.mails = (await this.#api.keptMails()).mails;
        this.problem = "";
      } catch (error) {
        const refusal = error instanceof Refusal ? error : new Refusal("network", 0, "");
        this.problem = refusal.passing ? "network" : refusal.code;
        if (!refusal.passing) return;
      }
      await pause(LOOK_MS);
    }
  }
}
