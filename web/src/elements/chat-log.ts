/** What was written and sent in a call that is over, for its two sides: links and files are wanted afterwards. */

import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import type { Api } from "../core/api";
import { minuteOfDay } from "../core/moment";
import type { ChatPage } from "../protocol/api";
import type { ChatLine } from "../protocol/messages";
import { t } from "../strings";
import { base, card, controls } from "../styles/shared";
import "./chat-file";
import { chatWords } from "./chat-words";

@customElement("tt-chat-log")
export class ChatLog extends LitElement {
  @property({ attribute: false }) api: Api | null = null;
  @property() call = "";
  /** Whose page this is. */
  @property() side: ChatLine["sender"] = "payer";
  /** The other one's name. */
  @property() name = "";
  @state() private lines: readonly ChatLine[] = [];
  @state() private more = false;
  #asked = "";

  static override styles = [
    base,
    controls,
    card,
    css`
      /* Where nothing was written, nothing takes room. */
      :host {
        display: contents;
      }
      ul {
        display: grid;
        gap: var(--space-4);
      }
      .text {
        overflow-wrap: anywhere;
        white-space: pre-line;
      }
    `,
  ];

  override render() {
    if (this.lines.length === 0) return nothing;
    return html`<section class="card stack" data-testid="chat-log">
      <h2>${t.chat.title}</h2>
      ${
        this.more
          ? html`<button type="button" data-testid="chat-older" @click=${() => void this.#load()}>${t.chat.older}</button>`
          : nothing
      }
      <ul>
        ${this.lines.map((line) => this.#line(line))}
      </ul>
    </section>`;
  }

  #line(line: ChatLine): TemplateResult {
    return html`<li>
      <p class="small muted">
        ${line.sender === this.side ? t.chat.you : this.name} · <time datetime=${line.at}>${minuteOfDay(line.at)}</time>
      </p>
      ${line.text ? html`<p class="text" dir="auto" data-testid="chat-text">${chatWords(line.text)}</p>` : nothing}
      ${
        line.file
          ? html`<tt-chat-file .api=${this.api} .callId=${this.call} .file=${line.file}></tt-chat-file>`
          : nothing
      }
    </li>`;
  }

  override updated(): void {
    if (!this.api || !this.call || this.#asked === this.call) return;
    this.#asked = this.call;
    this.lines = [];
    void this.#load();
  }

  async #load(): Promise<void> {
    const { api, call } = this;
    const before = this.lines[0] ? `?before=${this.lines[0].seq}` : "";
    try {
      const page = await api?.request<ChatPage>("GET", `/calls/${encodeURIComponent(call)}/chat${before}`);
      if (!page || this.#asked !== call) return;
      this.lines = [...page.lines, ...this.lines];
      this.more = page.more;
    } catch {
      // Whoever has no part in the chat sees none; what is there is seen at the next visit.
    }
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "tt-chat-log": ChatLog;
  }
}
