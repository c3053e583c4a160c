/**
 * The frame of every page but the call itself: the name above, the content in the middle, and the navigation of
 * whoever has pages of their own. Fires `tt-go` with the path that was clicked; whoever stays on the page, because
 * it is one of several views, calls `preventDefault`.
 */

import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { type Place, placeAt, placesOf } from "../core/places";
import { t } from "../strings";
import { base } from "../styles/shared";
import { go } from "./view-link";

@customElement("tt-shell")
export class Shell extends LitElement {
  @property() who = "";
  /** Where that person's own pages begin; the name leads there, but not in somebody else's frame. */
  @property() home = "";
  /** How wide the content may be. */
  @property({ reflect: true }) width: "narrow" | "page" | "wide" = "page";
  /** The role whose pages stand in the navigation; none without one. */
  @property({ reflect: true }) area = "";
  /** The page that is open. */
  @property() path = location.pathname;
  /** Leaving this page would end something: what is not a view of it opens in a new tab. */
  @property({ type: Boolean }) staying = false;

  static override styles = [
    base,
    css`
      :host {
        display: grid;
        grid-template: auto auto 1fr / minmax(0, 1fr);
        min-height: var(--screen);
      }
      header,
      nav,
      main {
        width: var(--full);
        max-width: calc(var(--page) + 2 * var(--gutter));
        margin-inline: auto;
        padding-inline: var(--gutter);
      }
      :host([width="narrow"]) :is(header, nav, main) {
        max-width: calc(var(--page-narrow) + 2 * var(--gutter));
      }
      :host([width="wide"]) :is(header, nav, main) {
        max-width: calc(var(--page-wide) + 2 * var(--gutter));
      }
      /* With a navigation the frame stays as it is from page to page; the content begins where the frame does. */
      :host(:not([area=""])) :is(header, nav, main) {
        max-width: calc(var(--page-wide) + 2 * var(--gutter));
      }
      slot {
        display: block;
      }
      :host([width="page"]:not([area=""])) slot {
        max-width: var(--page);
      }
      :host([width="narrow"]:not([area=""])) slot {
        max-width: var(--page-narrow);
      }
      header {
        display: flex;
        align-items: center;
        justify-content: space-between;
        gap: var(--space-4);
        padding-block: var(--space-4);
        padding-inline-end: calc(var(--gutter) + var(--corner));
      }
      .brand {
        display: inline-flex;
        align-items: center;
        gap: var(--space-2);
        font-weight: var(--weight-strong);
        letter-spacing: var(--tracking-tight);
      }
      .brand svg {
        color: var(--accent);
      }
      .who {
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
      }
      nav {
        position: relative;
        overflow-x: auto;
        scrollbar-width: none;
        padding-block: var(--space-1);
        mask-image: linear-gradient(to left, transparent, black var(--nav-fade));
      }
      nav ul {
        display: flex;
        gap: var(--space-1);
        width: max-content;
        margin-inline: calc(-1 * var(--space-3));
        padding-inline-end: var(--nav-fade);
      }
      nav a {
        display: inline-flex;
        align-items: center;
        min-height: var(--touch);
        padding-inline: var(--space-3);
        border-radius: var(--radius-full);
        color: var(--muted);
        font-size: var(--text-s);
        font-weight: var(--weight-medium);
        text-decoration: none;
        white-space: nowrap;
      }
      nav a:hover {
        background: var(--sunken);
        color: var(--ink);
      }
      nav a[aria-current] {
        background: var(--accent-soft);
        color: var(--accent-strong);
      }
      main {
        grid-row: 3;
        min-width: var(--none);
        padding-block: var(--space-4) var(--space-8);
      }
      @media print {
        header {
          padding-block: var(--none);
        }
        nav {
          display: none;
        }
      }
    `,
  ];

  override render() {
    return html`
      <header>
        <span class="brand">
          <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" fill="none" stroke="currentColor" stroke-width="2.5">
            <path
              d="M12 3a9 9 0 1 1-7.8 4.5"
              stroke-linecap="round"
            />
            <path d="M12 7.5V12l3 2" stroke-linecap="round" stroke-linejoin="round" />
          </svg>
          ${t.brand}
        </span>
        ${
          this.home && this.who && window.top === window
            ? html`<a class="small who" href=${this.home} data-testid="own-pages"
              >${this.who}<span class="hidden">, ${t.desk.places.account}</span></a
            >`
            : html`<span class="muted small who">${this.who}</span>`
        }
      </header>
      ${this.#nav()}
      <main><slot></slot></main>
    `;
  }

  #nav(): TemplateResult | typeof nothing {
    const places = placesOf(this.area);
    if (places.length === 0) return nothing;
    const here = placeAt(this.area, this.path);
    return html`<nav aria-label=${t.desk.nav} data-testid="desk-nav">
      <ul>
        ${places.map((each) => html`<li>${this.#link(each, each === here)}</li>`)}
      </ul>
    </nav>`;
  }

  #link(place: Place, here: boolean): TemplateResult {
    const away = this.staying && !isView(place.path);
    return html`<a
      href=${place.path}
      aria-current=${here ? "page" : nothing}
      target=${away ? "_blank" : nothing}
      rel=${away ? "opener" : nothing}
      @click=${(event: MouseEvent) => go(event, this, place.path)}
      >${t.desk.places[place.name]}${away ? html`<span class="hidden">, ${t.desk.newTab}</span>` : nothing}</a
    >`;
  }

  /** On a phone the navigation is wider than the window: the page that is open must be in sight. */
  override updated(changed: Map<string, unknown>): void {
    if (!changed.has("path") && !changed.has("area")) return;
    const nav = this.renderRoot.querySelector("nav");
    const link = nav?.querySelector<HTMLElement>("[aria-current]");
    if (nav && link) nav.scrollLeft = link.offsetLeft - (nav.clientWidth - link.offsetWidth) / 2;
  }
}

/** Whether a path is a view of the expert's page, which goes on being live when it is clicked. */
export function isView(path: string): boolean {
  return path === "/expert" || path === "/console" || path.startsWith("/console/");
}

declare global {
  interface HTMLElementTagNameMap {
    "tt-shell": Shell;
  }
}
