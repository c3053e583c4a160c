/** `/sign-in`: with an address and a code; a guest adds an address here and keeps the wallet. */

import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import { Api, Refusal } from "../core/api";
import { nextPage } from "../core/next-page";
import "../elements/dialog";
import type { Dialog } from "../elements/dialog";
import "../elements/notice";
import "../elements/shell";
import "../elements/sign-in";
import type { Me } from "../protocol/api";
import { t } from "../strings";
import { base, card, controls } from "../styles/shared";
import { forgetLinks } from "./browser";

@customElement("tt-sign-in-page")
export class SignInPage extends LitElement {
  @state() private phase: "loading" | "unreachable" | "ready" = "loading";
  @state() private me: Me | null = null;
  @state() private asked = false;
  readonly #api = new Api(null);
  readonly #next = new URLSearchParams(location.search).get("next");

  static override styles = [
    base,
    controls,
    card,
    css`
      .page {
        display: grid;
        gap: var(--space-5);
        padding-block-start: var(--space-6);
      }
      .head {
        display: grid;
        gap: var(--space-2);
      }
      .loading {
        padding-block: var(--space-7);
        text-align: center;
      }
      .center {
        display: grid;
        justify-items: center;
      }
    `,
  ];

  override connectedCallback(): void {
    super.connectedCallback();
    document.title = `${t.signIn.title} · ${t.brand}`;
    void this.#look();
  }

  override render(): TemplateResult {
    return html`<tt-shell width="narrow" .who=${this.me?.name ?? ""}>${this.#page()}</tt-shell>`;
  }

  #page(): TemplateResult {
    if (this.phase === "loading") return html`<p class="loading muted" role="status">${t.loading}</p>`;
    if (this.phase === "unreachable")
      return html`<tt-notice icon="wifi" code="network" .heading=${t.link.unreachable} .text=${t.link.unreachableText}>
        <button class="primary" @click=${() => void this.#look()}>${t.retry}</button>
      </tt-notice>`;
    if (!this.me) return this.#form(t.signIn.title, t.signIn.lead, false);
    if (!this.me.address) return this.#guest(this.me);
    return html`<tt-notice icon="person" .heading=${t.signIn.here(this.me.name)} .text=${t.signIn.hereText(this.me.address)}>
      <a class="button primary" href=${nextPage(this.#next, this.me.role)}>${t.signIn.goOn}</a>
      <button @click=${() => void this.#signOut()} data-testid="sign-out">${t.signIn.out}</button>
    </tt-notice>`;
  }

  #guest(me: Me): TemplateResult {
    return html`${this.#form(t.signIn.attachTitle(me.role), t.signIn.attachLead(me.name, me.role), true)}
      <p class="center">
        <button class="quiet" data-testid="sign-out" @click=${this.#askOut}>
          ${t.signIn.guestOut}
        </button>
      </p>
      ${this.asked ? this.#dialog(me.role) : nothing}`;
  }

  /** What has no address would be left behind. */
  #dialog(role: string): TemplateResult {
    return html`<tt-dialog
      .heading=${t.signIn.guestOutAsk(role)}
      @tt-close=${() => {
        this.asked = false;
      }}
    >
      <div class="stack">
        <p class="muted">${t.signIn.guestOutText}</p>
        <div class="row">
          <button class="danger" data-testid="sign-out-confirm" @click=${() => void this.#signOut()}>
            ${t.signIn.out}
          </button>
          <button @click=${() => this.renderRoot.querySelector<Dialog>("tt-dialog")?.close()}>
            ${t.signIn.stay}
          </button>
        </div>
      </div>
    </tt-dialog>`;
  }

  #form(heading: string, lead: string, attach: boolean): TemplateResult {
    return html`<div class="page">
      <div class="head">
        <h1>${heading}</h1>
        <p class="muted">${lead}</p>
      </div>
      <div class="card">
        <tt-sign-in .api=${this.#api} ?attach=${attach} @tt-signed-in=${this.#signedIn}></tt-sign-in>
      </div>
    </div>`;
  }

  #askOut = (): void => {
    this.asked = true;
  };

  #signedIn = (event: CustomEvent<Me>): void => {
    // A link that was opened here before would still speak for somebody else.
    forgetLinks();
    location.assign(nextPage(this.#next, event.detail.role));
  };

  async #look(): Promise<void> {
    this.phase = "loading";
    try {
      this.me = await this.#api.me();
      this.phase = "ready";
    } catch (error) {
      const nobody = error instanceof Refusal && error.status === 401;
      this.me = null;
      this.phase = nobody ? "ready" : "unreachable";
    }
  }

  async #signOut(): Promise<void> {
    this.asked = false;
    try {
      await this.#api.signOut();
      forgetLinks();
      await this.#look();
    } catch {
      this.phase = "unreachable";
    }
  }
}
