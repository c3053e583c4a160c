/** A new expert's page in one form: a name and a price are enough. Beside it stands what a caller will see. */

import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { type Api, insist, Refusal } from "../core/api";
import { isSlug, slugOf } from "../core/slug";
import { pause } from "../core/timers";
import type { ExpertProfile, SlugState } from "../protocol/api";
import { t } from "../strings";
import { base, card, controls } from "../styles/shared";
import { type OfferDraft, tariffOf } from "./offer-fields";
import "./offer-fields";
import "./photo-field";
import "./price-preview";
import type { About } from "./profile-fields";
import "./profile-fields";
import { form } from "./profile-styles";

const TYPING_MS = 350;

@customElement("tt-profile-start")
export class ProfileStart extends LitElement {
  @property({ attribute: false }) api: Api | null = null;
  @property({ attribute: false }) languages: readonly string[] = [];
  @state() private name = "";
  @state() private headline = "";
  /** What was typed as an address; null: it follows the name. */
  @state() private typedSlug: string | null = null;
  @state() private slugState: SlugState | null = null;
  @state() private draft: OfferDraft = { terms: null, currency: "USD" };
  @state() private photo: Blob | null = null;
  @state() private photoUrl = "";
  @state() private working = false;
  @state() private problem = "";
  #about: About | null = null;
  /** Chosen once: however often it is tried, it is one expert. */
  #id = crypto.randomUUID();
  #looking: ReturnType<typeof setTimeout> | undefined;

  static override styles = [
    base,
    controls,
    card,
    form,
    css`
      .slug {
        display: flex;
        align-items: center;
        gap: var(--space-1);
      }
      .suggestions {
        display: flex;
        flex-wrap: wrap;
        gap: var(--space-2);
      }
    `,
  ];

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearTimeout(this.#looking);
    if (this.photoUrl) URL.revokeObjectURL(this.photoUrl);
  }

  override render(): TemplateResult {
    const missing = this.name.trim() === "" || this.draft.terms === null;
    return html`<div class="head">
        <h1>${t.start.heading}</h1>
        <p class="muted">${t.start.lead}</p>
      </div>
      <form class="two" @submit=${this.#publish} novalidate>
        <div class="column">
          ${this.#you()}
          <section class="card stack">
            <h2>${t.start.price}</h2>
            <tt-offer-fields
              open
              .currency=${this.draft.currency}
              @tt-offer=${(event: CustomEvent<OfferDraft>) => {
                this.draft = event.detail;
              }}
            ></tt-offer-fields>
          </section>
          <details class="card">
            <summary>${t.start.about} <span class="muted small">${t.start.aboutHint}</span></summary>
            <tt-profile-fields
              .about=${this.#aboutNow}
              @tt-about=${(event: CustomEvent<About>) => {
                this.#about = event.detail;
              }}
            ></tt-profile-fields>
          </details>
        </div>
        <div class="column beside">
          <tt-price-preview
            .name=${this.name}
            .headline=${this.headline}
            .photo=${this.photoUrl}
            .tariff=${tariffOf(this.draft)}
          ></tt-price-preview>
          ${this.problem ? html`<p class="note bad" role="alert" data-testid="start-problem">${this.problem}</p>` : nothing}
          <button class="primary large" data-testid="publish" ?disabled=${this.working || missing}>
            ${this.working ? t.start.publishing : t.start.publish}
          </button>
          ${missing ? html`<p class="small muted">${t.start.missing}</p>` : nothing}
        </div>
      </form>`;
  }

  #you(): TemplateResult {
    return html`<section class="card stack">
      <h2>${t.start.you}</h2>
      <div class="field">
        <label for="name">${t.start.name}</label>
        <input
          id="name"
          maxlength="60"
          autocomplete="name"
          placeholder=${t.start.namePlaceholder}
          data-testid="name"
          @input=${(event: Event) => {
            this.name = (event.target as HTMLInputElement).value;
            this.#look();
          }}
        />
      </div>
      <div class="field">
        <label for="headline">${t.start.headline}</label>
        <input
          id="headline"
          maxlength="200"
          placeholder=${t.start.headlinePlaceholder}
          aria-describedby="headline-hint"
          data-testid="headline"
          @input=${(event: Event) => {
            this.headline = (event.target as HTMLInputElement).value;
          }}
        />
        <p class="small muted" id="headline-hint">${t.start.headlineHint}</p>
      </div>
      ${this.#address()}
      <tt-photo-field .src=${this.photoUrl} @tt-photo=${this.#photo}></tt-photo-field>
    </section>`;
  }

  #address(): TemplateResult {
    const slug = this.#slug;
    return html`<div class="field">
      <label for="slug">${t.start.address}</label>
      <div class="slug">
        <span class="muted small">${location.host}/e/</span>
        <input
          id="slug"
          maxlength="40"
          autocomplete="off"
          autocapitalize="none"
          spellcheck="false"
          .value=${slug}
          aria-describedby="slug-state"
          data-testid="slug"
          @input=${(event: Event) => {
            this.typedSlug = (event.target as HTMLInputElement).value.toLowerCase();
            this.#look();
          }}
        />
      </div>
      <div id="slug-state" class="small" aria-live="polite" data-testid="slug-state">${this.#slugWords(slug)}</div>
    </div>`;
  }

  #slugWords(slug: string): TemplateResult | string {
    const known = this.slugState;
    if (slug === "") return "";
    if (!isSlug(slug)) return html`<span class="bad">${t.start.addressBad}</span>`;
    if (known?.slug !== slug) return html`<span class="muted">${t.start.addressChecking}</span>`;
    if (known.free) return html`<span class="good">${t.start.addressFree}</span>`;
    return html`<p class="bad">${t.start.addressTaken}</p>
      <div class="suggestions">
        ${known.suggestions.map(
          (each) => html`<button
            type="button"
            data-testid="suggestion"
            @click=${() => {
              this.typedSlug = each;
              this.slugState = { slug: each, free: true, suggestions: [] };
            }}
          >
            ${each}
          </button>`,
        )}
      </div>`;
  }

  get #slug(): string {
    return this.typedSlug ?? slugOf(this.name);
  }

  get #aboutNow(): About {
    const time_zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    this.#about ??= { bio: "", languages: this.languages, specialities: [], time_zone };
    return this.#about;
  }

  /** Is the address free? Asked when the typing rests. */
  #look(): void {
    clearTimeout(this.#looking);
    this.#looking = setTimeout(() => void this.#lookNow(this.#slug), TYPING_MS);
  }

  async #lookNow(slug: string): Promise<void> {
    if (!isSlug(slug)) return;
    try {
      const found = await this.api?.slug(slug);
      if (found && found.slug === this.#slug) this.slugState = found;
    } catch {
      // Publishing says it, too.
    }
  }

  #photo = (event: CustomEvent<Blob | null>): void => {
    if (this.photoUrl) URL.revokeObjectURL(this.photoUrl);
    this.photo = event.detail;
    this.photoUrl = this.photo ? URL.createObjectURL(this.photo) : "";
  };

  #publish = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const { api } = this;
    const { terms, currency } = this.draft;
    if (!api || !terms || this.working) return;
    this.working = true;
    this.problem = "";
    const about = this.#aboutNow;
    const slug = this.#slug || `expert-${this.#id.slice(0, 6)}`;
    const body = {
      ...{
        id: this.#id,
        name: this.name.trim(),
        slug,
        headline: this.headline.trim(),
        currency,
        offer: terms,
      },
      ...{ ...about, bio: about.bio.trim(), languages: [...about.languages] },
      specialities: [...about.specialities],
    };
    try {
      let profile: ExpertProfile = await insist(() => api.createExpert(body), pause);
      let photoLost = false;
      const { photo } = this;
      if (photo) {
        try {
          profile = await insist(() => api.setPhoto(photo), pause, 2);
        } catch {
          // The page is there; a photo can come later.
          photoLost = true;
        }
      }
      this.dispatchEvent(new CustomEvent("tt-made", { detail: { profile, photoLost } }));
    } catch (error) {
      const code = error instanceof Refusal ? error.code : "network";
      this.problem = t.start.failed(code);
      if (code === "slug.taken") void this.#lookNow(slug);
    } finally {
      this.working = false;
    }
  };
}

declare global {
  interface HTMLElementTagNameMap {
    "tt-profile-start": ProfileStart;
  }
}
