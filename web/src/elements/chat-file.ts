/** A file in the chat: a picture as a preview, everything else by name and size. Both can be saved, none opened. */

import { css, html, LitElement, nothing, type PropertyValues } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { type Api, Refusal } from "../core/api";
import { figure } from "../core/figure";
import type { ChatFile } from "../protocol/messages";
import { t } from "../strings";
import { base, controls } from "../styles/shared";
import { icon } from "./icons";

@customElement("tt-chat-file")
export class ChatFileElement extends LitElement {
  @property({ attribute: false }) api: Api | null = null;
  @property() callId = "";
  @property({ attribute: false }) file: ChatFile | null = null;
  @state() private url = "";
  @state() private gone = false;
  #asked = "";

  static override styles = [
    base,
    controls,
    css`
      button {
        display: flex;
        align-items: center;
        gap: var(--space-2);
        max-width: var(--full);
        text-align: start;
        overflow-wrap: anywhere;
      }
      button.picture {
        padding: var(--none);
        border: none;
        border-radius: var(--radius-s);
        background: var(--sunken);
        overflow: hidden;
      }
      img {
        display: block;
        width: auto;
        height: auto;
        max-width: var(--full);
        max-height: var(--chat-picture);
      }
      .about {
        display: grid;
      }
    `,
  ];

  override render() {
    const file = this.file;
    if (!file) return nothing;
    if (this.gone) return html`<p class="small muted" data-testid="file-gone">${t.chat.gone}</p>`;
    if (file.kind.startsWith("image/") && this.url)
      return html`<button
        type="button"
        class="picture"
        data-testid="chat-picture"
        title=${t.chat.save(file.name)}
        aria-label=${t.chat.save(file.name)}
        @click=${() => void this.#save()}
      >
        <img
          src=${this.url}
          width=${file.width}
          height=${file.height}
          alt=${t.chat.picture(file.name)}
          @load=${() => this.dispatchEvent(new CustomEvent("tt-grown", { bubbles: true, composed: true }))}
        />
      </button>`;
    return html`<button type="button" data-testid="chat-file" title=${t.chat.save(file.name)} @click=${() => void this.#save()}>
      ${icon("download", "s")}
      <span class="about">
        <bdi>${file.name}</bdi><span class="small muted">${sizeOf(file.size)}</span>
      </span>
    </button>`;
  }

  override updated(_changed: PropertyValues): void {
    const file = this.file;
    if (!file?.kind.startsWith("image/") || this.#asked === file.id) return;
    this.#asked = file.id;
    void this.#show(file);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    if (this.url) URL.revokeObjectURL(this.url);
    this.url = "";
    this.#asked = "";
  }

  async #show(file: ChatFile): Promise<void> {
    const blob = await this.#fetch(file);
    // Only as what the server made: a picture. Anything else stays a thing to save.
    if (blob && this.isConnected) this.url = URL.createObjectURL(new Blob([blob], { type: file.kind }));
  }

  async #fetch(file: ChatFile): Promise<Blob | null> {
    try {
      const call = encodeURIComponent(this.callId);
      return (await this.api?.file(`/calls/${call}/files/${encodeURIComponent(file.id)}`)) ?? null;
    } catch (error) {
      // A connection that fails says nothing about the file: it can be asked for again.
      this.gone = error instanceof Refusal && !error.passing;
      return null;
    }
  }

  async #save(): Promise<void> {
    const file = this.file;
    const blob = file && (await this.#fetch(file));
    if (!file || !blob) return;
    // Never as a page of ours: bytes to be saved, whatever they say they are.
    const url = URL.createObjectURL(new Blob([blob], { type: "application/octet-stream" }));
    const link = document.createElement("a");
    link.href = url;
    link.download = file.name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
  }
}

function sizeOf(bytes: number): string {
  if (bytes < 1_000) return t.chat.bytes(figure(bytes));
  if (bytes < 1_000_000) return t.chat.kilobytes(figure(Math.round(bytes / 1_000)));
  return t.chat.megabytes(figure(bytes / 1_000_000, 1));
}

declare global {
  interface HTMLElementTagNameMap {
    "tt-chat-file": ChatFileElement;
  }
}
