/** The fields of one offer: what kind of call, at what price, charged how. Tells every change as `tt-offer`. */

import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { amountOf } from "../core/amount";
import { figure } from "../core/figure";
import { decimal, exponent } from "../core/money";
import type { OfferTerms } from "../protocol/api";
import type { TariffView } from "../protocol/messages";
import { t } from "../strings";
import { base, controls } from "../styles/shared";
import { icon } from "./icons";

export const CURRENCIES = [
  "USD",
  "EUR",
  "GBP",
  "CHF",
  "SEK",
  "NOK",
  "DKK",
  "PLN",
  "CZK",
  "CAD",
  "AUD",
  "JPY",
] as const;

/** What the fields say. `terms` is null while they make no offer. */
export interface OfferDraft {
  readonly terms: OfferTerms | null;
  readonly currency: string;
}

export function tariffOf({ terms, currency }: OfferDraft): TariffView | null {
  if (!terms) return null;
  return {
    currency,
    price_minor: terms.price_minor,
    per_ms: 60_000,
    increment_ms: terms.increment_ms ?? 1,
    minimum_ms: terms.minimum_ms ?? 0,
    free_ms: terms.free_ms ?? 0,
  };
}

/** What stands in the field for an amount. */
function typed(minor: number, currency: string): string {
  return decimal(minor, exponent(currency));
}

type Spans = Record<number, string>;

@customElement("tt-offer-fields")
export class OfferFields extends LitElement {
  /** What to begin with. */
  @property({ attribute: false }) terms: OfferTerms | null = null;
  @property() currency = "USD";
  /** The currency can be chosen. */
  @property({ type: Boolean }) open = false;
  @state() private media: "video" | "voice" = "video";
  @state() private naming: string | null = null;
  @state() private price = "";
  @state() private increment = 1;
  @state() private minimum = 0;
  @state() private free = 0;

  static override styles = [
    base,
    controls,
    css`
      .kinds {
        display: grid;
        grid-template-columns: 1fr 1fr;
        padding: var(--space-1);
        border-radius: var(--radius-full);
        background: var(--sunken);
      }
      .kinds button {
        border-color: var(--clear);
        background: var(--clear);
      }
      .kinds button[aria-pressed="true"] {
        background: var(--raised);
        border-color: var(--line-strong);
        box-shadow: var(--shadow-s);
      }
      .price {
        display: grid;
        grid-template-columns: minmax(0, 2fr) minmax(0, 1fr);
        gap: var(--space-3);
      }
      .details {
        display: grid;
        grid-template-columns: var(--columns-facts);
        gap: var(--space-3);
        padding-block-start: var(--space-3);
      }
      summary {
        min-height: var(--touch);
        align-content: center;
        color: var(--accent);
        font-weight: var(--weight-medium);
        cursor: pointer;
      }
      .bad {
        color: var(--danger-ink);
      }
    `,
  ];

  override connectedCallback(): void {
    super.connectedCallback();
    const { terms } = this;
    if (!terms) return;
    this.media = terms.media;
    this.naming = terms.title;
    this.price = typed(terms.price_minor, this.currency);
    this.increment = terms.increment_ms ?? 1;
    this.minimum = terms.minimum_ms ?? 0;
    this.free = terms.free_ms ?? 0;
  }

  override render(): TemplateResult {
    const bad = this.price !== "" && amountOf(this.price, this.currency) === null;
    return html`<div class="stack">
      <div class="field">
        <span class="small" id="kind">${t.start.kind}</span>
        <div class="kinds" role="group" aria-labelledby="kind">
          ${this.#kind("video", t.start.kindVideo)} ${this.#kind("voice", t.start.kindVoice)}
        </div>
      </div>
      <div class="price">
        <div class="field">
          <label for="price">${t.start.perMinute}</label>
          <input
            id="price"
            class="figures"
            inputmode="decimal"
            autocomplete="off"
            placeholder=${typed(240, this.currency)}
            .value=${this.price}
            aria-invalid=${bad ? "true" : "false"}
            data-testid="price-field"
            @input=${(event: Event) => this.#set({ price: value(event) })}
          />
        </div>
        <div class="field">
          <label for="currency">${t.start.currency}</label>
          ${
            this.open
              ? html`<select
                id="currency"
                data-testid="currency"
                @change=${(event: Event) => this.#set({ currency: value(event) })}
              >
                ${CURRENCIES.map((each) => html`<option ?selected=${each === this.currency}>${each}</option>`)}
              </select>`
              : html`<input id="currency" readonly .value=${this.currency} />`
          }
        </div>
      </div>
      ${bad ? html`<p class="small bad" role="alert">${t.start.badPrice}</p>` : nothing}
      <details ?open=${this.terms !== null}>
        <summary>${t.start.more}</summary>
        <div class="details">
          <div class="field">
            <label for="title">${t.start.offerTitle}</label>
            <input
              id="title"
              maxlength="60"
              .value=${this.#title}
              data-testid="offer-title"
              @input=${(event: Event) => this.#set({ naming: value(event) })}
            />
          </div>
          ${this.#select("increment", t.start.increment, t.start.increments, this.increment)}
          ${this.#select("minimum", t.start.minimum, t.start.minimums, this.minimum)}
          ${this.#select("free", t.start.free, t.start.frees, this.free)}
        </div>
      </details>
    </div>`;
  }

  get #title(): string {
    return this.naming ?? t.start.offerTitles[this.media] ?? "";
  }

  #kind(media: "video" | "voice", text: string): TemplateResult {
    return html`<button
      type="button"
      aria-pressed=${this.media === media ? "true" : "false"}
      data-testid=${`kind-${media}`}
      @click=${() => this.#set({ media })}
    >
      ${icon(media === "video" ? "camera" : "phone", "s")} ${text}
    </button>`;
  }

  #select(id: "increment" | "minimum" | "free", label: string, choices: Spans, now: number): TemplateResult {
    // An offer may have been made elsewhere with another value: it stays until it is changed.
    const known = Object.keys(choices).map(Number);
    const all = known.includes(now) ? known : [now, ...known];
    return html`<div class="field">
      <label for=${id}>${label}</label>
      <select
        id=${id}
        data-testid=${id}
        @change=${(event: Event) => this.#set({ [id]: Number(value(event)) })}
      >
        ${all.map((each) => html`<option value=${each} ?selected=${each === now}>${choices[each] ?? t.units.milliseconds(figure(each))}</option>`)}
      </select>
    </div>`;
  }

  #set(
    change: Partial<Record<"price" | "currency" | "naming" | "media", string>> & Record<string, unknown>,
  ): void {
    Object.assign(this, change);
    const price = amountOf(this.price, this.currency);
    const title = this.#title.trim();
    const terms: OfferTerms | null =
      price === null || title === ""
        ? null
        : {
            title,
            media: this.media,
            price_minor: price,
            increment_ms: this.increment,
            minimum_ms: this.minimum,
            free_ms: this.free,
          };
    const detail: OfferDraft = { terms, currency: this.currency };
    this.dispatchEvent(new CustomEvent("tt-offer", { detail }));
  }
}

function value(event: Event): string {
  return (event.target as HTMLInputElement | HTMLSelectElement).value;
}

declare global {
  interface HTMLElementTagNameMap {
    "tt-offer-fields": OfferFields;
  }
}
