/** Makes a link for one more person. */

import { html, LitElement, nothing } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import type { Api } from "../core/api";
import { t } from "../strings";
import { base, card, controls } from "../styles/shared";
import { icon } from "./icons";

@customElement("tt-invite")
export class Invite extends LitElement {
  @property({ attribute: false }) api: Api | null = null;
  @property() callId = "";
  @state() private url = "";
  @state() private failed = false;
  @state() private copied = false;

  static override styles = [base, controls, card];

  override render() {
    return html`
      <form class="stack" @submit=${this.#make}>
        <p class="muted">${t.invite.text}</p>
        <div class="field">
          <label for="name">${t.invite.name}</label>
          <input id="name" name="name" required maxlength="60" autocomplete="off" data-testid="guest-name" />
        </div>
        <button class="primary" data-testid="make-link">${t.invite.make}</button>
        ${this.failed ? html`<p class="note bad" role="alert">${t.invite.failed}</p>` : nothing}
        ${
          this.url
            ? html`<div class="field">
              <label for="url">${t.invite.link}</label>
              <input id="url" readonly .value=${this.url} data-testid="guest-link" @focus=${this.#select} />
            </div>
            <button type="button" data-testid="copy-link" @click=${() => void this.#copy()}>
              ${icon(this.copied ? "check" : "copy", "s")} ${this.copied ? t.invite.copied : t.invite.copy}
            </button>`
            : nothing
        }
      </form>
    `;
  }

  #make = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const form = event.target as HTMLFormElement;
    const name = String(new FormData(form).get("name") ?? "").trim();
    if (!name || !this.api) return;
    this.failed = false;
    this.copied = false;
    try {
      this.url = (await this.api.invite(this.callId, name)).url;
    } catch {
      this.failed = true;
    }
  };

  #select = (event: Event): void => {
    (event.target as HTMLInputElement).select();
  };

  async #copy(): Promise<void> {
    try {
      await navigator.clipboard.writeText(this.url);
      this.copied = true;
    } catch {
      // Clipboards can be forbidden; the link stands there to be copied by hand.
    }
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "tt-invite": Invite;
  }
}
