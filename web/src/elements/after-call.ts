/** What comes after a call: tip, stars, an objection, money back; for the payer's and for the expert's side. */

import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { type Api, Refusal } from "../core/api";
import { money } from "../core/money";
import { pause } from "../core/timers";
import type { AfterCall } from "../protocol/api";
import { t } from "../strings";
import { base, card, controls } from "../styles/shared";
import "./dispute";
import { icon } from "./icons";
import { shownStars, starStyles } from "./rating";
import "./refund";
import "./tip";

const LOOKS = 6;
const AGAIN_MS = 10_000;
/** Half an hour; a page that stays open longer is read anew when it is loaded anew. */
const MOST_LOOKS = 180;

@customElement("tt-after-call")
export class AfterCallElement extends LitElement {
  @property({ attribute: false }) api: Api | null = null;
  @property() call = "";
  @property() payer = "";
  @property() host = "";
  @state() private known: AfterCall | null = null;
  #asked = "";
  #timer: ReturnType<typeof setInterval> | undefined;
  #looks = MOST_LOOKS;

  static override styles = [
    base,
    controls,
    card,
    starStyles,
    css`
      .all {
        display: grid;
        gap: var(--space-4);
      }
      .said {
        display: grid;
        gap: var(--space-2);
        overflow-wrap: anywhere;
      }
      .line {
        display: flex;
        flex-wrap: wrap;
        gap: var(--space-2);
        align-items: center;
      }
    `,
  ];

  override render() {
    const after = this.known;
    if (!after) return nothing;
    const parts = after.side === "payer" ? this.#payer(after) : this.#host(after);
    return html`<div class="all" data-testid="after-call" @tt-after=${this.#changed}>${parts}</div>`;
  }

  #payer(after: AfterCall): TemplateResult {
    const given = after.tips.reduce((sum, each) => sum + each.amount_minor, 0);
    const rates = after.may_rate || after.rating !== null;
    return html`
      ${
        rates
          ? html`<section class="card stack">
            <h2>${t.afterCall.rating.title(this.host)}</h2>
            <tt-rating
              .api=${this.api}
              .call=${after.call}
              .name=${this.host}
              .rating=${after.rating}
              ?open=${after.may_rate}
            ></tt-rating>
          </section>`
          : nothing
      }
      ${
        after.may_tip || given > 0
          ? html`<section class="card stack">
            <h2>${t.afterCall.tip.title}</h2>
            <tt-tip
              .api=${this.api}
              .call=${after.call}
              .currency=${after.currency}
              .name=${this.host}
              .given=${given}
            ></tt-tip>
          </section>`
          : nothing
      }
      ${this.#dispute(after)}
    `;
  }

  #host(after: AfterCall): TemplateResult {
    const tipped = after.tips.reduce((sum, each) => sum + each.amount_minor, 0);
    const { rating } = after;
    return html`
      ${
        tipped > 0 || rating
          ? html`<section class="card said">
            ${
              rating
                ? html`<div class="line" data-testid="got-rating" data-stars=${rating.stars}>
                    ${shownStars(rating.stars)}
                    <span>${t.afterCall.rating.got(this.payer, rating.stars)}</span>
                  </div>
                  ${rating.text ? html`<p class="muted">“${rating.text}”</p>` : nothing}`
                : nothing
            }
            ${
              tipped > 0
                ? html`<p class="line" data-testid="got-tip" data-minor=${tipped}>
                  ${icon("gift", "s")} <span>${t.afterCall.tip.got(money(tipped, after.currency))}</span>
                </p>`
                : nothing
            }
          </section>`
          : nothing
      }
      ${this.#dispute(after)}
      ${
        after.refundable_minor > 0
          ? html`<section class="card">
            <tt-refund .api=${this.api} .known=${after} .payer=${this.payer}></tt-refund>
          </section>`
          : nothing
      }
    `;
  }

  #dispute(after: AfterCall): TemplateResult | typeof nothing {
    if (!after.dispute && !after.may_dispute) return nothing;
    return html`<tt-dispute
      .api=${this.api}
      .known=${after}
      .payer=${this.payer}
      .host=${this.host}
    ></tt-dispute>`;
  }

  #changed = (event: CustomEvent<AfterCall>): void => {
    this.known = event.detail;
  };

  override connectedCallback(): void {
    super.connectedCallback();
    this.#timer = setInterval(() => {
      if (this.#looks-- > 0 && document.visibilityState === "visible") void this.#look();
    }, AGAIN_MS);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearInterval(this.#timer);
  }

  /** What the other side does meanwhile. */
  async #look(): Promise<void> {
    const { api, call, known } = this;
    if (!api || !known) return;
    try {
      const now = await api.after(call);
      // An answer that was under way while something was done here says less than what is known.
      if (this.known === known) this.#set(now);
    } catch {
      // The next look may go better.
    }
  }

  #set(now: AfterCall): void {
    this.known = now;
    this.dispatchEvent(new CustomEvent("tt-after", { detail: now }));
  }

  override updated(): void {
    if (!this.call || !this.api || this.#asked === this.call) return;
    this.#asked = this.call;
    this.known = null;
    void this.#load();
  }

  async #load(): Promise<void> {
    const { api, call } = this;
    for (let look = 1; look <= LOOKS && api && this.isConnected; look++) {
      try {
        const after = await api.after(call);
        if (this.#asked !== call) return;
        this.#set(after);
        return;
      } catch (error) {
        if (error instanceof Refusal && !error.passing) return;
        await pause(500 * look);
      }
    }
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "tt-after-call": AfterCallElement;
  }
}
