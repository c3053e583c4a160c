/** A text to copy: shown whole, with one button. */

import { css, html, LitElement } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { t } from "../strings";
import { base, controls } from "../styles/shared";
import { icon } from "./icons";

@customElement("tt-copy-text")
export class CopyText extends LitElement {
  @property() label = "";
  @property() text = "";
  @state() private copied = false;

  static override styles = [
    base,
    controls,
    css`
      .box {
        display: grid;
        grid-template-columns: minmax(0, 1fr) auto;
        align-items: center;
        gap: var(--space-2);
        padding: var(--space-2) var(--space-2) var(--space-2) var(--space-3);
        border-radius: var(--radius-s);
        background: var(--sunken);
      }
      code {
        font-family: var(--font-code);
        font-size: var(--text-xs);
        white-space: pre-wrap;
        overflow-wrap: anywhere;
        user-select: all;
      }
      .label {
        font-size: var(--text-s);
        font-weight: var(--weight-medium);
      }
    `,
  ];

  override render() {
    return html`<div class="field">
      <span class="label">${this.label}</span>
      <div class="box">
        <code data-testid="text">${this.text}</code>
        <button type="button" aria-label=${`${t.sites.copy}: ${this.label}`} @click=${() => void this.#copy()}>
          ${icon(this.copied ? "check" : "copy", "s")} ${this.copied ? t.sites.copied : t.sites.copy}
        </button>
      </div>
    </div>`;
  }

  async #copy(): Promise<void> {
    try {
      await navigator.clipboard.writeText(this.text);
      this.copied = true;
    } catch {
      // Clipboards can be forbidden. A click into the text selects all of it, to be copied by hand.
      const code = this.renderRoot.querySelector("code");
      if (code) getSelection()?.selectAllChildren(code);
    }
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "tt-copy-text": CopyText;
  }
}
