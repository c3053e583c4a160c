/** A field to search by. Fires `tt-search` with the words, a moment after the last key. */

import { html, LitElement } from "lit";
import { customElement, property } from "lit/decorators.js";
import { base, controls } from "../styles/shared";

const REST_MS = 250;

@customElement("tt-search-field")
export class SearchField extends LitElement {
  @property() label = "";
  @property() value = "";
  #told = "";
  #timer: ReturnType<typeof setTimeout> | undefined;

  static override styles = [base, controls];

  override render() {
    return html`<form role="search" @submit=${this.#now}>
      <div class="field">
        <label for="words">${this.label}</label>
        <input
          id="words"
          type="search"
          maxlength="100"
          autocomplete="off"
          spellcheck="false"
          enterkeyhint="search"
          data-testid="search"
          .value=${this.value}
          @input=${this.#soon}
        />
      </div>
    </form>`;
  }

  override willUpdate(changed: Map<string, unknown>): void {
    if (changed.has("value")) this.#told = this.value;
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearTimeout(this.#timer);
  }

  #soon = (): void => {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#tell(), REST_MS);
  };

  #now = (event: Event): void => {
    event.preventDefault();
    clearTimeout(this.#timer);
    this.#tell();
  };

  #tell(): void {
    const words = this.renderRoot.querySelector("input")?.value.trim() ?? "";
    if (words === this.#told) return;
    this.#told = words;
    this.dispatchEvent(new CustomEvent<string>("tt-search", { detail: words }));
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "tt-search-field": SearchField;
  }
}
