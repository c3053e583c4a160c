/** A photo: choose, see, remove. Tells the small square one as `tt-photo`, or null when it is taken away. */

import { css, html, LitElement, nothing } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { squared } from "../core/photo";
import { t } from "../strings";
import { base, controls } from "../styles/shared";
import { icon } from "./icons";

@customElement("tt-photo-field")
export class PhotoField extends LitElement {
  /** Address of what is shown. */
  @property() src = "";
  @property() name = "";
  @state() private bad = false;

  static override styles = [
    base,
    controls,
    css`
      .row {
        flex-wrap: nowrap;
      }
      img,
      .letter {
        flex: none;
        width: var(--avatar-size);
        height: var(--avatar-size);
        border-radius: var(--radius-full);
        object-fit: cover;
      }
      .letter {
        display: grid;
        place-items: center;
        background: var(--avatar);
      }
      .buttons {
        display: flex;
        flex-wrap: wrap;
        gap: var(--space-2);
      }
      .button {
        position: relative;
        font-size: var(--text-m);
      }
      .button:has(:focus-visible) {
        outline: var(--focus) solid var(--accent);
        outline-offset: var(--space-0);
      }
      input {
        position: absolute;
        inset: var(--none);
        opacity: 0;
        cursor: pointer;
      }
      .bad {
        color: var(--danger-ink);
      }
    `,
  ];

  override render() {
    return html`<div class="row">
      ${this.src ? html`<img src=${this.src} alt=${t.start.photo} />` : html`<span class="letter">${icon("person", "l")}</span>`}
      <div class="field">
        <div class="buttons">
          <label class="button">
            ${this.src ? t.start.photoChange : t.start.photoChoose}
            <input type="file" accept="image/*" data-testid="photo" @change=${this.#choose} />
          </label>
          ${
            this.src
              ? html`<button type="button" class="quiet" data-testid="photo-remove" @click=${this.#remove}>
                ${t.start.photoRemove}
              </button>`
              : nothing
          }
        </div>
        ${
          this.bad
            ? html`<p class="small bad" role="alert">${t.start.photoBad}</p>`
            : html`<p class="small muted">${t.start.photoHint}</p>`
        }
      </div>
    </div>`;
  }

  #choose = async (event: Event): Promise<void> => {
    const input = event.target as HTMLInputElement;
    const file = input.files?.[0];
    if (!file) return;
    this.bad = false;
    try {
      this.#tell(await squared(file));
    } catch {
      this.bad = true;
    } finally {
      input.value = "";
    }
  };

  #remove = (): void => {
    this.#tell(null);
  };

  #tell(detail: Blob | null): void {
    this.dispatchEvent(new CustomEvent("tt-photo", { detail }));
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "tt-photo-field": PhotoField;
  }
}
