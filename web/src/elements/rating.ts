/** One to five stars and a few words. Tells `tt-after` with what there is after the call then. */

import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { type Api, insist, Refusal } from "../core/api";
import { pause } from "../core/timers";
import type { AfterCall, RatingView } from "../protocol/api";
import { t } from "../strings";
import { base, card, controls } from "../styles/shared";
import { icon } from "./icons";

const STARS = [1, 2, 3, 4, 5] as const;
const MOST_CHARS = 1000;

const starStyles = css`
  .stars {
    display: inline-flex;
    color: var(--line-strong);
  }
  .stars .on {
    color: var(--accent);
  }
  .stars .on svg {
    fill: currentColor;
  }
`;

/** Stars that can only be read. */
export function shownStars(count: number): TemplateResult {
  return html`<span class="stars" role="img" aria-label=${t.afterCall.rating.stars(count)}>
    ${STARS.map((each) => html`<span class=${each <= count ? "on" : ""}>${icon("star", "s")}</span>`)}
  </span>`;
}

export { starStyles };

@customElement("tt-rating")
export class Rating extends LitElement {
  @property({ attribute: false }) api: Api | null = null;
  @property() call = "";
  /** Who is rated. */
  @property() name = "";
  @property({ attribute: false }) rating: RatingView | null = null;
  /** Whether it can be given, or changed. */
  @property({ type: Boolean }) open = false;
  @state() private stars = 0;
  @state() private text: string | null = null;
  @state() private editing = false;
  @state() private working = false;
  @state() private problem = "";

  static override styles = [
    base,
    controls,
    card,
    starStyles,
    css`
      .choose {
        display: flex;
        gap: var(--space-1);
        margin-inline-start: calc(-1 * var(--space-2));
      }
      .choose label {
        position: relative;
        display: grid;
        place-items: center;
        width: var(--touch);
        height: var(--touch);
        color: var(--line-strong);
        cursor: pointer;
        border-radius: var(--radius-s);
      }
      .choose input {
        position: absolute;
        inset: var(--none);
        width: var(--full);
        height: var(--full);
        margin: var(--none);
        opacity: 0;
        cursor: pointer;
      }
      .choose .on {
        color: var(--accent);
      }
      .choose .on svg {
        fill: currentColor;
      }
      .choose label:has(:focus-visible) {
        outline: var(--focus) solid var(--accent);
      }
      .given {
        overflow-wrap: anywhere;
      }
    `,
  ];

  override render() {
    const given = this.rating;
    if (given && !this.editing)
      return html`<div class="stack" data-testid="rated" data-stars=${given.stars}>
        <div class="row">
          ${shownStars(given.stars)}
          <p role="status">${t.afterCall.rating.thanks(given.stars)}</p>
          ${
            this.open
              ? html`<button type="button" class="quiet" data-testid="change-rating" @click=${this.#edit}>
                ${t.afterCall.rating.change}
              </button>`
              : nothing
          }
        </div>
        ${given.text ? html`<p class="given muted">“${given.text}”</p>` : nothing}
      </div>`;
    return this.open ? this.#form() : nothing;
  }

  #form(): TemplateResult {
    const words = t.afterCall.rating;
    return html`<div class="stack" data-testid="rating">
      <fieldset>
        <legend class="hidden">${words.label}</legend>
        <div class="choose">
          ${STARS.map(
            (each) => html`<label class=${each <= this.stars ? "on" : ""}>
              <input
                type="radio"
                name="stars"
                data-testid="stars-${each}"
                aria-label=${words.stars(each)}
                .checked=${this.stars === each}
                @change=${() => {
                  this.stars = each;
                }}
              />
              ${icon("star", "l")}
            </label>`,
          )}
        </div>
      </fieldset>
      ${
        this.stars
          ? html`<div class="field">
              <label for="text">${words.text}</label>
              <textarea
                id="text"
                rows="2"
                maxlength=${MOST_CHARS}
                data-testid="rating-text"
                .value=${this.text ?? ""}
                @input=${(event: Event) => {
                  this.text = (event.target as HTMLTextAreaElement).value;
                }}
              ></textarea>
            </div>
            <div class="row">
              <button
                type="button"
                class="primary"
                data-testid="rate"
                ?disabled=${this.working}
                @click=${() => void this.#send()}
              >
                ${this.working ? words.sending : words.send}
              </button>
            </div>`
          : nothing
      }
      ${this.problem ? html`<p class="note bad" role="alert">${this.problem}</p>` : nothing}
    </div>`;
  }

  #edit = (): void => {
    this.stars = this.rating?.stars ?? 0;
    this.text = this.rating?.text ?? "";
    this.editing = true;
  };

  async #send(): Promise<void> {
    const { api, call, stars, text } = this;
    if (!api || this.working || stars === 0) return;
    this.working = true;
    this.problem = "";
    try {
      const detail: AfterCall = await insist(() => api.rate(call, stars, text ?? ""), pause);
      this.rating = detail.rating;
      this.open = detail.may_rate;
      this.editing = false;
      this.dispatchEvent(new CustomEvent("tt-after", { detail, bubbles: true, composed: true }));
    } catch (error) {
      this.problem = t.refusal(error instanceof Refusal ? error.code : "network", this.name);
    } finally {
      this.working = false;
    }
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "tt-rating": Rating;
  }
}
