/** An expert's line: whether one is live, the office, who waits, and the calls before. */

import { css, html, LitElement, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { Api } from "../core/api";
import type { PresenceState } from "../core/presence";
import type { CallSummary, Expert } from "../protocol/api";
import { t } from "../strings";
import { desk } from "../styles/desk";
import { base, card } from "../styles/shared";
import "./call-list";
import "./expert-status";
import { icon } from "./icons";
import "./line-list";
import "./office";
import "./own-price";
import { viewLink } from "./view-link";

/** All of them are a view of their own. */
const RECENT = 5;

@customElement("tt-desk-line")
export class DeskLine extends LitElement {
  @property({ attribute: false }) api: Api | null = null;
  @property({ attribute: false }) presence: PresenceState | null = null;
  @property({ attribute: false }) expert: Expert | null = null;
  @property({ attribute: false }) calls: readonly CallSummary[] | null = null;
  @property({ type: Boolean }) soundless = false;
  @property({ type: Boolean }) askAlerts = false;

  static override styles = [
    base,
    card,
    desk,
    css`
      .office {
        display: grid;
        grid-template-columns: var(--columns-split);
        gap: var(--section);
        align-items: start;
      }
      .part {
        display: grid;
        gap: var(--space-4);
        min-width: var(--none);
      }
    `,
  ];

  override render() {
    const { presence } = this;
    return html`<div class="page">
      <div class="office">
        <div class="part">
          <tt-expert-status
            .presence=${presence}
            ?soundless=${this.soundless}
            ?askAlerts=${this.askAlerts}
            @tt-alerts=${() => this.dispatchEvent(new CustomEvent("tt-alerts"))}
          ></tt-expert-status>
          <tt-office .api=${this.api} .office=${presence?.office ?? null}></tt-office>
        </div>
        <div class="part">
          <section class="part">
            <h2>${t.office.line}</h2>
            <tt-line-list .callers=${presence?.line ?? []}></tt-line-list>
          </section>
          <tt-own-price .expert=${this.expert}></tt-own-price>
        </div>
      </div>
      <section class="part">
        <div class="head">
          <h2>${t.expert.recent}</h2>
          ${viewLink(this, "/console/calls", t.console.today.all)}
        </div>
        ${this.#recent()}
      </section>
    </div>`;
  }

  #recent(): TemplateResult {
    if (this.calls === null) return html`<p class="muted" role="status">${t.loading}</p>`;
    const ended = this.calls.filter((each) => !each.open).slice(0, RECENT);
    if (ended.length === 0)
      return html`<div class="card empty">
        ${icon("phone", "l")}
        <h3>${t.expert.empty}</h3>
        <p class="small">${t.expert.emptyText}</p>
      </div>`;
    return html`<div class="card">
      <tt-call-list earned beside .calls=${ended} .caption=${t.expert.recent}></tt-call-list>
    </div>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "tt-desk-line": DeskLine;
  }
}
