/** What a call costs at the expert whose page this is. */

import { css, html, LitElement, nothing } from "lit";
import { customElement, property } from "lit/decorators.js";
import { conditions, headline } from "../core/price";
import type { Expert } from "../protocol/api";
import { t } from "../strings";
import { base, card } from "../styles/shared";

@customElement("tt-own-price")
export class OwnPrice extends LitElement {
  @property({ attribute: false }) expert: Expert | null = null;

  static override styles = [
    base,
    card,
    css`
      section {
        display: grid;
        gap: var(--space-1);
      }
      .price {
        font-size: var(--text-xl);
        font-weight: var(--weight-strong);
      }
    `,
  ];

  override render() {
    const tariff = this.expert?.tariff;
    if (!tariff) return nothing;
    return html`<section class="card">
      <p class="small muted">${t.expert.yourPrice}</p>
      <p class="price figures">${headline(tariff)}</p>
      ${conditions(tariff).map((each) => html`<p class="small muted">${each}</p>`)}
    </section>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "tt-own-price": OwnPrice;
  }
}
