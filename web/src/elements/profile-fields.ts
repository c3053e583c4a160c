/** What can wait: a bio, languages, specialities, a time zone. Tells every change as `tt-about`. */

import { css, html, LitElement, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { LANGUAGES, languageName } from "../core/languages";
import { t } from "../strings";
import { base, controls } from "../styles/shared";
import { icon } from "./icons";

const MOST = 8;
const MOST_LETTERS = 40;

export interface About {
  readonly bio: string;
  readonly languages: readonly string[];
  readonly specialities: readonly string[];
  readonly time_zone: string;
}

/** The words between commas, each once. */
export function listed(text: string): string[] {
  const all = text.split(",").map((each) => each.trim().slice(0, MOST_LETTERS).trim());
  return [...new Set(all.filter((each) => each !== ""))].slice(0, MOST);
}

@customElement("tt-profile-fields")
export class ProfileFields extends LitElement {
  @property({ attribute: false }) about: About = {
    bio: "",
    languages: [],
    specialities: [],
    time_zone: "UTC",
  };

  static override styles = [
    base,
    controls,
    css`
      .chips {
        display: flex;
        flex-wrap: wrap;
        gap: var(--space-2);
      }
      .chips button {
        gap: var(--space-1);
        font-weight: var(--weight);
      }
    `,
  ];

  override render(): TemplateResult {
    const { about } = this;
    return html`<div class="stack">
      <div class="field">
        <label for="bio">${t.start.bio}</label>
        <textarea
          id="bio"
          rows="5"
          maxlength="4000"
          placeholder=${t.start.bioPlaceholder}
          .value=${about.bio}
          data-testid="bio"
          @input=${(event: Event) => this.#set({ bio: value(event) })}
        ></textarea>
      </div>
      <div class="field">
        <label for="specialities">${t.start.specialities}</label>
        <input
          id="specialities"
          placeholder=${t.start.specialitiesPlaceholder}
          aria-describedby="specialities-hint"
          .value=${about.specialities.join(", ")}
          data-testid="specialities"
          @change=${(event: Event) => this.#set({ specialities: listed(value(event)) })}
        />
        <p class="small muted" id="specialities-hint">${t.start.specialitiesHint}</p>
      </div>
      ${this.#languages()} ${this.#zones()}
    </div>`;
  }

  #languages(): TemplateResult {
    const { languages } = this.about;
    const others = LANGUAGES.filter((each) => !languages.includes(each));
    return html`<div class="field">
      <label for="language">${t.start.languages}</label>
      <div class="chips" ?hidden=${languages.length === 0}>
        ${languages.map(
          (each) => html`<button
            type="button"
            aria-label=${t.start.remove(languageName(each))}
            @click=${() => this.#set({ languages: languages.filter((other) => other !== each) })}
          >
            ${languageName(each)} ${icon("close", "s")}
          </button>`,
        )}
      </div>
      <select
        id="language"
        data-testid="language"
        ?disabled=${languages.length >= MOST}
        @change=${(event: Event) => {
          const select = event.target as HTMLSelectElement;
          if (select.value) this.#set({ languages: [...languages, select.value] });
          select.value = "";
        }}
      >
        <option value="">${t.start.languageAdd}</option>
        ${others
          .map((each) => [each, languageName(each)] as const)
          .sort(([, one], [, other]) => one.localeCompare(other, t.locale))
          .map(([code, name]) => html`<option value=${code}>${name}</option>`)}
      </select>
    </div>`;
  }

  #zones(): TemplateResult {
    const now = this.about.time_zone;
    const known = Intl.supportedValuesOf("timeZone");
    const all = known.includes(now) ? known : [now, ...known];
    return html`<div class="field">
      <label for="zone">${t.start.zone}</label>
      <select
        id="zone"
        data-testid="zone"
        @change=${(event: Event) => this.#set({ time_zone: value(event) })}
      >
        ${all.map((each) => html`<option value=${each} ?selected=${each === now}>${each.replaceAll("_", " ")}</option>`)}
      </select>
    </div>`;
  }

  #set(change: Partial<About>): void {
    this.about = { ...this.about, ...change };
    this.dispatchEvent(new CustomEvent<About>("tt-about", { detail: this.about }));
  }
}

function value(event: Event): string {
  return (event.target as HTMLInputElement).value;
}

declare global {
  interface HTMLElementTagNameMap {
    "tt-profile-fields": ProfileFields;
  }
}
