/** What a caller will see of an expert, while the expert still writes it; the price by the meter's own rules. */

import { css, html, LitElement, nothing } from "lit";
import { customElement, property } from "lit/decorators.js";
import { words } from "../core/duration";
import { money } from "../core/money";
import { conditions, headline } from "../core/price";
import { charge } from "../core/tariff";
import type { TariffView } from "../protocol/messages";
import { t } from "../strings";
import { base, card } from "../styles/shared";
import { EXAMPLE_MS } from "./caller";

/** Lengths of calls whose price is shown: short enough for minimum and free time to matter, and a usual one. */
const EXAMPLES_MS: readonly number[] = [30_000, EXAMPLE_MS, 1_800_000];

@customElement("tt-price-preview")
export class PricePreview extends LitElement {
  @property() name = "";
  @property() headline = "";
  @property() photo = "";
  @property({ attribute: false }) tariff: TariffView | null = null;

  static override styles = [
    base,
    card,
    css`
      section {
        display: grid;
        gap: var(--space-4);
      }
      .who {
        display: grid;
        grid-template-columns: auto minmax(0, 1fr);
        gap: var(--space-4);
        align-items: center;
        overflow-wrap: anywhere;
      }
      img,
      .letter {
        width: var(--avatar-call);
        height: var(--avatar-call);
        border-radius: var(--radius-full);
        object-fit: cover;
      }
      .letter {
        display: grid;
        place-items: center;
        background: var(--avatar);
        font-size: var(--text-xl);
        font-weight: var(--weight-strong);
      }
      .price {
        font-size: var(--text-2xl);
        font-weight: var(--weight-strong);
        letter-spacing: var(--tracking-tight);
        line-height: var(--leading-tight);
      }
      .examples {
        display: grid;
        gap: var(--space-2);
        padding-block-start: var(--space-3);
        border-block-start: var(--hair) solid var(--line);
      }
    `,
  ];

  override render() {
    const name = this.name.trim();
    const { tariff } = this;
    return html`<section class="card" aria-label=${t.start.preview} data-testid="preview">
      <p class="small muted">${t.start.preview}</p>
      <div class="who">
        ${
          this.photo
            ? html`<img src=${this.photo} alt="" />`
            : html`<span class="letter" aria-hidden="true">${[...name][0]?.toUpperCase() ?? "?"}</span>`
        }
        <div>
          <h2>${name || t.start.previewName}</h2>
          <p class="small muted">${this.headline.trim() || t.start.previewHeadline}</p>
        </div>
      </div>
      ${
        tariff
          ? html`<div>
              <p class="price figures">${headline(tariff)}</p>
              ${conditions(tariff).map((each) => html`<p class="small muted">${each}</p>`)}
            </div>
            ${
              tariff.price_minor > 0
                ? html`<ul class="examples small figures" data-testid="examples">
                  ${EXAMPLES_MS.map(
                    (ms) =>
                      html`<li>${t.start.costs(words(ms), money(charge(tariff, ms), tariff.currency))}</li>`,
                  )}
                </ul>`
                : nothing
            }`
          : html`<p class="small muted">${t.start.previewPrice}</p>`
      }
    </section>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "tt-price-preview": PricePreview;
  }
}
