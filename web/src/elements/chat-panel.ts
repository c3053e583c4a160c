/** The chat beside a call; over the picture where there is no room beside it. Text is shown as text, always. */

import { css, html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import type { Api } from "../core/api";
import { type Chat, type Draft, MAX_TEXT } from "../core/chat";
import { figure } from "../core/figure";
import { soon } from "../core/moment";
import { shrunk } from "../core/shrink";
import type { ChatLine } from "../protocol/messages";
import { t } from "../strings";
import { base, card, controls } from "../styles/shared";
import "./chat-file";
import { chatWords } from "./chat-words";
import { follow } from "./follow";
import { icon } from "./icons";

@customElement("tt-chat")
export class ChatPanel extends LitElement {
  @property({ attribute: false }) chat: Chat | null = null;
  @property({ attribute: false }) api: Api | null = null;
  @property() callId = "";
  /** Whom one writes to. */
  @property() other = "";
  @state() private tooLong = false;
  @query("textarea") private field!: HTMLTextAreaElement;
  @query("input[type=file]") private picker!: HTMLInputElement;
  @query(".log") private log!: HTMLElement;
  #atEnd = true;

  constructor() {
    super();
    follow(this, () => this.chat);
  }

  static override styles = [
    base,
    controls,
    card,
    css`
      :host {
        display: grid;
        grid-template-rows: auto minmax(0, 1fr) auto;
        border: var(--hair) solid var(--line);
        border-radius: var(--radius-l);
        background: var(--surface);
        box-shadow: var(--shadow-m);
        overflow: hidden;
      }
      header {
        display: flex;
        align-items: center;
        justify-content: space-between;
        padding: var(--space-2) var(--space-2) var(--space-2) var(--space-4);
        border-block-end: var(--hair) solid var(--line);
      }
      h2 {
        font-size: var(--text-l);
      }
      header button,
      form button,
      .draft button {
        min-width: var(--touch);
        min-height: var(--touch);
        padding: var(--space-2);
        border-color: var(--clear);
        background: var(--clear);
      }
      .log {
        display: grid;
        align-content: start;
        gap: var(--space-3);
        padding: var(--space-4);
        overflow: auto;
        overscroll-behavior: contain;
      }
      ol {
        display: grid;
        gap: var(--space-2);
      }
      li {
        display: grid;
        gap: var(--space-1);
        justify-self: start;
        max-width: var(--chat-bubble);
        padding: var(--space-2) var(--space-3);
        border-radius: var(--radius-m);
        background: var(--sunken);
      }
      li.mine {
        justify-self: end;
        background: var(--accent-soft);
      }
      li.draft {
        border: var(--hair) dashed var(--line-strong);
        background: var(--clear);
      }
      .text {
        white-space: pre-wrap;
        overflow-wrap: anywhere;
        unicode-bidi: plaintext;
      }
      .about {
        font-size: var(--text-xs);
        color: var(--muted);
      }
      .bad {
        color: var(--danger-ink);
      }
      .draft .row {
        flex-wrap: nowrap;
        justify-content: space-between;
      }
      progress {
        width: var(--full);
        accent-color: var(--accent);
      }
      footer {
        display: grid;
        gap: var(--space-2);
        padding: var(--space-2);
        border-block-start: var(--hair) solid var(--line);
      }
      form {
        display: flex;
        align-items: end;
        gap: var(--space-1);
      }
      textarea {
        flex: 1;
        max-height: var(--chat-field);
        field-sizing: content;
        resize: none;
      }
      form button.primary {
        background: var(--accent);
      }
    `,
  ];

  override render() {
    const chat = this.chat;
    if (!chat) return nothing;
    const empty = chat.lines.length === 0 && chat.drafts.length === 0;
    return html`
      <header>
        <h2 id="title">${t.chat.title}</h2>
        <button type="button" aria-label=${t.chat.close} data-testid="chat-close" @click=${this.#close}>
          ${icon("close")}
        </button>
      </header>
      <div class="log" role="log" aria-labelledby="title" tabindex="0" data-testid="chat-log" @scroll=${this.#scrolled} @tt-grown=${this.#follow}>
        ${
          chat.more
            ? html`<button type="button" class="quiet" data-testid="chat-older" @click=${() => void this.#older()}>
              ${t.chat.older}
            </button>`
            : nothing
        }
        ${empty ? html`<p class="small muted">${t.chat.empty(this.other)}</p>` : nothing}
        <ol>
          ${chat.lines.map((line) => this.#line(chat, line))} ${chat.drafts.map((each) => this.#draft(chat, each))}
        </ol>
      </div>
      <footer>
        ${chat.waits ? html`<p class="small muted" role="status" data-testid="chat-waits">${t.chat.waits}</p>` : nothing}
        ${this.tooLong ? html`<p class="small bad" role="alert">${t.chat.tooLong(figure(MAX_TEXT))}</p>` : nothing}
        <form @submit=${this.#submit}>
          <button type="button" aria-label=${t.chat.attach} title=${t.chat.attach} data-testid="chat-attach" @click=${() => this.picker.click()}>
            ${icon("clip")}
          </button>
          <input
            type="file"
            hidden
            multiple
            accept="image/*,application/pdf,text/plain,.txt,.md,.csv,.log"
            data-testid="chat-picker"
            aria-label=${t.chat.attach}
            @change=${this.#picked}
          />
          <textarea
            rows="1"
            dir="auto"
            aria-label=${t.chat.label}
            placeholder=${t.chat.placeholder}
            data-testid="chat-field"
            @keydown=${this.#key}
            @input=${this.#typed}
            @paste=${this.#pasted}
          ></textarea>
          <button class="primary" aria-label=${t.chat.send} title=${t.chat.send} data-testid="chat-send">
            ${icon("send")}
          </button>
        </form>
      </footer>
    `;
  }

  #line(chat: Chat, line: ChatLine): TemplateResult {
    const mine = chat.isMine(line);
    return html`<li class=${mine ? "mine" : "theirs"} data-testid="chat-line" data-seq=${line.seq}>
      ${
        line.file
          ? html`<tt-chat-file .api=${this.api} .callId=${this.callId} .file=${line.file}></tt-chat-file>`
          : nothing
      }
      ${line.text ? html`<p class="text" data-testid="chat-text">${chatWords(line.text)}</p>` : nothing}
      <span class="about">${mine ? t.chat.you : this.other} · ${soon(line.at)}</span>
    </li>`;
  }

  #draft(chat: Chat, draft: Draft): TemplateResult {
    const name = draft.upload?.name ?? draft.file?.name ?? "";
    const part = draft.upload?.part ?? 0;
    const state = chat.waits ? t.chat.waiting : t.chat.sending;
    return html`<li
      class="mine draft"
      data-testid="chat-draft"
      data-state=${draft.code ? "failed" : draft.upload ? "uploading" : "waiting"}
    >
      <div class="row">
        ${name ? html`<bdi class="text">${name}</bdi>` : html`<p class="text">${chatWords(draft.text)}</p>`}
        ${
          draft.upload || draft.code
            ? html`<button
              type="button"
              aria-label=${draft.code ? t.chat.remove : t.chat.cancel(name)}
              data-testid="chat-drop"
              @click=${() => chat.drop(draft.id)}
            >
              ${icon("close", "s")}
            </button>`
            : nothing
        }
      </div>
      ${
        draft.upload && !draft.code
          ? html`<progress
            max="1"
            .value=${part}
            aria-label=${t.chat.uploading(name, `${Math.round(part * 100)} %`)}
          ></progress>`
          : nothing
      }
      <span class="about ${draft.code ? "bad" : "wait"}">${draft.code ? t.chat.refusal(draft.code) : state}</span>
    </li>`;
  }

  // -- writing -----------------------------------------------------------------------------------------------

  #submit = (event: Event): void => {
    event.preventDefault();
    this.#atEnd = true;
    this.chat?.say(this.field.value);
    this.field.value = "";
    this.tooLong = false;
    this.field.focus();
  };

  #key = (event: KeyboardEvent): void => {
    if (event.key === "Escape") this.#close();
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    this.#submit(event);
  };

  #typed = (): void => {
    this.tooLong = [...this.field.value.trim()].length > MAX_TEXT;
  };

  #pasted = (event: ClipboardEvent): void => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length === 0) return;
    event.preventDefault();
    void this.#attach(files);
  };

  #picked = (): void => {
    void this.#attach([...(this.picker.files ?? [])]);
    this.picker.value = "";
  };

  async #attach(files: readonly File[]): Promise<void> {
    this.#atEnd = true;
    for (const file of files) this.chat?.attach(await shrunk(file));
  }

  // -- looking -----------------------------------------------------------------------------------------------

  override connectedCallback(): void {
    super.connectedCallback();
    this.#atEnd = true;
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.chat?.look(false);
  }

  override firstUpdated(): void {
    this.chat?.look(true);
    this.field.focus();
  }

  override updated(_changed: PropertyValues): void {
    this.#follow();
  }

  /** What is new comes into view, unless one reads further up. */
  #follow = (): void => {
    if (this.#atEnd) this.log.scrollTop = this.log.scrollHeight;
  };

  #scrolled = (): void => {
    const { scrollTop, scrollHeight, clientHeight } = this.log;
    this.#atEnd = scrollHeight - scrollTop - clientHeight < clientHeight / 4;
  };

  async #older(): Promise<void> {
    const first = this.chat?.lines[0];
    if (!first || !this.api) return;
    const path = `/calls/${encodeURIComponent(this.callId)}/chat?before=${first.seq}`;
    try {
      const page = await this.api.request<{ lines: ChatLine[]; more: boolean }>("GET", path);
      this.chat?.older(page.lines, page.more);
    } catch {
      // The button stays, to be pressed again.
    }
  }

  #close = (): void => {
    this.dispatchEvent(new CustomEvent("tt-close"));
  };
}

declare global {
  interface HTMLElementTagNameMap {
    "tt-chat": ChatPanel;
  }
}
