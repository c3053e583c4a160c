/** The way from a public page into a call for somebody without an account: a name, some money, and in. */

import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { type Api, Refusal } from "../core/api";
import { words } from "../core/duration";
import { money } from "../core/money";
import { affordable } from "../core/tariff";
import type { Expert, OfferView, Wallet } from "../protocol/api";
import { t } from "../strings";
import { base, card, controls } from "../styles/shared";
import "./top-up";

/** A balance that lasts for less is filled first. */
const ENOUGH_MS = 60_000;
/** One that lasts for less is as good as none. */
const WORTH_MS = 5_000;

@customElement("tt-entry")
export class Entry extends LitElement {
  @property({ attribute: false }) api: Api | null = null;
  @property({ attribute: false }) expert: Expert | null = null;
  @property({ attribute: false }) offer: OfferView | null = null;
  @state() private step: "looking" | "name" | "money" = "looking";
  @state() private wallet: Wallet | null = null;
  @state() private working = false;
  @state() private problem = "";

  static override styles = [
    base,
    controls,
    card,
    css`
      button {
        width: var(--full);
      }
      h2 {
        outline: none;
      }
    `,
  ];

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#look();
  }

  override render(): TemplateResult {
    return html`<section class="card stack" data-testid="entry">
      ${this.step === "looking" ? html`<p class="muted" role="status">${t.caller.working}</p>` : nothing}
      ${this.step === "name" ? this.#name() : nothing} ${this.step === "money" ? this.#money() : nothing}
      ${this.problem ? html`<p class="note bad" role="alert" data-testid="entry-problem">${this.problem}</p>` : nothing}
      <button type="button" class="quiet" data-testid="entry-back" @click=${this.#back}>${t.caller.back}</button>
    </section>`;
  }

  override updated(changed: Map<string, unknown>): void {
    // A step that appears is where one goes on, also for who does not see it.
    if (changed.has("step")) this.renderRoot.querySelector<HTMLElement>("input, h2")?.focus();
  }

  #name(): TemplateResult {
    return html`<form class="stack" @submit=${this.#start}>
      <h2>${t.caller.nameTitle(this.expert?.name ?? "")}</h2>
      <div class="field">
        <label for="name">${t.caller.name}</label>
        <input id="name" name="name" required maxlength="40" autocomplete="given-name" data-testid="my-name" />
      </div>
      <p class="small muted">
        ${t.caller.nameText} ${t.caller.known}
        <a href=${`/sign-in?next=${encodeURIComponent(location.pathname)}`}>${t.caller.signIn}</a>
      </p>
      <button class="primary large" data-testid="entry-next" ?disabled=${this.working}>
        ${this.working ? t.caller.working : t.caller.next}
      </button>
    </form>`;
  }

  #money(): TemplateResult {
    const { wallet, offer, api } = this;
    if (!wallet || !offer) return html``;
    const lasts = affordable(offer.tariff, wallet.available_minor);
    const waits = this.expert?.live.state === "busy" || this.expert?.live.state === "paused";
    return html`
      <h2 tabindex="-1">${t.caller.moneyTitle}</h2>
      <p class="small muted">${t.caller.moneyText(this.expert?.name ?? "")}</p>
      <dl class="facts">
        <div>
          <dt>${t.caller.balance}</dt>
          <dd>${money(wallet.available_minor, wallet.currency)}</dd>
        </div>
      </dl>
      <tt-top-up
        .api=${api}
        .currency=${wallet.currency}
        .back=${`/call/${this.expert?.slug ?? ""}?offer=${encodeURIComponent(offer.id)}`}
        @tt-topped-up=${this.#go}
      ></tt-top-up>
      ${
        waits
          ? html`<button type="button" class="quiet" data-testid="entry-wait" @click=${this.#go}>
            ${t.line.payLater}
          </button>`
          : nothing
      }
      ${
        lasts >= WORTH_MS && Number.isFinite(lasts)
          ? html`<button type="button" data-testid="entry-go" @click=${this.#go}>
            ${t.caller.go} (${t.caller.lasts(words(lasts))})
          </button>`
          : nothing
      }
    `;
  }

  /** Is somebody known in this browser? */
  async #look(): Promise<void> {
    const { api } = this;
    if (!api) return;
    try {
      const me = await api.me();
      if (me.role === "client") await this.#pay(api);
      else this.problem = t.caller.otherRole;
    } catch (error) {
      if (error instanceof Refusal && !error.passing) this.step = "name";
      else this.#failed(error);
    }
  }

  #start = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const name = String(new FormData(event.target as HTMLFormElement).get("name") ?? "").trim();
    const { api, expert } = this;
    if (!name || !api || !expert || this.working) return;
    this.working = true;
    this.problem = "";
    try {
      await api.start({ name, currency: expert.tariff.currency });
      await this.#pay(api);
    } catch (error) {
      this.#failed(error);
    } finally {
      this.working = false;
    }
  };

  async #pay(api: Api): Promise<void> {
    const wallet = await api.wallet();
    const { offer } = this;
    if (!offer) return;
    if (wallet.currency !== offer.tariff.currency) {
      this.problem = t.caller.otherCurrency(wallet.currency, offer.tariff.currency);
      return;
    }
    this.wallet = wallet;
    if (affordable(offer.tariff, wallet.available_minor) >= ENOUGH_MS) this.#go();
    else this.step = "money";
  }

  #failed(error: unknown): void {
    this.problem = t.refusal(error instanceof Refusal ? error.code : "network", this.expert?.name ?? "");
  }

  #go = (): void => {
    this.dispatchEvent(new CustomEvent("tt-go"));
  };

  #back = (): void => {
    this.dispatchEvent(new CustomEvent("tt-back"));
  };
}

declare global {
  interface HTMLElementTagNameMap {
    "tt-entry": Entry;
  }
}
