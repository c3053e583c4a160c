/** A modal dialog on the native element: focus stays inside, Escape closes, the rest is inert. */

import { css, html, LitElement } from "lit";
import { customElement, property, query } from "lit/decorators.js";
import { t } from "../strings";
import { base, controls } from "../styles/shared";
import { icon } from "./icons";

@customElement("tt-dialog")
export class Dialog extends LitElement {
  @property() heading = "";
  @query("dialog") private dialog!: HTMLDialogElement;

  static override styles = [
    base,
    controls,
    css`
      dialog {
        width: min(var(--dialog), calc(var(--full) - 2 * var(--space-4)));
        max-height: calc(var(--screen) - 2 * var(--space-4));
        padding: var(--space-5);
        border: var(--hair) solid var(--line);
        border-radius: var(--radius-l);
        background: var(--surface);
        color: var(--ink);
        box-shadow: var(--shadow-l);
        overflow: auto;
      }
      dialog::backdrop {
        background: var(--scrim);
      }
      .head {
        display: flex;
        align-items: center;
        justify-content: space-between;
        gap: var(--space-3);
        margin-block-end: var(--space-4);
      }
      .head button {
        padding: var(--space-2);
        width: var(--touch);
        margin: calc(-1 * var(--space-2));
        border-color: var(--clear);
      }
    `,
  ];

  override render() {
    return html`
      <dialog aria-labelledby="heading" closedby="any" @close=${this.#closed}>
        <div class="head">
          <h2 id="heading">${this.heading}</h2>
          <button type="button" aria-label=${t.close} data-testid="dialog-close" @click=${() => this.dialog.close()}>
            ${icon("close")}
          </button>
        </div>
        <slot></slot>
      </dialog>
    `;
  }

  override firstUpdated(): void {
    this.dialog.showModal();
  }

  close(): void {
    this.dialog.close();
  }

  #closed = (): void => {
    this.dispatchEvent(new CustomEvent("tt-close"));
  };
}

declare global {
  interface HTMLElementTagNameMap {
    "tt-dialog": Dialog;
  }
}
