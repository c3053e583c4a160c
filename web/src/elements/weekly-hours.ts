/** The weekly hours, one row a day, in the expert's own time zone. */

import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { minuteIn } from "../core/moment";
import { added, minuteOf, onWorkdays, replaced, textOf } from "../core/week";
import type { OpeningHours } from "../protocol/api";
import { t } from "../strings";
import { base, controls } from "../styles/shared";
import { icon } from "./icons";

@customElement("tt-weekly-hours")
export class WeeklyHours extends LitElement {
  @property() zone = "UTC";
  @property({ attribute: false }) openings: readonly OpeningHours[] = [];
  @property({ type: Boolean }) working = false;
  @property({ type: Boolean }) saved = false;
  @state() private draft: readonly OpeningHours[] | null = null;
  @state() private zoneDraft: string | null = null;

  static override styles = [
    base,
    controls,
    css`
      form {
        display: grid;
        gap: var(--space-4);
      }
      .day {
        display: grid;
        gap: var(--space-2);
        padding-block: var(--space-3);
        border-block-start: var(--hair) solid var(--line);
      }
      .head {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        justify-content: space-between;
        gap: var(--space-2);
      }
      .span {
        display: grid;
        grid-template-columns: minmax(0, 1fr) auto minmax(0, 1fr) auto;
        gap: var(--space-2);
        align-items: center;
      }
      .span input {
        padding-inline: var(--space-2);
      }
      /* The picker's sign would take the room of the time itself. */
      .span input::-webkit-calendar-picker-indicator {
        display: none;
      }
      .day > .quiet {
        justify-self: start;
        margin-inline-start: calc(-1 * var(--space-4));
      }
      .end {
        display: flex;
        flex-wrap: wrap;
        gap: var(--space-3);
        align-items: center;
      }
    `,
  ];

  override render() {
    const openings = this.draft ?? this.openings;
    const zone = this.zoneDraft ?? (this.openings.length > 0 ? this.zone : here());
    return html`
      <form @submit=${this.#save} data-testid="hours">
        <h3>${t.office.hours}</h3>
        <div class="field">
          <label for="zone">${t.office.zone}</label>
          <input
            id="zone"
            list="zones"
            maxlength="64"
            autocomplete="off"
            spellcheck="false"
            required
            data-testid="zone"
            aria-describedby="zone-hint"
            .value=${zone}
            @change=${(event: Event) => {
              this.zoneDraft = (event.target as HTMLInputElement).value.trim();
            }}
          />
          <datalist id="zones">${zones().map((each) => html`<option value=${each}></option>`)}</datalist>
          <p id="zone-hint" class="small muted figures" data-testid="zone-now">${zoneNow(zone)}</p>
        </div>
        <div>${t.office.weekdays.map((day, weekday) => this.#day(day, weekday, openings))}</div>
        <div class="end">
          <button class="primary" data-testid="save-hours" ?disabled=${this.working}>${t.office.save}</button>
          <span class="small muted" role="status">${this.saved && !this.draft ? t.office.saved : ""}</span>
        </div>
      </form>
    `;
  }

  #day(day: string, weekday: number, openings: readonly OpeningHours[]): TemplateResult {
    const mine = openings
      .map((each, index) => ({ each, index }))
      .filter(({ each }) => each.weekday === weekday);
    return html`<div class="day" role="group" aria-label=${day}>
      <div class="head">
        <strong>${day}</strong>
        ${mine.length === 0 ? html`<span class="small muted">${t.office.closedDay}</span>` : nothing}
        <button
          type="button"
          class="quiet"
          aria-label=${t.office.addOn(day)}
          data-testid=${`add-${weekday}`}
          @click=${() => this.#edit(added(openings, weekday))}
        >
          ${t.office.add}
        </button>
      </div>
      ${mine.map(({ each, index }) => this.#span(day, each, index, openings))}
      ${
        weekday === 0 && mine.length > 0 && openings.every((each) => each.weekday === 0 || each.weekday > 4)
          ? html`<button
              type="button"
              class="quiet"
              data-testid="workdays"
              @click=${() => this.#edit(onWorkdays(openings))}
            >
              ${t.office.workdays}
            </button>`
          : nothing
      }
    </div>`;
  }

  #span(day: string, each: OpeningHours, index: number, all: readonly OpeningHours[]): TemplateResult {
    const time = (label: string, minute: number, isEnd: boolean): TemplateResult => html`<input
      type="time"
      required
      aria-label=${label}
      .value=${textOf(minute)}
      @change=${(event: Event) => {
        const at = minuteOf((event.target as HTMLInputElement).value, isEnd);
        if (Number.isNaN(at)) return;
        this.#edit(replaced(all, index, isEnd ? { ...each, to_min: at } : { ...each, from_min: at }));
      }}
    />`;
    return html`<div class="span">
      ${time(t.office.from(day), each.from_min, false)}
      <span aria-hidden="true">–</span>
      ${time(t.office.to(day), each.to_min, true)}
      <button
        type="button"
        class="quiet"
        aria-label=${t.office.remove(day)}
        @click=${() => this.#edit(replaced(all, index, null))}
      >
        ${icon("close", "s")}
      </button>
    </div>`;
  }

  #edit(openings: readonly OpeningHours[]): void {
    this.draft = openings;
  }

  #save = (event: Event): void => {
    event.preventDefault();
    const zone = this.renderRoot.querySelector<HTMLInputElement>("#zone")?.value.trim() ?? this.zone;
    const detail = { mode: "hours", zone, openings: this.draft ?? this.openings } as const;
    this.dispatchEvent(new CustomEvent("tt-hours", { detail }));
  };

  override willUpdate(changed: Map<PropertyKey, unknown>): void {
    // What was saved is no draft any more; what was refused stays to be mended.
    if (changed.has("openings") && this.saved) this.draft = null;
    if (changed.has("saved") && this.saved) this.draft = this.zoneDraft = null;
  }
}

/** What the clock shows there; the plain hint while the zone is half typed. */
function zoneNow(zone: string): string {
  const now = zone ? minuteIn(zone, new Date(), "long") : "";
  return now ? t.office.there(now) : t.office.zoneHint;
}

function here(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
}

function zones(): readonly string[] {
  return Intl.supportedValuesOf?.("timeZone") ?? [];
}

declare global {
  interface HTMLElementTagNameMap {
    "tt-weekly-hours": WeeklyHours;
  }
}
