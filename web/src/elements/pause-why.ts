/** While one holds the call: a word about why, for the other's page and the receipt. Takes no answer as well. */

import { css, html, LitElement } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { t } from "../strings";
import { base, controls } from "../styles/shared";

const LONGEST = 200;

@customElement("tt-pause-why")
export class PauseWhy extends LitElement {
  /** What was said already. */
  @property() note = "";
  @state() private typed = "";

  static override styles = [
    base,
    controls,
    css`
      :host {
        width: var(--full);
      }
      .reasons {
        justify-content: center;
        gap: var(--space-2);
      }
      .reasons button {
        padding-inline: var(--space-3);
        font-size: var(--text-s);
      }
      .reasons button[aria-pressed="true"] {
        border-color: var(--accent);
        background: var(--accent-soft);
      }
      .line {
        display: flex;
        gap: var(--space-2);
      }
      .line button {
        flex: none;
      }
    `,
  ];

  override render() {
    return html`<form class="stack" @submit=${this.#submit}>
      <div class="row reasons" role="group" aria-label=${t.inCall.pause.label}>
        ${t.inCall.pause.reasons.map(
          (reason) => html`<button
            type="button"
            data-testid="pause-reason"
            aria-pressed=${this.note === reason ? "true" : "false"}
            @click=${() => this.#say(reason)}
          >
            ${reason}
          </button>`,
        )}
      </div>
      <div class="line">
        <input
          data-testid="pause-why"
          maxlength=${LONGEST}
          autocomplete="off"
          aria-label=${t.inCall.pause.label}
          placeholder=${t.inCall.pause.label}
          .value=${this.typed}
          @input=${(event: Event) => {
            this.typed = (event.target as HTMLInputElement).value;
          }}
        />
        <button type="submit" ?disabled=${this.typed.trim() === ""}>${t.inCall.pause.say}</button>
      </div>
    </form>`;
  }

  #submit = (event: Event): void => {
    event.preventDefault();
    if (this.typed.trim()) this.#say(this.typed.trim());
    this.typed = "";
  };

  #say(note: string): void {
    this.dispatchEvent(new CustomEvent<string>("tt-pause", { detail: note, bubbles: true, composed: true }));
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "tt-pause-why": PauseWhy;
  }
}
