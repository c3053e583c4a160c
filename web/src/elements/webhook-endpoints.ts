/** One's webhook endpoints: add, test, rotate, disable, delete, and look at what was sent. */

import { html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import type { EndpointAction, Integrations } from "../core/integrations";
import { moment } from "../core/moment";
import type { EndpointList, WebhookEndpoint } from "../protocol/api";
import { t } from "../strings";
import { integrationStyles } from "../styles/integrations";
import { base, card, controls } from "../styles/shared";
import { said } from "./api-keys";
import "./delivery-log";
import "./dialog";
import type { Dialog } from "./dialog";
import "./secret-once";

const words = t.integrations;

@customElement("tt-webhook-endpoints")
export class WebhookEndpoints extends LitElement {
  @property({ attribute: false }) api!: Integrations;
  @property({ type: Boolean }) house = false;
  @state() private list: EndpointList | null = null;
  @state() private adding = false;
  @state() private asked: { endpoint: WebhookEndpoint; what: "rotate" | "delete" } | null = null;
  @state() private open = "";
  @state() private secret = "";
  @state() private problem = "";
  @state() private told = "";
  @state() private working = false;

  static override styles = [base, controls, card, integrationStyles];

  override firstUpdated(): void {
    void this.#look();
  }

  override render(): TemplateResult {
    return html`<section class="card stack" aria-labelledby="hooks">
        <div class="head">
          <h2 id="hooks">${words.hooks}</h2>
          <button type="button" data-testid="new-endpoint" @click=${this.#add}>${words.newHook}</button>
        </div>
        <p class="small muted">${words.hooksLead}</p>
        ${this.house ? html`<p class="small muted">${words.hooksHouse}</p>` : nothing}
        ${this.problem && !this.adding ? html`<p class="note bad" role="alert">${this.problem}</p>` : nothing}
        ${this.#endpoints()}
        <p class="small muted" role="status">${this.told}</p>
      </section>
      ${this.adding ? this.#form() : nothing} ${this.asked ? this.#ask(this.asked.endpoint, this.asked.what) : nothing}
      ${
        this.secret
          ? html`<tt-secret-once
            .heading=${words.secretHook}
            .secret=${this.secret}
            @tt-close=${() => {
              this.secret = "";
            }}
          ></tt-secret-once>`
          : nothing
      }`;
  }

  #endpoints(): TemplateResult {
    if (!this.list) return html`<p class="muted" role="status">${t.loading}</p>`;
    if (this.list.endpoints.length === 0)
      return html`<div class="empty">
        <h3>${words.noHooks}</h3>
        <p class="small">${words.noHooksText}</p>
      </div>`;
    return html`<ul class="rows">
      ${this.list.endpoints.map((each) => this.#endpoint(each))}
    </ul>`;
  }

  #endpoint(endpoint: WebhookEndpoint): TemplateResult {
    const open = this.open === endpoint.id;
    const active = endpoint.state === "active";
    return html`<li data-testid="endpoint" data-state=${endpoint.state}>
      <div class="line">
        <div>
          <p class="name"><code>${endpoint.url}</code></p>
          ${endpoint.about ? html`<p class="small">${endpoint.about}</p>` : nothing}
          <p class="small muted">${endpoint.events.join(", ") || words.allEvents}</p>
        </div>
        <span class="tag ${active ? "good" : "bad"}">${words.states[endpoint.state]}</span>
      </div>
      ${endpoint.why ? html`<p class="note bad small">${endpoint.why}</p>` : nothing}
      ${
        active && endpoint.failing_since
          ? html`<p class="note warn small">${words.failing(moment(endpoint.failing_since))}</p>`
          : nothing
      }
      ${
        endpoint.rotating_until
          ? html`<p class="note small">${words.rotating(moment(endpoint.rotating_until))}</p>`
          : nothing
      }
      <div class="buttons">
        <button
          type="button"
          aria-expanded=${open}
          data-testid="show-log"
          @click=${() => {
            this.open = open ? "" : endpoint.id;
          }}
        >
          ${open ? words.hideLog : words.log}
        </button>
        ${
          active
            ? html`<button type="button" ?disabled=${this.working} data-testid="send-test" @click=${() => void this.#test(endpoint)}>
              ${words.test}
            </button>`
            : nothing
        }
        <button
          type="button"
          @click=${() => {
            this.asked = { endpoint, what: "rotate" };
          }}
        >
          ${words.rotate}
        </button>
        <button
          type="button"
          ?disabled=${this.working}
          data-testid="switch-endpoint"
          @click=${() => void this.#change(endpoint, active ? "disable" : "enable")}
        >
          ${active ? words.disable : words.enable}
        </button>
        <button
          type="button"
          @click=${() => {
            this.asked = { endpoint, what: "delete" };
          }}
        >
          ${words.delete}
        </button>
      </div>
      ${open ? html`<tt-delivery-log .api=${this.api} .endpoint=${endpoint.id} ?active=${active}></tt-delivery-log>` : nothing}
    </li>`;
  }

  #form(): TemplateResult {
    return html`<tt-dialog
      .heading=${words.newHook}
      @tt-close=${() => {
        this.adding = false;
      }}
    >
      <form class="stack" @submit=${this.#submit}>
        <div class="field">
          <label for="url">${words.url}</label>
          <input id="url" name="url" required inputmode="url" maxlength="500" placeholder=${words.urlHint} data-testid="endpoint-url" />
        </div>
        <div class="field">
          <label for="about">${words.about}</label>
          <input id="about" name="about" maxlength="100" placeholder=${words.aboutHint} />
        </div>
        <p class="small muted">${words.all}</p>
        <details>
          <summary data-testid="some-events">${words.some}</summary>
          <fieldset class="choices">
            <legend class="hidden">${words.events}</legend>
            ${this.list?.event_types.map(
              (name) =>
                html`<label><input type="checkbox" name="event" value=${name} /> <span>${name}</span></label>`,
            )}
          </fieldset>
        </details>
        ${this.problem ? html`<p class="note bad" role="alert">${this.problem}</p>` : nothing}
        <button class="primary" ?disabled=${this.working} data-testid="add-endpoint">${words.add}</button>
      </form>
    </tt-dialog>`;
  }

  #ask(endpoint: WebhookEndpoint, what: "rotate" | "delete"): TemplateResult {
    const rotates = what === "rotate";
    return html`<tt-dialog
      .heading=${rotates ? words.rotateAsk : words.deleteAsk}
      @tt-close=${() => {
        this.asked = null;
      }}
    >
      <div class="stack">
        <p class="muted">${rotates ? words.rotateText : words.deleteText}</p>
        <div class="row">
          <button
            type="button"
            class=${rotates ? "primary" : "danger"}
            data-testid="confirm"
            @click=${() => void (rotates ? this.#rotate(endpoint) : this.#change(endpoint, "delete"))}
          >
            ${rotates ? words.rotate : words.delete}
          </button>
          <button type="button" @click=${this.#close}>${words.keep}</button>
        </div>
      </div>
    </tt-dialog>`;
  }

  #add = (): void => {
    this.problem = "";
    this.adding = true;
  };

  #close = (): void => {
    this.renderRoot.querySelector<Dialog>("tt-dialog")?.close();
  };

  #submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const form = new FormData(event.target as HTMLFormElement);
    void this.#work(async () => {
      const made = await this.api.addEndpoint({
        url: String(form.get("url")).trim(),
        about: String(form.get("about")).trim(),
        events: form.getAll("event").map(String),
      });
      this.#close();
      this.secret = made.secret;
    });
  };

  #test(endpoint: WebhookEndpoint): Promise<void> {
    return this.#work(async () => {
      await this.api.test(endpoint.id);
      this.open = endpoint.id;
      this.told = words.tested;
    });
  }

  #rotate(endpoint: WebhookEndpoint): Promise<void> {
    this.#close();
    return this.#work(async () => {
      this.secret = (await this.api.rotate(endpoint.id)).secret;
    });
  }

  #change(endpoint: WebhookEndpoint, action: EndpointAction): Promise<void> {
    this.#close();
    return this.#work(async () => {
      await this.api.change(endpoint.id, action);
    });
  }

  async #work(run: () => Promise<void>): Promise<void> {
    this.working = true;
    this.problem = this.told = "";
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
      this.list = await this.api.endpoints();
    } catch (error) {
      this.problem = said(error);
    }
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "tt-webhook-endpoints": WebhookEndpoints;
  }
}
