/** A secret that is shown this once: to copy, in a dialog. */

import { css, html, LitElement } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { t } from "../strings";
import { base, card, controls } from "../styles/shared";
import "./dialog";
import type { Dialog } from "./dialog";
import { icon } from "./icons";

@customElement("tt-secret-once")
export class SecretOnce extends LitElement {
  @property() heading = "";
  @property() secret = "";
  @state() private copied = false;

  static override styles = [
    base,
    controls,
    card,
    css`
      output {
        display: block;
        padding: var(--space-3) var(--space-4);
        border-radius: var(--radius-m);
        background: var(--sunken);
        font-family: var(--font-code);
        font-size: var(--text-s);
        overflow-wrap: anywhere;
        user-select: all;
      }
    `,
  ];

  override render() {
    return html`<tt-dialog .heading=${this.heading} @tt-close=${this.#closed}>
      <div class="stack">
        <p class="note warn">${t.integrations.once}</p>
        <output data-testid="secret">${this.secret}</output>
        <div class="row">
          <button type="button" class="primary" data-testid="copy-secret" @click=${() => void this.#copy()}>
            ${icon(this.copied ? "check" : "copy", "s")}
            ${this.copied ? t.integrations.copied : t.integrations.copy}
          </button>
          <button
            type="button"
            data-testid="secret-done"
            @click=${() => this.renderRoot.querySelector<Dialog>("tt-dialog")?.close()}
          >
            ${t.integrations.done}
          </button>
        </div>
      </div>
    </tt-dialog>`;
  }

  /** What is closed is forgotten: whoever shows the secret hears of it. */
  #closed = (): void => {
    this.dispatchEvent(new CustomEvent("tt-close"));
  };

  async #copy(): Promise<void> {
    try {
      await navigator.clipboard.writeText(this.secret);
      this.copied = true;
    } catch {
      // Clipboards can be forbidden; a click on the secret selects all of it.
    }
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "tt-secret-once": SecretOnce;
  }
}
