/** An expert's page, to change it: what it says, the photo, and the offers one by one. */

import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { type Api, insist, Refusal } from "../core/api";
import { headline } from "../core/price";
import { pause } from "../core/timers";
import type { ExpertProfile, OfferView } from "../protocol/api";
import { t } from "../strings";
import { base, card, controls } from "../styles/shared";
import { type OfferDraft, tariffOf } from "./offer-fields";
import "./offer-fields";
import "./photo-field";
import "./price-preview";
import type { About } from "./profile-fields";
import "./profile-fields";
import { form } from "./profile-styles";
import "./share-link";

@customElement("tt-profile-edit")
export class ProfileEdit extends LitElement {
  @property({ attribute: false }) api: Api | null = null;
  @property({ attribute: false }) profile: ExpertProfile | null = null;
  @state() private name: string | null = null;
  @state() private headline: string | null = null;
  @state() private about: About | null = null;
  /** The offer that is open: its id, "" for a new one. */
  @state() private editing: string | null = null;
  @state() private draft: OfferDraft | null = null;
  @state() private working = false;
  @state() private said: { good: boolean; text: string } | null = null;
  #offerId = "";

  static override styles = [
    base,
    controls,
    card,
    form,
    css`
      .offer {
        display: flex;
        flex-wrap: wrap;
        justify-content: space-between;
        align-items: center;
        gap: var(--space-3);
        padding-block: var(--space-3);
        border-block-end: var(--hair) solid var(--line);
      }
      .buttons {
        display: flex;
        flex-wrap: wrap;
        gap: var(--space-2);
      }
    `,
  ];

  override render(): TemplateResult {
    const { profile } = this;
    if (!profile) return html``;
    const shown = profile.offers.find((each) => each.is_default) ?? profile.offers[0];
    return html`<div class="head">
        <h1>${t.start.editHeading}</h1>
        <p class="muted">${t.start.editLead}</p>
      </div>
      <div class="two">
        <div class="column">${this.#you(profile)} ${this.#offers(profile)}</div>
        <div class="column beside">
          <tt-price-preview
            .name=${this.name ?? profile.name}
            .headline=${this.headline ?? profile.headline}
            .photo=${profile.photo}
            .tariff=${this.draft ? tariffOf(this.draft) : (shown?.tariff ?? null)}
          ></tt-price-preview>
          ${
            this.said
              ? html`<p class="note ${this.said.good ? "" : "bad"}" role="status" data-testid="edit-said">
                ${this.said.text}
              </p>`
              : nothing
          }
          <tt-share-link .url=${profile.url} .name=${profile.name}></tt-share-link>
        </div>
      </div>`;
  }

  #you(profile: ExpertProfile): TemplateResult {
    return html`<form class="card stack" @submit=${this.#save}>
      <h2>${t.start.you}</h2>
      <tt-photo-field
        .src=${profile.photo}
        @tt-photo=${(event: CustomEvent<Blob | null>) => void this.#photo(event.detail)}
      ></tt-photo-field>
      <div class="field">
        <label for="name">${t.start.name}</label>
        <input
          id="name"
          required
          maxlength="60"
          .value=${this.name ?? profile.name}
          data-testid="name"
          @input=${(event: Event) => {
            this.name = (event.target as HTMLInputElement).value;
          }}
        />
      </div>
      <div class="field">
        <label for="headline">${t.start.headline}</label>
        <input
          id="headline"
          maxlength="200"
          .value=${this.headline ?? profile.headline}
          data-testid="headline"
          @input=${(event: Event) => {
            this.headline = (event.target as HTMLInputElement).value;
          }}
        />
      </div>
      <tt-profile-fields
        .about=${this.about ?? profile}
        @tt-about=${(event: CustomEvent<About>) => {
          this.about = event.detail;
        }}
      ></tt-profile-fields>
      <p class="small muted">${t.start.addressFixed}</p>
      <button class="primary" data-testid="save" ?disabled=${this.working}>
        ${this.working ? t.start.saving : t.start.save}
      </button>
    </form>`;
  }

  #offers(profile: ExpertProfile): TemplateResult {
    return html`<section class="card stack">
      <h2>${t.start.offers}</h2>
      ${profile.offers.length === 0 ? html`<p class="note warn">${t.start.noOffers}</p>` : nothing}
      <ul>
        ${profile.offers.map((each) => (this.editing === each.id ? html`<li>${this.#form(profile, each)}</li>` : this.#offer(each)))}
      </ul>
      ${
        this.editing === ""
          ? this.#form(profile, null)
          : html`<button type="button" data-testid="add-offer" @click=${() => this.#open("")}>
            ${t.start.addOffer}
          </button>`
      }
      <p class="small muted">${t.start.currencyFixed}</p>
    </section>`;
  }

  #offer(offer: OfferView): TemplateResult {
    return html`<li class="offer" data-testid="offer">
      <div>
        <h3>${offer.title}</h3>
        <p class="small muted figures">
          ${headline(offer.tariff)} · ${offer.media === "voice" ? t.caller.voice : t.caller.video}
        </p>
      </div>
      <div class="buttons">
        ${
          offer.is_default
            ? nothing
            : html`<button type="button" class="quiet" @click=${() => void this.#first(offer)}>
              ${t.start.makeDefault}
            </button>`
        }
        <button type="button" data-testid="edit-offer" @click=${() => this.#open(offer.id)}>${t.start.edit}</button>
        <button
          type="button"
          class="quiet"
          data-testid="withdraw-offer"
          @click=${() => void this.#run((api) => api.withdrawOffer(offer.id), t.start.withdrawn)}
        >
          ${t.start.withdraw}
        </button>
      </div>
    </li>`;
  }

  #form(profile: ExpertProfile, offer: OfferView | null): TemplateResult {
    return html`<form class="stack" data-testid="offer-form" @submit=${this.#saveOffer}>
      <tt-offer-fields
        .terms=${offer ? termsOf(offer) : null}
        .currency=${profile.currency}
        @tt-offer=${(event: CustomEvent<OfferDraft>) => {
          this.draft = event.detail;
        }}
      ></tt-offer-fields>
      <div class="buttons">
        <button class="primary" data-testid="save-offer" ?disabled=${this.working || this.draft?.terms == null}>
          ${t.start.save}
        </button>
        <button type="button" class="quiet" @click=${() => this.#open(null)}>${t.start.cancel}</button>
      </div>
    </form>`;
  }

  #open(id: string | null): void {
    this.editing = id;
    this.draft = null;
    this.#offerId = crypto.randomUUID();
  }

  #save = (event: SubmitEvent): void => {
    event.preventDefault();
    const { profile } = this;
    if (!profile) return;
    const { bio, languages, specialities, time_zone } = this.about ?? profile;
    const body = {
      ...{ name: (this.name ?? profile.name).trim(), headline: (this.headline ?? profile.headline).trim() },
      ...{ bio: bio.trim(), languages: [...languages], specialities: [...specialities], time_zone },
    };
    void this.#run((api) => api.changeProfile(body), t.start.saved);
  };

  #saveOffer = (event: SubmitEvent): void => {
    event.preventDefault();
    const terms = this.draft?.terms;
    const { editing } = this;
    if (!terms || editing === null) return;
    const id = this.#offerId;
    void this.#run(
      (api) => (editing ? api.changeOffer(editing, { terms }) : api.createOffer({ id, terms })),
      t.start.saved,
      () => this.#open(null),
    );
  };

  async #first(offer: OfferView): Promise<void> {
    await this.#run(
      (api) => api.changeOffer(offer.id, { terms: termsOf(offer), is_default: true }),
      t.start.saved,
    );
  }

  async #photo(photo: Blob | null): Promise<void> {
    await this.#run((api) => (photo ? api.setPhoto(photo) : api.removePhoto()), t.start.saved);
  }

  async #run(change: (api: Api) => Promise<ExpertProfile>, done: string, then?: () => void): Promise<void> {
    const { api } = this;
    if (!api || this.working) return;
    this.working = true;
    this.said = null;
    try {
      const profile = await insist(() => change(api), pause);
      this.said = { good: true, text: done };
      this.dispatchEvent(new CustomEvent<ExpertProfile>("tt-changed", { detail: profile }));
      then?.();
    } catch (error) {
      this.said = { good: false, text: t.start.failed(error instanceof Refusal ? error.code : "network") };
    } finally {
      this.working = false;
    }
  }
}

function termsOf({ title, media, tariff }: OfferView) {
  const { price_minor, increment_ms, minimum_ms, free_ms } = tariff;
  return { title, media, price_minor, increment_ms, minimum_ms, free_ms };
}

declare global {
  interface HTMLElementTagNameMap {
    "tt-profile-edit": ProfileEdit;
  }
}
