/** One website that may show the widget: its addresses, what to put into it, and its secret. */

import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { type Api, Refusal } from "../core/api";
import type { OfferView, Site, SiteList, SiteSecret } from "../protocol/api";
import { t } from "../strings";
import { base, card, controls } from "../styles/shared";
import "./copy-text";
import "./snippet";

@customElement("tt-site-card")
export class SiteCard extends LitElement {
  @property({ attribute: false }) api: Api | null = null;
  @property({ attribute: false }) site: Site | null = null;
  /** Shown once, right after it was made. */
  @property() secret = "";
  /** Whom the snippet calls; empty: to be filled in, for a website of the whole house. */
  @property() expert = "";
  @property({ attribute: false }) offers: readonly OfferView[] = [];
  @state() private asking: "" | "renew" | "remove" = "";
  @state() private working = false;
  @state() private told: { good: boolean; text: string } | null = null;

  static override styles = [
    base,
    controls,
    card,
    css`
      .card {
        display: grid;
        gap: var(--space-5);
      }
      .head {
        display: flex;
        align-items: center;
        justify-content: space-between;
        gap: var(--space-3);
      }
      .head button {
        flex-shrink: 0;
      }
      h2 {
        overflow-wrap: anywhere;
      }
      summary {
        min-height: var(--touch);
        padding-block: var(--space-2);
        font-weight: var(--weight-medium);
        cursor: pointer;
      }
    `,
  ];

  override render() {
    const { site } = this;
    if (!site) return nothing;
    return html`<section class="card" data-testid="site" data-site=${site.id} aria-labelledby="name">
      <div class="head">
        <h2 id="name">${site.name}</h2>
        <button type="button" class="quiet" data-testid="remove-site" @click=${() => this.#ask("remove")}>
          ${t.sites.remove}
        </button>
      </div>
      ${this.asking === "remove" ? this.#sure(t.sites.removeSure(site.name), () => this.#remove()) : nothing}
      ${this.secret ? this.#secret() : nothing}
      <tt-snippet data-testid="snippet" .site=${site} .expert=${this.expert} .offers=${this.offers}></tt-snippet>
      <form class="stack" @submit=${this.#save}>
        <div class="field">
          <label for="origins">${t.sites.origins}</label>
          <textarea
            id="origins"
            name="origins"
            rows=${Math.max(2, site.origins.length)}
            spellcheck="false"
            data-testid="origins"
            .value=${site.origins.join("\n")}
          ></textarea>
        </div>
        <div class="row">
          <button type="submit" data-testid="save-origins" ?disabled=${this.working}>${t.sites.save}</button>
          <span class="small ${this.told?.good === false ? "note bad" : "muted"}" role="status" data-testid="told"
            >${this.told?.text}</span
          >
        </div>
      </form>
      <details ?open=${this.secret !== ""}>
        <summary>${t.sites.details}</summary>
        <div class="stack">
          <p class="small muted">${t.sites.detailsText} <code>${site.audience}</code></p>
          <tt-copy-text .label=${t.sites.id} .text=${site.id}></tt-copy-text>
          <p class="small muted">${this.secret ? nothing : t.sites.secretKnown}</p>
          ${
            this.asking === "renew"
              ? this.#sure(t.sites.renewSure, () => this.#renew())
              : html`<div class="row">
                  <button type="button" data-testid="renew-secret" @click=${() => this.#ask("renew")}>
                    ${t.sites.renew}
                  </button>
                </div>`
          }
        </div>
      </details>
    </section>`;
  }

  #secret(): TemplateResult {
    return html`<div class="note warn">
      <span class="small">${t.sites.secretText}</span>
      <tt-copy-text data-testid="secret" .label=${t.sites.secret} .text=${this.secret}></tt-copy-text>
    </div>`;
  }

  #sure(question: string, run: () => Promise<void>): TemplateResult {
    return html`<div class="note warn" role="alertdialog" aria-label=${question}>
      <span>${question}</span>
      <div class="row">
        <button type="button" class="danger" data-testid="yes" ?disabled=${this.working} @click=${() => void this.#work(run)}>
          ${t.sites.yes}
        </button>
        <button type="button" data-testid="no" @click=${() => this.#ask("")}>${t.sites.no}</button>
      </div>
    </div>`;
  }

  #ask(what: "" | "renew" | "remove"): void {
    this.asking = what;
    this.told = null;
  }

  #save = (event: SubmitEvent): void => {
    event.preventDefault();
    const text = String(new FormData(event.target as HTMLFormElement).get("origins") ?? "");
    const origins = text.split(/\s+/).filter((each) => each !== "");
    void this.#work(async () => {
      const { api, site } = this;
      if (!api || !site) return;
      this.site = await api.changeOrigins(site.id, origins);
      this.told = { good: true, text: t.sites.saved };
    });
  };

  async #renew(): Promise<void> {
    const { api, site } = this;
    if (!api || !site) return;
    const made: SiteSecret = await api.renewSecret(site.id);
    this.secret = made.secret;
    this.asking = "";
  }

  async #remove(): Promise<void> {
    const { api, site } = this;
    if (!api || !site) return;
    const detail: SiteList = await api.revokeSite(site.id);
    this.dispatchEvent(new CustomEvent("tt-removed", { detail }));
  }

  async #work(run: () => Promise<void>): Promise<void> {
    if (this.working) return;
    this.working = true;
    this.told = null;
    try {
      await run();
    } catch (error) {
      const refusal = error instanceof Refusal ? error : new Refusal("network", 0, "");
      this.told = { good: false, text: t.sites.refusal(refusal.code, refusal.message) };
      this.asking = "";
    } finally {
      this.working = false;
    }
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "tt-site-card": SiteCard;
  }
}
