/** A private note about a client: shown, written and kept. Fires `tt-noted` with the client as it is now. */

import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import type { Desk } from "../core/desk";
import type { ClientCard } from "../protocol/api";
import { t } from "../strings";
import { base, card, controls } from "../styles/shared";

const LONGEST = 2000;

@customElement("tt-client-note")
export class ClientNote extends LitElement {
  @property({ attribute: false }) desk: Desk | null = null;
  @property({ attribute: false }) client: ClientCard | null = null;
  @state() private writing = false;
  @state() private saving = false;
  @state() private failed = false;

  static override styles = [
    base,
    controls,
    card,
    css`
      .text {
        white-space: pre-wrap;
        overflow-wrap: anywhere;
      }
      form,
      .shown {
        display: grid;
        gap: var(--space-2);
        justify-items: start;
      }
      .field,
      .note {
        width: var(--full);
      }
      button.quiet {
        margin-inline-start: calc(-1 * var(--space-4));
      }
    `,
  ];

  override render() {
    const { client } = this;
    if (!client) return nothing;
    return this.writing ? this.#form(client) : this.#shown(client);
  }

  #shown(client: ClientCard): TemplateResult {
    return html`<div class="shown">
      ${client.note ? html`<p class="note small text" data-testid="client-note">${client.note}</p>` : nothing}
      <button
        type="button"
        class="quiet"
        data-testid="write-note"
        aria-label=${`${client.note ? t.console.clients.editNote : t.console.clients.addNote}: ${client.name}`}
        @click=${() => void this.#write()}
      >
        ${client.note ? t.console.clients.editNote : t.console.clients.addNote}
      </button>
    </div>`;
  }

  #form(client: ClientCard): TemplateResult {
    return html`<form @submit=${this.#save}>
      <div class="field">
        <label for="text">${t.console.clients.noteOf(client.name)}</label>
        <textarea
          id="text"
          rows="3"
          maxlength=${LONGEST}
          aria-describedby="hint"
          data-testid="note-text"
          .value=${client.note}
        ></textarea>
        <p class="small muted" id="hint">${t.console.clients.noteHint}</p>
      </div>
      <p class="note bad small" role="alert" ?hidden=${!this.failed}>${t.console.clients.failed}</p>
      <div class="row">
        <button class="primary" data-testid="save-note" ?disabled=${this.saving}>${t.console.clients.saveNote}</button>
        <button type="button" @click=${() => this.#shut()}>${t.console.clients.cancel}</button>
      </div>
    </form>`;
  }

  async #write(): Promise<void> {
    this.writing = true;
    this.failed = false;
    await this.updateComplete;
    this.renderRoot.querySelector("textarea")?.focus();
  }

  #shut(): void {
    this.writing = false;
    void this.updateComplete.then(() => this.renderRoot.querySelector<HTMLElement>("button")?.focus());
  }

  #save = async (event: Event): Promise<void> => {
    event.preventDefault();
    const { desk, client } = this;
    if (!desk || !client || this.saving) return;
    this.saving = true;
    this.failed = false;
    try {
      const text = this.renderRoot.querySelector("textarea")?.value ?? "";
      this.client = await desk.writeNote(client.id, text);
      this.dispatchEvent(new CustomEvent<ClientCard>("tt-noted", { detail: this.client }));
      this.#shut();
    } catch {
      this.failed = true;
    } finally {
      this.saving = false;
    }
  };
}

declare global {
  interface HTMLElementTagNameMap {
    "tt-client-note": ClientNote;
  }
}
