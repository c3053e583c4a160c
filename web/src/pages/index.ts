/** `/`: what this is, and where to go from here. */

import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import { Api } from "../core/api";
import { type IconName, icon } from "../elements/icons";
import "../elements/shell";
import type { Me } from "../protocol/api";
import { t } from "../strings";
import { base, card, controls } from "../styles/shared";

const HOMES = { client: "/account", expert: "/console", operator: "/operator" } as const;
const ICONS: readonly IconName[] = ["lock", "camera", "clock", "receipt"];

@customElement("tt-index-page")
export class IndexPage extends LitElement {
  @state() private me: Me | null = null;

  static override styles = [
    base,
    card,
    controls,
    css`
      .page {
        display: grid;
        gap: var(--space-7);
        padding-block-start: var(--space-6);
      }
      .hero {
        display: grid;
        gap: var(--space-3);
        max-width: var(--measure);
      }
      .hero p {
        font-size: var(--text-l);
      }
      .steps {
        display: grid;
        grid-template-columns: var(--columns-facts);
        gap: var(--space-4);
      }
      .steps li {
        display: grid;
        grid-template-columns: auto minmax(0, 1fr);
        gap: var(--space-1) var(--space-4);
      }
      .steps svg {
        grid-row: span 2;
        color: var(--accent);
      }
      .stack {
        display: grid;
        gap: var(--space-4);
      }
      .links {
        display: grid;
        gap: var(--space-3);
      }
      code {
        padding: var(--space-0) var(--space-2);
        border-radius: var(--radius-s);
        background: var(--sunken);
        font-family: var(--font-code);
        font-size: var(--text-s);
        white-space: nowrap;
      }
    `,
  ];

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#look();
  }

  /** Whoever is signed in here is shown the way. Nobody is, nearly always: then the page says what this is. */
  async #look(): Promise<void> {
    this.me = await new Api(null).me().catch(() => null);
  }

  override render(): TemplateResult {
    const { me } = this;
    const role = me?.role === "guest" ? undefined : me?.role;
    const links: readonly [string, string][] = [
      [t.home.caller, "/call/ada#t=…"],
      [t.home.expert, "/expert#t=…"],
      [t.home.operator, "/operator#t=…"],
    ];
    return html`<tt-shell who=${me?.name ?? ""}>
      <div class="page">
        <div class="hero">
          <h1>${t.home.title}</h1>
          <p class="muted">${t.home.lead}</p>
          <div class="row">
            ${
              role
                ? html`<a class="button primary large" data-testid="home" href=${HOMES[role]}
                    >${t.home.own[role]}</a>`
                : html`<a class="button primary large" href="/start">${t.home.start}</a>
                    <a class="button large" data-testid="sign-in" href="/sign-in">${t.home.signIn}</a>`
            }
            ${role ? nothing : html`<span class="muted small">${t.home.startText}</span>`}
          </div>
        </div>
        <section class="stack">
          <h2>${t.home.how}</h2>
          <ol class="steps">
            ${t.home.steps.map(
              ([title, text], index) => html`<li class="card">
                ${icon(ICONS[index] ?? "check")}
                <h3>${title}</h3>
                <p class="small muted">${text}</p>
              </li>`,
            )}
          </ol>
        </section>
        <section class="stack">
          <h2>${t.home.links}</h2>
          <ul class="links">
            ${links.map(([text, link]) => html`<li>${text} <code>${link}</code></li>`)}
          </ul>
          <p class="muted">${t.home.lostLink}</p>
        </section>
      </div>
    </tt-shell>`;
  }
}
