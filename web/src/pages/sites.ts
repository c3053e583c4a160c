/** `/sites`: the websites on which an expert, or for an operator the whole house, can be called. */

import { css, html, LitElement, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import { Api, insist, Refusal } from "../core/api";
import { pause } from "../core/timers";
import "../elements/link-problem";
import "../elements/shell";
import "../elements/site-card";
import type { Me, OfferView, Site, SiteList } from "../protocol/api";
import { t } from "../strings";
import { base, card, controls } from "../styles/shared";
import { login, onNewLink } from "./browser";

@customElement("tt-sites-page")
export class SitesPage extends LitElement {
  @state() private me: Me | null = null;
  @state() private sites: readonly Site[] = [];
  @state() private offers: readonly OfferView[] = [];
  @state() private secrets: ReadonlyMap<string, string> = new Map();
  @state() private problem = "";
  @state() private trouble = "";
  @state() private working = false;
  /** The links of experts and operators are for pages of their own; what this browser remembers of them will do. */
  readonly #api = new Api(login() ?? login("/expert") ?? login("/operator"));
  /** Chosen before the first try and kept until it is known that it worked. */
  #next: string = crypto.randomUUID();

  static override styles = [
    base,
    controls,
    card,
    css`
      .page {
        display: grid;
        gap: var(--section);
      }
      .head {
        display: grid;
        gap: var(--space-2);
      }
      .loading {
        padding-block: var(--space-7);
        text-align: center;
      }
      form {
        display: grid;
        gap: var(--space-4);
      }
      .fields {
        display: grid;
        grid-template-columns: var(--columns-facts);
        align-items: start;
        gap: var(--space-4);
      }
    `,
  ];

  override connectedCallback(): void {
    super.connectedCallback();
    onNewLink();
    document.title = `${t.sites.title} · ${t.brand}`;
    void this.#look();
  }

  override render(): TemplateResult {
    return html`<tt-shell .who=${this.me?.name ?? ""} .area=${this.me?.role ?? ""}>${this.#page()}</tt-shell>`;
  }

  #page(): TemplateResult {
    const { me } = this;
    if (this.problem)
      return html`<tt-link-problem .code=${this.problem} .role=${me?.role ?? ""}></tt-link-problem>`;
    if (!me) return html`<p class="loading muted" role="status">${t.loading}</p>`;
    return html`<div class="page">
      <div class="head">
        <h1>${t.sites.title}</h1>
        <p class="muted">${me.role === "operator" ? t.sites.leadOperator : t.sites.lead}</p>
      </div>
      ${
        this.sites.length === 0
          ? html`<section class="card head" data-testid="no-sites">
              <h2>${t.sites.none}</h2>
              <p class="muted">${t.sites.noneText}</p>
            </section>`
          : repeat(
              this.sites,
              (site) => site.id,
              (site) => html`<tt-site-card
                .api=${this.#api}
                .site=${site}
                .expert=${me.slug}
                .offers=${this.offers}
                .secret=${this.secrets.get(site.id) ?? ""}
                @tt-removed=${(event: CustomEvent<SiteList>) => {
                  this.sites = event.detail.sites;
                }}
              ></tt-site-card>`,
            )
      }
      ${this.#form()}
    </div>`;
  }

  #form(): TemplateResult {
    return html`<section class="card" aria-labelledby="add">
      <form @submit=${this.#add} novalidate>
        <h2 id="add">${t.sites.add}</h2>
        <div class="fields">
          <div class="field">
            <label for="name">${t.sites.name}</label>
            <input
              id="name"
              name="name"
              required
              maxlength="60"
              autocomplete="off"
              data-testid="site-name"
              aria-describedby="name-hint"
            />
            <p class="small muted" id="name-hint">${t.sites.nameHint}</p>
          </div>
          <div class="field">
            <label for="origin">${t.sites.origin}</label>
            <input
              id="origin"
              name="origin"
              type="url"
              required
              placeholder="https://www.example.org"
              autocomplete="url"
              data-testid="site-origin"
              aria-describedby="origin-hint"
            />
            <p class="small muted" id="origin-hint">${t.sites.originHint}</p>
          </div>
        </div>
        <p class="note bad" role="alert" data-testid="trouble" ?hidden=${!this.trouble}>${this.trouble}</p>
        <div class="row">
          <button type="submit" class="primary" data-testid="add-site" ?disabled=${this.working}>${t.sites.adding}</button>
        </div>
      </form>
    </section>`;
  }

  #add = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const form = event.target as HTMLFormElement;
    const given = new FormData(form);
    const name = String(given.get("name") ?? "").trim();
    const origin = originIn(String(given.get("origin") ?? "").trim());
    if (this.working) return;
    this.working = true;
    this.trouble = "";
    try {
      const order = { id: this.#next, name, origins: origin ? [origin] : [] };
      if (!name || !origin) throw new Refusal("request.invalid", 422, "");
      const made = await insist(() => this.#api.createSite(order), pause);
      this.#next = crypto.randomUUID();
      this.secrets = new Map([...this.secrets, [made.site.id, made.secret]]);
      this.sites = [...this.sites, made.site];
      form.reset();
    } catch (error) {
      const refusal = error instanceof Refusal ? error : new Refusal("network", 0, "");
      this.trouble = t.sites.refusal(refusal.code, refusal.message);
    } finally {
      this.working = false;
    }
  };

  async #look(): Promise<void> {
    try {
      const [me, list] = await Promise.all([this.#api.me(), this.#api.sites()]);
      [this.me, this.sites] = [me, list.sites];
      if (me.slug) this.offers = (await this.#api.expert(me.slug)).offers;
    } catch (error) {
      this.problem = error instanceof Refusal ? error.code : "network";
    }
  }
}

/** People paste the address of a page. Its origin is meant; what is no address is for the server to refuse. */
function originIn(text: string): string {
  const address = /^https?:\/\//i.test(text) || text === "" ? text : `https://${text}`;
  return URL.canParse(address) ? new URL(address).origin : text;
}
