/** One's API keys: make, look at, revoke. */

import { html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { Refusal } from "../core/api";
import type { Integrations } from "../core/integrations";
import { moment } from "../core/moment";
import type { ApiKey, KeyList } from "../protocol/api";
import { t } from "../strings";
import { integrationStyles } from "../styles/integrations";
import { base, card, controls } from "../styles/shared";
import "./dialog";
import type { Dialog } from "./dialog";
import "./secret-once";

const DAYS = [30, 90, 365];
/** What most sites need, and nothing that tells of people. */
const USUAL = new Set(["profile:read", "calls:read"]);
const words = t.integrations;

@customElement("tt-api-keys")
export class ApiKeys extends LitElement {
  @property({ attribute: false }) api!: Integrations;
  @state() private list: KeyList | null = null;
  @state() private making = false;
  @state() private revoking: ApiKey | null = null;
  @state() private secret = "";
  @state() private problem = "";
  @state() private working = false;

  static override styles = [base, controls, card, integrationStyles];

  override firstUpdated(): void {
    void this.#look();
  }

  override render(): TemplateResult {
    return html`<section class="card stack" aria-labelledby="keys">
        <div class="head">
          <h2 id="keys">${words.keys}</h2>
          <button type="button" data-testid="new-key" @click=${this.#open}>${words.newKey}</button>
        </div>
        <p class="small muted">${words.keysLead}</p>
        ${this.problem && !this.making ? html`<p class="note bad" role="alert">${this.problem}</p>` : nothing}
        ${this.#keys()}
      </section>
      ${this.making ? this.#form() : nothing} ${this.revoking ? this.#ask(this.revoking) : nothing}
      ${
        this.secret
          ? html`<tt-secret-once
            .heading=${words.secretKey}
            .secret=${this.secret}
            @tt-close=${this.#forget}
          ></tt-secret-once>`
          : nothing
      }`;
  }

  #keys(): TemplateResult {
    if (!this.list) return html`<p class="muted" role="status">${t.loading}</p>`;
    if (this.list.keys.length === 0)
      return html`<div class="empty">
        <h3>${words.noKeys}</h3>
        <p class="small">${words.noKeysText}</p>
      </div>`;
    return html`<ul class="rows">
      ${this.list.keys.map((each) => this.#key(each))}
    </ul>`;
  }

  #key(key: ApiKey): TemplateResult {
    const used = key.used_at ? words.usedAt(moment(key.used_at)) : words.unused;
    const until = key.expires_at ? ` · ${words.until(moment(key.expires_at))}` : "";
    return html`<li data-testid="key" data-state=${key.state}>
      <div class="line">
        <div>
          <p class="name">${key.name}</p>
          <p class="small muted"><code>${key.prefix}…</code></p>
          <p class="small muted">${words.made(moment(key.made_at))} · ${used}${until}</p>
          <p class="small muted">${key.scopes.join(", ")}</p>
        </div>
        <div class="buttons">
          <span class="tag ${key.state === "active" ? "good" : ""}">${words.keyStates[key.state]}</span>
          ${
            key.state === "active"
              ? html`<button
                type="button"
                aria-label=${words.revokeLabel(key.name)}
                data-testid="revoke-key"
                @click=${() => {
                  this.revoking = key;
                }}
              >
                ${words.revoke}
              </button>`
              : nothing
          }
        </div>
      </div>
    </li>`;
  }

  #form(): TemplateResult {
    return html`<tt-dialog
      .heading=${words.newKey}
      @tt-close=${() => {
        this.making = false;
      }}
    >
      <form class="stack" @submit=${this.#make}>
        <div class="field">
          <label for="name">${words.keyName}</label>
          <input id="name" name="name" required maxlength="60" placeholder=${words.keyNameHint} data-testid="key-name" />
        </div>
        <fieldset class="choices">
          <legend>${words.mayDo}</legend>
          ${this.list?.scopes.map(
            (scope) =>
              html`<label>
                <input type="checkbox" name="scope" value=${scope.name} ?checked=${USUAL.has(scope.name)} />
                <span>${scope.about} <code>${scope.name}</code></span>
              </label>`,
          )}
        </fieldset>
        <div class="field">
          <label for="days">${words.expires}</label>
          <select id="days" name="days">
            <option value="">${words.never}</option>
            ${DAYS.map((days) => html`<option value=${days}>${words.days(days)}</option>`)}
          </select>
        </div>
        ${this.problem ? html`<p class="note bad" role="alert">${this.problem}</p>` : nothing}
        <button class="primary" ?disabled=${this.working} data-testid="make-key">${words.make}</button>
      </form>
    </tt-dialog>`;
  }

  #ask(key: ApiKey): TemplateResult {
    return html`<tt-dialog
      .heading=${words.revokeAsk(key.name)}
      @tt-close=${() => {
        this.revoking = null;
      }}
    >
      <div class="stack">
        <p class="muted">${words.revokeText}</p>
        <div class="row">
          <button type="button" class="danger" data-testid="revoke-confirm" @click=${() => void this.#revoke(key)}>
            ${words.revoke}
          </button>
          <button type="button" @click=${this.#close}>${words.keep}</button>
        </div>
      </div>
    </tt-dialog>`;
  }

  #open = (): void => {
    this.problem = "";
    this.making = true;
  };

  #forget = (): void => {
    this.secret = "";
  };

  #close = (): void => {
    this.renderRoot.querySelector<Dialog>("tt-dialog")?.close();
  };

  #make = (event: SubmitEvent): void => {
    event.preventDefault();
    const form = new FormData(event.target as HTMLFormElement);
    const days = Number(form.get("days"));
    void this.#work(async () => {
      const made = await this.api.makeKey({
        name: String(form.get("name")).trim(),
        scopes: form.getAll("scope").map(String),
        expires_days: days > 0 ? days : null,
      });
      this.#close();
      this.secret = made.secret;
    });
  };

  async #revoke(key: ApiKey): Promise<void> {
    this.#close();
    await this.#work(async () => {
      await this.api.revokeKey(key.id);
    });
  }

  async #work(run: () => Promise<void>): Promise<void> {
    this.working = true;
    this.problem = "";
    try {
      await run();
      await this.#look();
    } catch (error) {
      this.problem = said(error);
    } finally {
      this.working = false;
    }
  }

  async #look(): Promise<void> {
    try {
      this.list = await this.api.keys();
    } catch (error) {
      this.problem = said(error);
    }
  }
}

/** What a failure is in words. */
export function said(error: unknown): string {
  return error instanceof Refusal ? words.refusal(error.code, error.message) : words.refusal("network", "");
}

declare global {
  interface HTMLElementTagNameMap {
    "tt-api-keys": ApiKeys;
  }
}
