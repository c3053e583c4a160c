/** The lines that put the widget into a page, as an expert wants it to be shown. */

import { css, html, LitElement, nothing } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import type { OfferView, Site } from "../protocol/api";
import { t } from "../strings";
import { base, controls } from "../styles/shared";
import "./copy-text";

type Kind = keyof typeof t.sites.kinds;

@customElement("tt-snippet")
export class Snippet extends LitElement {
  @property({ attribute: false }) site: Site | null = null;
  /** Whom it calls; empty: to be filled in, for a website of the whole house. */
  @property() expert = "";
  @property({ attribute: false }) offers: readonly OfferView[] = [];
  @state() private kind: Kind = "card";
  /** Empty: the default offer, whichever that is one day. */
  @state() private offer = "";

  static override styles = [
    base,
    controls,
    css`
      .choices {
        display: grid;
        grid-template-columns: var(--columns-facts);
        gap: var(--space-4);
      }
    `,
  ];

  override render() {
    const { site } = this;
    if (!site) return nothing;
    return html`<div class="stack">
      <div class="choices">
        <div class="field">
          <label for="kind">${t.sites.kind}</label>
          <select
            id="kind"
            data-testid="kind"
            @change=${(event: Event) => {
              this.kind = (event.target as HTMLSelectElement).value as Kind;
            }}
          >
            ${Object.entries(t.sites.kinds).map(
              ([kind, name]) => html`<option value=${kind} ?selected=${kind === this.kind}>${name}</option>`,
            )}
          </select>
        </div>
        ${this.offers.length > 1 ? this.#offers() : nothing}
      </div>
      <tt-copy-text .label=${t.sites.snippet} .text=${this.#text(site)}></tt-copy-text>
    </div>`;
  }

  #offers() {
    return html`<div class="field">
      <label for="offer">${t.sites.offer}</label>
      <select
        id="offer"
        data-testid="offer"
        @change=${(event: Event) => {
          this.offer = (event.target as HTMLSelectElement).value;
        }}
      >
        <option value="">${t.sites.defaultOffer}</option>
        ${this.offers.map(
          (each) => html`<option value=${each.id} ?selected=${each.id === this.offer}>${each.title}</option>`,
        )}
      </select>
    </div>`;
  }

  #text(site: Site): string {
    const server = site.audience;
    const expert = this.expert || "…";
    const offer = this.offer ? ` offer="${this.offer}"` : "";
    const script = `<script type="module" src="${server}/embed.js"></script>`;
    switch (this.kind) {
      case "card":
        return `${script}\n<talktime-call expert="${expert}"${offer}></talktime-call>`;
      case "floating":
        return `${script}\n<talktime-call expert="${expert}"${offer} mode="floating"></talktime-call>`;
      case "link": {
        const query = this.offer ? `?offer=${this.offer}` : "";
        const widget = `<talktime-call expert="${expert}"${offer} mode="dialog" opener="#call"></talktime-call>`;
        return `${script}\n<a id="call" href="${server}/call/${expert}${query}">${t.sites.call}</a>\n${widget}`;
      }
      case "frame": {
        const query = `?origin=${site.origins[0] ?? "https://…"}${this.offer ? `&amp;offer=${this.offer}` : ""}`;
        const allow = "camera; microphone; display-capture; autoplay; fullscreen; screen-wake-lock";
        return `<iframe src="${server}/embed/${expert}${query}" title="${t.sites.call}" allow="${allow}" width="400" height="700"></iframe>`;
      }
    }
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "tt-snippet": Snippet;
  }
}
