/** The expert's office: live by a switch or by hours, pause, stop after this call, take calls by itself. */

import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { type Api, Refusal } from "../core/api";
import { soon } from "../core/moment";
import type { OfficeHours, SetOffice } from "../protocol/api";
import type { OfficeView } from "../protocol/messages";
import { t } from "../strings";
import { base, card, controls } from "../styles/shared";
import { icon } from "./icons";
import "./weekly-hours";

const MODES = ["open", "hours", "off"] as const;

@customElement("tt-office")
export class Office extends LitElement {
  @property({ attribute: false }) api: Api | null = null;
  /** As presence tells it: every page of the expert shows the same. */
  @property({ attribute: false }) office: OfficeView | null = null;
  /** During a call: only what concerns it and what comes after. */
  @property({ type: Boolean }) brief = false;
  @state() private hours: OfficeHours | null = null;
  @state() private working = false;
  @state() private problem = "";
  @state() private saved = false;

  static override styles = [
    base,
    controls,
    card,
    css`
      section {
        display: grid;
        gap: var(--space-4);
      }
      .modes {
        display: grid;
        grid-template-columns: repeat(3, minmax(0, 1fr));
        padding: var(--space-1);
        border-radius: var(--radius-full);
        background: var(--sunken);
      }
      .modes button {
        border-color: var(--clear);
        background: var(--clear);
      }
      .modes button[aria-pressed="true"] {
        background: var(--raised);
        border-color: var(--line-strong);
        box-shadow: var(--shadow-s);
      }
      .actions {
        display: flex;
        flex-wrap: wrap;
        gap: var(--space-3);
      }
      .choice {
        display: grid;
        grid-template-columns: auto minmax(0, 1fr);
        gap: var(--none) var(--space-3);
        align-items: center;
      }
      .choice input {
        width: var(--icon);
        height: var(--icon);
        min-height: var(--none);
        accent-color: var(--accent);
      }
      .choice span:last-child {
        grid-column: 2;
        font-weight: var(--weight);
      }
    `,
  ];

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#load();
  }

  override render() {
    const office = this.office;
    if (!office) return nothing;
    if (this.brief)
      return html`<section data-testid="office-brief" data-state=${office.state}>
        ${this.#choices(office)} ${this.#problem()}
      </section>`;
    return html`
      <section class="card" data-testid="office" data-mode=${office.mode} data-state=${office.state}>
        <h2>${t.office.mode}</h2>
        <div class="modes" role="group" aria-label=${t.office.mode}>
          ${MODES.map(
            (mode) => html`<button
              type="button"
              data-testid=${`mode-${mode}`}
              aria-pressed=${office.mode === mode ? "true" : "false"}
              ?disabled=${this.working}
              @click=${() => void this.#set({ mode })}
            >
              ${t.office.modes[mode]}
            </button>`,
          )}
        </div>
        ${office.state === "closed" && office.mode === "off" ? nothing : this.#pause(office)}
        ${this.#choices(office)} ${this.#problem()}
        ${
          this.hours && office.mode === "hours"
            ? html`<tt-weekly-hours
              .zone=${this.hours.zone}
              .openings=${this.hours.openings}
              ?working=${this.working}
              ?saved=${this.saved}
              @tt-hours=${(event: CustomEvent<SetOffice>) => void this.#set(event.detail, true)}
            ></tt-weekly-hours>`
            : nothing
        }
      </section>
    `;
  }

  #problem(): TemplateResult | typeof nothing {
    return this.problem ? html`<p class="note bad" role="alert">${this.problem}</p>` : nothing;
  }

  #choices(office: OfficeView): TemplateResult {
    const stop = (on: boolean): SetOffice => ({ stop_after_call: on });
    const auto = (on: boolean): SetOffice => ({ auto_accept: on });
    const hint = this.brief ? t.office.stopNowHint : t.office.stopHint;
    return html`
      ${this.#choice("stop-after-call", t.office.stop, hint, office.stop_after_call, stop)}
      ${this.#choice("auto-accept", t.office.auto, t.office.autoHint, office.auto_accept, auto)}
    `;
  }

  #pause(office: OfficeView): TemplateResult {
    const paused = office.state === "paused";
    return html`<div class="actions">
      <button
        type="button"
        data-testid=${paused ? "resume-office" : "pause-office"}
        ?disabled=${this.working}
        @click=${() => void this.#set({ pause: paused ? "end" : "begin" })}
      >
        ${icon(paused ? "play" : "pause", "s")} ${paused ? t.office.resume : t.office.pause}
      </button>
    </div>`;
  }

  #choice(
    testId: string,
    title: string,
    hint: string,
    on: boolean,
    change: (on: boolean) => SetOffice,
  ): TemplateResult {
    return html`<label class="choice">
      <input
        type="checkbox"
        data-testid=${testId}
        .checked=${on}
        ?disabled=${this.working}
        @change=${(event: Event) => void this.#set(change((event.target as HTMLInputElement).checked))}
      />
      <span>${title}</span>
      <span class="small muted">${hint}</span>
    </label>`;
  }

  async #load(): Promise<void> {
    try {
      this.hours = (await this.api?.office()) ?? null;
    } catch {
      // Without it only the hours cannot be edited; the next change answers them too.
    }
  }

  async #set(change: SetOffice, hours = false): Promise<void> {
    const api = this.api;
    if (!api || this.working) return;
    this.working = true;
    this.problem = "";
    this.saved = false;
    try {
      this.hours = await api.setOffice(change);
      this.office = this.hours.office;
      this.saved = hours;
    } catch (error) {
      const code = error instanceof Refusal ? error.code : "";
      this.problem = t.office.problem[code] ?? t.office.failed;
      this.requestUpdate();
    } finally {
      this.working = false;
    }
  }
}

/** What the state of the office means for callers. */
export function officeWords(office: OfficeView): string {
  const back = office.back_at ? soon(office.back_at) : "";
  switch (office.state) {
    case "open":
      return t.office.openText;
    case "paused":
      return t.office.pausedText(back);
    case "closed":
      return back ? t.office.closedUntil(back) : t.office.closedText;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "tt-office": Office;
  }
}
