/** Who waits for the expert: names, what for, since when, and whose turn it is. */

import { css, html, LitElement, nothing } from "lit";
import { customElement, property } from "lit/decorators.js";
import { minuteOfDay } from "../core/moment";
import { headline } from "../core/price";
import type { WaitingCaller } from "../protocol/messages";
import { t } from "../strings";
import { base, card } from "../styles/shared";
import { icon } from "./icons";
import { initials } from "./video-tile";

@customElement("tt-line-list")
export class LineList extends LitElement {
  @property({ attribute: false }) callers: readonly WaitingCaller[] = [];

  static override styles = [
    base,
    card,
    css`
      li {
        display: grid;
        grid-template-columns: auto minmax(0, 1fr) auto;
        gap: var(--space-1) var(--space-3);
        align-items: start;
        padding-block: var(--space-4);
      }
      li + li {
        border-block-start: var(--hair) solid var(--line);
      }
      .avatar {
        display: grid;
        place-items: center;
        width: var(--avatar-s);
        height: var(--avatar-s);
        border-radius: var(--radius-full);
        background: var(--accent-soft);
        color: var(--accent);
        font-weight: var(--weight-strong);
      }
      ol.card {
        padding-block: var(--space-1);
      }
      .rest {
        grid-column: 2 / -1;
      }
      .wish {
        overflow-wrap: anywhere;
      }
      .state {
        text-align: end;
      }
      .called,
      .ringing {
        color: var(--accent);
        font-weight: var(--weight-medium);
      }
      .empty {
        display: grid;
        justify-items: center;
        gap: var(--space-2);
        padding-block: var(--space-5);
        text-align: center;
        color: var(--muted);
      }
    `,
  ];

  override render() {
    if (this.callers.length === 0)
      return html`<div class="card empty" data-testid="line-empty">
        ${icon("clock", "l")}
        <h3>${t.office.nobody}</h3>
        <p class="small">${t.office.nobodyText}</p>
      </div>`;
    return html`<ol class="card" data-testid="line-list">
      ${this.callers.map(
        (each) => html`<li data-testid="line-caller" data-state=${each.state}>
          <span class="avatar" aria-hidden="true">${initials(each.name)}</span>
          <div>
            <strong>${each.name}</strong>
            <p class="small muted">${each.here ? t.office.here : t.office.notHere}</p>
          </div>
          <p class="state small ${each.state}">${t.office.states[each.state]}</p>
          ${each.wish ? html`<p class="rest wish">${each.wish}</p>` : nothing}
          <p class="rest small muted figures">
            ${t.office.media[each.media]} · ${headline(each.tariff)} · ${t.office.since(minuteOfDay(each.joined_at))}
          </p>
        </li>`,
      )}
    </ol>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "tt-line-list": LineList;
  }
}
