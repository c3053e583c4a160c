/** A link to give away: to copy, to pass on, to photograph. */

import { css, html, LitElement, nothing } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { t } from "../strings";
import { base, card, controls } from "../styles/shared";
import { icon } from "./icons";

@customElement("tt-share-link")
export class ShareLink extends LitElement {
  @property() url = "";
  @property() name = "";
  @state() private copied = false;

  static override styles = [
    base,
    controls,
    card,
    css`
      .share {
        display: grid;
        grid-template-columns: var(--columns-split);
        gap: var(--space-5);
        align-items: center;
      }
      img {
        justify-self: center;
        width: var(--code);
        height: var(--code);
        border-radius: var(--radius-m);
      }
      .buttons {
        display: flex;
        flex-wrap: wrap;
        gap: var(--space-3);
      }
      button {
        flex-grow: var(--button-grow);
      }
    `,
  ];

  override render() {
    const share = typeof navigator.share === "function";
    return html`<section class="card share">
      <div class="stack">
        <div class="field">
          <label for="url">${t.start.link}</label>
          <input id="url" readonly .value=${this.url} data-testid="share-link" @focus=${this.#select} />
        </div>
        <div class="buttons">
          <button type="button" class="primary" data-testid="copy-link" @click=${() => void this.#copy()}>
            ${icon(this.copied ? "check" : "copy", "s")} ${this.copied ? t.start.copied : t.start.copy}
          </button>
          ${share ? html`<button type="button" @click=${() => void this.#share()}>${t.start.shareIt}</button>` : nothing}
        </div>
        <a class="small" href="/sites" data-testid="to-sites">${t.sites.link}</a>
      </div>
      <img src=${`${new URL(this.url).pathname}/qr.svg`} alt=${t.start.qr} width="160" height="160" />
    </section>`;
  }

  #select = (event: Event): void => {
    (event.target as HTMLInputElement).select();
  };

  async #copy(): Promise<void> {
    try {
      await navigator.clipboard.writeText(this.url);
      this.copied = true;
    } catch {
      // Clipboards can be forbidden; the link stands there to be copied by hand.
      this.renderRoot.querySelector<HTMLInputElement>("#url")?.select();
    }
  }

  async #share(): Promise<void> {
    try {
      await navigator.share({ title: this.name, url: this.url });
    } catch {
      // Whoever changes their mind has shared nothing.
    }
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "tt-share-link": ShareLink;
  }
}
