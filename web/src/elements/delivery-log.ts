/** What was sent to an endpoint and how it answered; each delivery opens on its body and attempts. */

import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { figure } from "../core/figure";
import type { Integrations } from "../core/integrations";
import { moment } from "../core/moment";
import { pause } from "../core/timers";
import type { DeliveryDetail, WebhookAttempt, WebhookDelivery } from "../protocol/api";
import { t } from "../strings";
import { integrationStyles } from "../styles/integrations";
import { base, card, controls } from "../styles/shared";
import { said } from "./api-keys";

const LOOK_MS = 1_500;
const words = t.integrations;

@customElement("tt-delivery-log")
export class DeliveryLog extends LitElement {
  @property({ attribute: false }) api!: Integrations;
  @property() endpoint = "";
  @property({ type: Boolean }) active = false;
  @state() private list: readonly WebhookDelivery[] | null = null;
  @state() private detail: DeliveryDetail | null = null;
  @state() private problem = "";
  @state() private told = "";

  static override styles = [
    base,
    controls,
    card,
    integrationStyles,
    css`
      .log > li {
        border-block-start: var(--hair) solid var(--line);
      }
      .log button.row {
        width: var(--full);
        justify-content: space-between;
        padding-inline: var(--space-1);
        border: none;
        border-radius: var(--radius-s);
        background: var(--clear);
        text-align: start;
        font-weight: var(--weight);
        font-size: var(--text-s);
      }
      .open {
        display: grid;
        gap: var(--space-3);
        padding-block: var(--space-2) var(--space-4);
      }
      h3 {
        margin: var(--none);
        font-size: var(--text-s);
        font-weight: var(--weight-medium);
      }
    `,
  ];

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#watch();
  }

  override render(): TemplateResult {
    if (this.problem) return html`<p class="note bad" role="alert">${this.problem}</p>`;
    if (!this.list) return html`<p class="muted" role="status">${t.loading}</p>`;
    if (this.list.length === 0)
      return html`<div class="empty" data-testid="no-deliveries">
        <h3>${words.noDeliveries}</h3>
        <p class="small">${words.noDeliveriesText}</p>
      </div>`;
    return html`<ul class="log" aria-label=${words.log}>
        ${this.list.map((each) => this.#delivery(each))}
      </ul>
      <p class="small muted" role="status">${this.told}</p>`;
  }

  #delivery(delivery: WebhookDelivery): TemplateResult {
    const open = this.detail?.delivery.id === delivery.id;
    const tone =
      delivery.state === "delivered" ? "good" : delivery.last && delivery.state !== "cancelled" ? "bad" : "";
    return html`<li data-testid="delivery" data-state=${delivery.state} data-type=${delivery.type}>
      <button class="row" type="button" aria-expanded=${open} @click=${() => void this.#toggle(delivery, open)}>
        <span>
          <span class="name">${delivery.type}</span>
          <span class="muted">${moment(delivery.made_at)}</span>
        </span>
        <span class="figures">
          ${delivery.last ? html`<span class="muted">${answered(delivery.last)} ·</span>` : nothing}
          <span class="tag ${tone}">
            ${delivery.state === "waiting" && delivery.last ? words.retries : words.deliveryStates[delivery.state]}
          </span>
        </span>
      </button>
      ${open && this.detail ? this.#open(this.detail) : nothing}
    </li>`;
  }

  #open(detail: DeliveryDetail): TemplateResult {
    return html`<div class="open" data-testid="delivery-detail">
      <ol class="small">
        ${detail.attempts.map(
          (each) => html`<li>
            <p><span class="figures">${moment(each.at)}</span> · ${answered(each)}</p>
            ${each.error ? html`<p class="muted">${each.error}</p>` : nothing}
          </li>`,
        )}
      </ol>
      ${
        detail.attempts.length > 0
          ? html`<h3>${words.answer}</h3>
            <pre tabindex="0">${detail.attempts.at(-1)?.excerpt || words.empty}</pre>`
          : nothing
      }
      <h3>${words.body}</h3>
      <pre tabindex="0">${pretty(detail.body)}</pre>
      <p class="small muted"><code>webhook-id: ${detail.delivery.event}</code></p>
      ${
        this.active
          ? html`<div class="buttons">
            <button type="button" data-testid="replay" @click=${() => void this.#replay(detail.delivery.id)}>
              ${words.replay}
            </button>
          </div>`
          : nothing
      }
    </div>`;
  }

  async #toggle(delivery: WebhookDelivery, open: boolean): Promise<void> {
    this.detail = null;
    if (!open) await this.#try(async () => this.#load(delivery.id));
  }

  async #load(id: string): Promise<void> {
    this.detail = await this.api.delivery(id);
  }

  async #replay(id: string): Promise<void> {
    await this.#try(async () => {
      await this.api.replay(id);
      this.told = words.replayed;
      await this.#look();
    });
  }

  async #watch(): Promise<void> {
    await this.updateComplete;
    while (this.isConnected) {
      if (document.visibilityState === "visible") await this.#try(() => this.#look());
      await pause(LOOK_MS);
    }
  }

  async #look(): Promise<void> {
    const before = this.list?.find((each) => each.id === this.detail?.delivery.id);
    this.list = (await this.api.deliveries(this.endpoint)).deliveries;
    const after = this.list.find((each) => each.id === before?.id);
    if (after && (after.attempts !== before?.attempts || after.state !== before.state))
      await this.#load(after.id);
  }

  async #try(run: () => Promise<void>): Promise<void> {
    try {
      await run();
      this.problem = "";
    } catch (error) {
      this.problem = said(error);
    }
  }
}

function answered(attempt: WebhookAttempt): string {
  return `${attempt.status ? words.http(attempt.status) : words.noAnswer} · ${t.units.milliseconds(figure(attempt.took_ms))}`;
}

function pretty(body: string): string {
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "tt-delivery-log": DeliveryLog;
  }
}
