/**
 * Proves a mail address by a code and then signs in, or (with `attach`) adds the address to who one is already.
 * Fires `tt-signed-in` with the `Me` that came of it.
 */

import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { type Api, Refusal } from "../core/api";
import type { Me, Profile } from "../protocol/api";
import { t } from "../strings";
import { base, card, controls } from "../styles/shared";
import { type IconName, icon } from "./icons";

type Step = "address" | "code" | "choose" | "name";

const ROLE_ICONS: Record<string, IconName> = { client: "wallet", expert: "person", operator: "lock" };

@customElement("tt-sign-in")
export class SignIn extends LitElement {
  @property({ attribute: false }) api: Api | null = null;
  /** Add the address to the person who is signed in, instead of signing in. */
  @property({ type: Boolean }) attach = false;
  @state() private step: Step = "address";
  @state() private working = false;
  @state() private refusal = "";
  @state() private profiles: readonly Profile[] = [];
  @state() private kept = false;
  #address = "";
  #ticket = "";
  #code = "";

  static override styles = [
    base,
    controls,
    card,
    css`
      form,
      .step {
        display: grid;
        gap: var(--space-4);
      }
      .code {
        font-size: var(--text-xl);
        font-variant-numeric: tabular-nums;
        letter-spacing: var(--tracking-code);
        text-align: center;
      }
      .others {
        display: flex;
        flex-wrap: wrap;
        justify-content: center;
        gap: var(--space-2);
      }
      .bad {
        color: var(--danger-ink);
      }
      .profiles {
        display: grid;
        gap: var(--space-2);
      }
      .profiles button {
        justify-content: flex-start;
        width: var(--full);
        min-height: var(--control);
        border-radius: var(--radius-m);
        text-align: start;
      }
      .profiles span {
        display: grid;
      }
      .profiles svg {
        color: var(--accent);
      }
    `,
  ];

  override render(): TemplateResult {
    return html`<div class="step" data-testid="sign-in" data-step=${this.step}>
      ${this.#step()}
    </div>`;
  }

  #refused(): TemplateResult {
    return html`<p class="bad" role="alert" data-testid="sign-in-refusal" ?hidden=${!this.refusal}>
      ${this.refusal ? t.signIn.refusal(this.refusal) : nothing}
    </p>`;
  }

  protected override updated(changed: Map<string, unknown>): void {
    // Only after a step of one's own: on arrival the page's heading comes first.
    if (changed.has("step") && changed.get("step") !== undefined)
      this.renderRoot.querySelector<HTMLElement>("input, .profiles button")?.focus();
  }

  #step(): TemplateResult {
    switch (this.step) {
      case "address":
        return this.#askAddress();
      case "code":
        return this.#askCode();
      case "choose":
        return this.#choose();
      case "name":
        return this.#askName();
    }
  }

  #askAddress(): TemplateResult {
    return html`<form @submit=${this.#send}>
      <div class="field">
        <label for="address">${t.signIn.address}</label>
        <input
          id="address"
          name="address"
          type="email"
          autocomplete="email"
          inputmode="email"
          required
          maxlength="254"
          .value=${this.#address}
          data-testid="address"
        />
      </div>
      ${this.#refused()}
      <button class="primary large" ?disabled=${this.working} data-testid="send-code">
        ${this.working ? t.signIn.sending : this.attach ? t.signIn.attach : t.signIn.send}
      </button>
    </form>`;
  }

  #askCode(): TemplateResult {
    return html`<h2>${t.signIn.codeTitle}</h2>
      <p class="muted">${t.signIn.codeLead(this.#address)}</p>
      ${
        this.kept
          ? html`<p class="note">
              <a href="/development/mail" target="_blank" data-testid="kept-mail">${t.signIn.kept}</a>
            </p>`
          : nothing
      }
      <form @submit=${this.#enter}>
        <div class="field">
          <label for="code">${t.signIn.code}</label>
          <input
            id="code"
            name="code"
            class="code"
            autocomplete="one-time-code"
            inputmode="numeric"
            pattern="[0-9]{3}[ \\-]?[0-9]{3}"
            title=${t.signIn.codeHint}
            required
            maxlength="9"
            data-testid="code"
          />
        </div>
        ${this.#refused()}
        <button class="primary large" ?disabled=${this.working} data-testid="enter-code">
          ${this.working ? t.signIn.checking : this.attach ? t.signIn.confirm : t.signIn.enter}
        </button>
      </form>
      <div class="others">
        <button class="quiet" type="button" ?disabled=${this.working} @click=${this.#again}>
          ${t.signIn.again}
        </button>
        <button class="quiet" type="button" ?disabled=${this.working} @click=${() => this.#go("address")}>
          ${t.signIn.other}
        </button>
      </div>`;
  }

  #choose(): TemplateResult {
    return html`<h2>${t.signIn.chooseTitle}</h2>
      <p class="muted">${t.signIn.chooseLead(this.#address)}</p>
      <ul class="profiles">
        ${this.profiles.map(
          (each) => html`<li>
            <button
              type="button"
              ?disabled=${this.working}
              data-testid="profile"
              data-id=${each.id}
              @click=${() => void this.#signIn({ profile: each.id })}
            >
              ${icon(ROLE_ICONS[each.role] ?? "person")}
              <span>${each.name}<span class="small muted">${t.signIn.roles[each.role]}</span></span>
            </button>
          </li>`,
        )}
      </ul>
      ${this.#refused()}`;
  }

  #askName(): TemplateResult {
    return html`<h2>${t.signIn.newTitle}</h2>
      <p class="muted">${t.signIn.newLead}</p>
      <form @submit=${this.#named}>
        <div class="field">
          <label for="name">${t.signIn.name}</label>
          <input id="name" name="name" autocomplete="name" required maxlength="60" data-testid="name" />
        </div>
        ${this.#refused()}
        <button class="primary large" ?disabled=${this.working} data-testid="start">${t.signIn.start}</button>
      </form>`;
  }

  // -- what is asked of the server ---------------------------------------------------------------------------

  #send = (event: Event): void => {
    event.preventDefault();
    this.#address = this.#typed("address");
    void this.#mail();
  };

  #again = (): void => void this.#mail();

  #enter = (event: Event): void => {
    event.preventDefault();
    this.#code = this.#typed("code");
    void (this.attach ? this.#add() : this.#signIn({}));
  };

  #named = (event: Event): void => {
    event.preventDefault();
    void this.#signIn({ name: this.#typed("name") });
  };

  async #mail(): Promise<void> {
    await this.#work(async (api) => {
      this.#ticket = (await api.sendCode(this.#address)).ticket;
      this.#go("code");
      // Only a local server without SMTP has anything to show; whoever else is asked says no.
      this.kept = await api.keptMails().then(
        () => true,
        () => false,
      );
    });
  }

  async #signIn(who: { profile?: string; name?: string }): Promise<void> {
    await this.#work(async (api) => {
      const done = await api.signIn({ ticket: this.#ticket, code: this.#code, ...who });
      if (done.me) {
        this.#done(done.me);
        return;
      }
      this.profiles = done.profiles;
      this.#go(done.profiles.length > 0 ? "choose" : "name");
    });
  }

  async #add(): Promise<void> {
    await this.#work(async (api) => {
      this.#done(await api.attachAddress({ ticket: this.#ticket, code: this.#code }));
    });
  }

  async #work(run: (api: Api) => Promise<void>): Promise<void> {
    if (!this.api || this.working) return;
    this.working = true;
    this.refusal = "";
    try {
      await run(this.api);
    } catch (error) {
      this.refusal = error instanceof Refusal ? error.code : "network";
      if (this.refusal === "code.expired" && this.step !== "code") this.#go("code");
    } finally {
      this.working = false;
    }
  }

  #done(me: Me): void {
    this.#go("address");
    this.dispatchEvent(new CustomEvent<Me>("tt-signed-in", { detail: me, bubbles: true, composed: true }));
  }

  #go(step: Step): void {
    this.refusal = "";
    this.step = step;
  }

  #typed(id: string): string {
    return this.renderRoot.querySelector<HTMLInputElement>(`#${id}`)?.value.trim() ?? "";
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "tt-sign-in": SignIn;
  }
}
