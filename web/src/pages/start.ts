/** `/start`: from nothing to a public page with a link to share. `/expert/profile`: the same page, to change it. */

import { css, html, LitElement, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import { Api, Refusal } from "../core/api";
import { ownLanguages } from "../core/languages";
import "../elements/link-problem";
import "../elements/notice";
import "../elements/profile-edit";
import "../elements/profile-start";
import "../elements/share-link";
import "../elements/shell";
import type { ExpertProfile, Me } from "../protocol/api";
import { t } from "../strings";
import { base, card, controls } from "../styles/shared";
import { login } from "./browser";

const EDIT = "/expert/profile";

@customElement("tt-start-page")
export class StartPage extends LitElement {
  @state() private phase: "loading" | "problem" | "start" | "done" | "edit" = "loading";
  @state() private profile: ExpertProfile | null = null;
  @state() private me: Me | null = null;
  @state() private problem = "";
  @state() private photoLost = false;
  /** The links of experts are for `/expert`; so is what this browser remembers of them. */
  readonly #api = new Api(login("/expert"));

  static override styles = [
    base,
    controls,
    card,
    css`
      .page {
        display: grid;
        gap: var(--section);
      }
      .keep {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        justify-content: space-between;
        gap: var(--space-3);
      }
      .keep div {
        flex: 1 1 var(--page-half);
      }
      .buttons > * {
        flex-grow: var(--button-grow);
      }
      .loading {
        padding-block: var(--space-7);
        text-align: center;
      }
    `,
  ];

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#load();
  }

  override render(): TemplateResult {
    const wide = this.phase === "start" || this.phase === "edit";
    const area = this.phase === "edit" ? "expert" : "";
    return html`<tt-shell width=${wide ? "wide" : "page"} .area=${area} .who=${this.profile?.name ?? ""}>${this.#page()}</tt-shell>`;
  }

  #page(): TemplateResult {
    const { profile } = this;
    switch (this.phase) {
      case "loading":
        return html`<p class="muted loading" role="status">${t.loading}</p>`;
      case "problem":
        return html`<tt-link-problem .code=${this.problem} .role=${this.me?.role ?? ""}></tt-link-problem>`;
      case "start":
        if (this.me) return this.#somebody(this.me);
        return html`<tt-profile-start
          .api=${this.#api}
          .languages=${ownLanguages(navigator.languages)}
          @tt-made=${this.#made}
        ></tt-profile-start>`;
      case "done":
        return profile ? this.#done(profile) : html``;
      case "edit":
        return html`<tt-profile-edit
          .api=${this.#api}
          .profile=${profile}
          @tt-changed=${(event: CustomEvent<ExpertProfile>) => {
            this.profile = event.detail;
          }}
        ></tt-profile-edit>`;
    }
  }

  #done(profile: ExpertProfile): TemplateResult {
    return html`<div class="page" data-testid="made">
      <div>
        <h1>${t.start.doneTitle}</h1>
        <p class="muted">${t.start.doneText}</p>
      </div>
      ${this.photoLost ? html`<p class="note warn" role="alert">${t.start.photoLater}</p>` : ""}
      <tt-share-link .url=${profile.url} .name=${profile.name}></tt-share-link>
      ${this.me?.address === "" ? this.#keep() : ""}
      <div class="row buttons">
        <a class="button primary large" href="/expert" data-testid="go-live">${t.start.goLive}</a>
        <a class="button large" href=${new URL(profile.url).pathname} data-testid="open-page">${t.start.open}</a>
        <a class="button quiet large" href=${EDIT} data-testid="edit-page">${t.start.editMore}</a>
      </div>
    </div>`;
  }

  /** Nobody could get back in from another browser. */
  #keep(): TemplateResult {
    return html`<section class="card keep" data-testid="keep">
      <div>
        <h2>${t.start.keepTitle}</h2>
        <p class="muted">${t.start.keepText}</p>
      </div>
      <a class="button" href="/sign-in?next=/start">${t.start.keep}</a>
    </section>`;
  }

  /** Whoever is signed in as somebody without an address would not find back to their money. */
  #somebody(me: Me): TemplateResult {
    const client = me.role === "client";
    return html`<tt-notice
      icon="person"
      code="login.other_role"
      .heading=${t.start.otherTitle(me.name)}
      .text=${client ? t.start.otherClient : t.start.otherRole}
    >
      ${client ? html`<a class="button primary" href="/sign-in?next=/start">${t.start.keep}</a>` : ""}
    </tt-notice>`;
  }

  async #load(): Promise<void> {
    const editing = location.pathname.startsWith(EDIT);
    try {
      this.profile = await this.#api.profile();
      await this.#know();
      this.phase = editing ? "edit" : "done";
    } catch (error) {
      const refusal = error instanceof Refusal ? error : new Refusal("network", 0, String(error));
      if (!editing && refusal.code.startsWith("auth.")) {
        if (refusal.code === "auth.forbidden") await this.#know();
        // A client with an address gets one more profile.
        if (this.me?.role === "client" && this.me.address) this.me = null;
        this.phase = "start";
        return;
      }
      this.problem = refusal.code;
      this.phase = "problem";
    }
  }

  async #know(): Promise<void> {
    try {
      this.me = await this.#api.me();
    } catch {
      // Only a hint depends on it.
    }
  }

  #made = (event: CustomEvent<{ profile: ExpertProfile; photoLost: boolean }>): void => {
    this.profile = event.detail.profile;
    this.photoLost = event.detail.photoLost;
    this.phase = "done";
    void this.#know();
    scrollTo(0, 0);
  };
}
