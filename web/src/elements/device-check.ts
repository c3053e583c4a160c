/** Before a call: see oneself, hear oneself, know the price and how long the balance lasts. */

import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import type { Api } from "../core/api";
import { helpFor } from "../core/browser";
import type { Devices, DeviceTrouble } from "../core/devices";
import { words } from "../core/duration";
import { soon } from "../core/moment";
import { money } from "../core/money";
import { conditions, headline } from "../core/price";
import { affordable } from "../core/tariff";
import type { Expert, Wallet } from "../protocol/api";
import { t } from "../strings";
import { base, card, controls } from "../styles/shared";
import "./cap-field";
import "./device-pickers";
import { follow } from "./follow";
import { icon } from "./icons";
import "./level-bar";
import "./top-up";
import { aboutWait } from "./waiting-line";
import "./video-tile";

const CODES: Record<DeviceTrouble, string> = {
  denied: "permission_denied",
  policy: "host_forbids",
  none: "no_device",
  busy: "device_busy",
  insecure: "insecure_page",
  failed: "device_failed",
};

@customElement("tt-device-check")
export class DeviceCheck extends LitElement {
  @property({ attribute: false }) devices: Devices | null = null;
  @property({ attribute: false }) api: Api | null = null;
  @property({ attribute: false }) expert: Expert | null = null;
  /** None for guests, who pay nothing. */
  @property({ attribute: false }) wallet: Wallet | null = null;
  @property() me = "";
  @property() heading = "";
  @property() action = "";
  /** Voice or video is the caller's to choose. */
  @property({ type: Boolean }) chooses = false;
  @property({ type: Boolean }) video = true;
  @property({ type: Boolean }) starting = false;
  @property() refusal = "";
  /** The caller's own limit for this call, in minor units. */
  @property({ type: Number }) cap: number | null = null;
  /** What stands in the field for it is no amount. */
  @state() private noCap = false;
  @property({ type: Boolean }) keepCap = false;

  constructor() {
    super();
    follow(this, () => this.devices);
  }

  static override styles = [
    base,
    controls,
    card,
    css`
      .check {
        display: grid;
        grid-template: var(--check-areas);
        grid-template-columns: var(--columns-split);
        grid-template-rows: var(--check-rows);
        gap: var(--section);
        align-items: start;
      }
      .see {
        grid-area: see;
      }
      .pay {
        grid-area: pay;
      }
      .pick {
        grid-area: pick;
      }
      .who {
        display: grid;
        gap: var(--space-2);
      }
      .presence {
        display: inline-flex;
        align-items: center;
        gap: var(--space-2);
        font-size: var(--text-s);
        font-weight: var(--weight-medium);
      }
      .presence::before {
        content: "";
        width: var(--dot);
        height: var(--dot);
        border-radius: var(--radius-full);
        background: var(--line-strong);
      }
      .presence.here {
        color: var(--accent);
      }
      .presence.here::before {
        background: var(--accent);
      }
      tt-video-tile {
        aspect-ratio: var(--ratio-video);
        background: var(--sunken);
        border: var(--hair) solid var(--line);
      }
      .kinds {
        display: grid;
        grid-template-columns: 1fr 1fr;
        padding: var(--space-1);
        border-radius: var(--radius-full);
        background: var(--sunken);
      }
      .kinds button {
        border-color: var(--clear);
        background: var(--clear);
        min-height: var(--touch);
      }
      .kinds button[aria-pressed="true"] {
        background: var(--raised);
        border-color: var(--line-strong);
        box-shadow: var(--shadow-s);
      }
      .price {
        font-size: var(--text-2xl);
        font-weight: var(--weight-strong);
        letter-spacing: var(--tracking-tight);
        line-height: var(--leading-tight);
      }
      .start {
        width: var(--full);
      }
      .trouble ol {
        display: grid;
        gap: var(--space-2);
        padding-inline-start: var(--space-5);
        list-style: decimal;
      }
      .tight {
        gap: var(--space-2);
      }
      .keep {
        display: flex;
        align-items: center;
        gap: var(--space-2);
        min-height: var(--touch);
        font-weight: var(--weight);
      }
      .keep input {
        width: auto;
        min-height: var(--none);
        accent-color: var(--accent);
      }
      code {
        padding: var(--space-3);
        border-radius: var(--radius-s);
        background: var(--sunken);
        color: var(--ink);
        font-family: var(--font-code);
        font-size: var(--text-xs);
        overflow-wrap: anywhere;
      }
      hr {
        width: var(--full);
        margin: var(--none);
        border: none;
        border-block-start: var(--hair) solid var(--line);
      }
    `,
  ];

  override render() {
    const devices = this.devices;
    if (!devices) return nothing;
    return html`
      <div class="check">
        <div class="stack see">
          <div class="who">
            <h1>${this.heading}</h1>
            ${this.expert?.headline ? html`<p class="muted">${this.expert.headline}</p>` : nothing}
            ${this.wallet ? this.#presence() : nothing}
          </div>
          ${this.#preview(devices)}
        </div>
        <section class="card stack pay" aria-label=${t.check.price}>${this.#money()}</section>
        ${
          devices.trouble.mic
            ? nothing
            : html`<tt-device-pickers class="pick" .devices=${devices} .video=${this.video}></tt-device-pickers>`
        }
      </div>
    `;
  }

  #presence(): TemplateResult | typeof nothing {
    const expert = this.expert;
    if (!expert) return nothing;
    const { state } = expert.live;
    return html`<p class="presence ${state === "available" ? "here" : "away"}" data-testid="presence">
      ${t.check.live[state]}
    </p>`;
  }

  #preview(devices: Devices): TemplateResult {
    const trouble = devices.trouble.mic;
    if (trouble) return this.#trouble(trouble);
    const asking = !devices.track("mic");
    return html`
      ${
        this.video
          ? html`<tt-video-tile
            .name=${this.me || t.you}
            .video=${devices.track("camera")}
            .showVideo=${devices.cameraOn}
            mirrored
            data-testid="preview"
          ></tt-video-tile>`
          : nothing
      }
      ${this.video && devices.trouble.camera ? this.#cameraTrouble(devices.trouble.camera) : nothing}
      ${asking ? html`<p class="note" role="status">${t.check.asking}</p>` : nothing}
      ${
        this.chooses
          ? html`<div class="kinds" role="group" aria-label=${t.check.kind}>
            ${this.#kind("with-video", true, t.check.withVideo)} ${this.#kind("voice-only", false, t.check.voiceOnly)}
          </div>`
          : nothing
      }
      <tt-level-bar .track=${devices.track("mic")}></tt-level-bar>
    `;
  }

  #kind(testId: string, video: boolean, text: string): TemplateResult {
    return html`<button
      type="button"
      data-testid=${testId}
      aria-pressed=${this.video === video ? "true" : "false"}
      @click=${() => this.#emit("tt-kind", video)}
    >
      ${icon(video ? "camera" : "phone", "s")} ${text}
    </button>`;
  }

  #trouble(trouble: DeviceTrouble): TemplateResult {
    const steps = trouble === "denied" ? t.trouble.steps[helpFor(navigator.userAgent)] : [];
    return html`
      <section class="card stack trouble" role="alert" data-testid="problem" data-code=${CODES[trouble]}>
        <h2>${t.trouble.title[trouble]}</h2>
        <p class="muted">${t.trouble.text[trouble]}</p>
        ${trouble === "policy" ? this.#policy() : nothing}
        ${steps.length > 0 ? html`<ol>${steps.map((step) => html`<li>${step}</li>`)}</ol>` : nothing}
        <div class="row">
          <button type="button" class="primary" data-testid="try-devices" @click=${() => this.#emit("tt-devices", null)}>
            ${t.retry}
          </button>
        </div>
      </section>
    `;
  }

  /** For whoever looks after the website around this page: what to add. */
  #policy(): TemplateResult {
    return html`<p class="muted">${t.embed.forbiddenText}</p>
      <code>${t.embed.forbiddenHeader(location.origin)}</code>
      <a href=${`/e/${this.expert?.slug ?? ""}`} target="_blank" rel="noopener" data-testid="own-page"
        >${t.embed.ownPage}</a
      >`;
  }

  #cameraTrouble(trouble: DeviceTrouble): TemplateResult {
    return html`<div class="note" role="status" data-testid="camera-problem" data-code=${CODES[trouble]}>
      <strong>${t.trouble.cameraTitle[trouble]}</strong>
      <span class="small">${t.trouble.cameraText}</span>
      ${trouble === "policy" ? this.#policy() : nothing}
    </div>`;
  }

  #money(): TemplateResult {
    const { expert, wallet } = this;
    const tariff = wallet ? expert?.tariff : undefined;
    const available = wallet?.available_minor ?? 0;
    const lastsMs = tariff && wallet ? affordable(tariff, available) : null;
    const poor = lastsMs !== null && lastsMs < 1000;
    return html`
      ${
        tariff
          ? html`<div>
            <p class="price figures" data-testid="price">${headline(tariff)}</p>
            ${conditions(tariff).map((text) => html`<p class="muted small">${text}</p>`)}
          </div>`
          : nothing
      }
      ${
        wallet && lastsMs !== null
          ? html`<hr />
            <dl class="facts">
              <div>
                <dt>${t.check.balance}</dt>
                <dd data-testid="balance" data-minor=${available}>
                  ${money(available, wallet.currency)}
                  ${wallet.test_money ? html`<span class="small muted" data-testid="test-money">${t.wallet.sandbox}</span>` : nothing}
                </dd>
              </div>
              ${
                poor
                  ? nothing
                  : html`<div>
                    <dt>${t.check.lasts}</dt>
                    <dd>${Number.isFinite(lastsMs) ? t.check.lastsAbout(words(lastsMs)) : t.check.unlimited}</dd>
                  </div>`
              }
            </dl>`
          : nothing
      }
      ${poor && wallet ? this.#poor(wallet) : nothing}
      ${wallet && !poor && tariff?.price_minor ? this.#cap(wallet) : nothing}
      ${this.waits ? this.#wish() : nothing}
      ${this.refusal ? html`<p class="note bad" role="alert" data-testid="refusal">${this.refusal}</p>` : nothing}
      <button
        type="button"
        class=${poor && !this.waits ? "large start" : "primary large start"}
        data-testid="start-call"
        ?disabled=${this.starting || (poor && !this.waits) || !this.#possible}
        @click=${() => this.#start()}
      >
        ${icon(this.waits ? "clock" : this.video ? "camera" : "phone")} ${this.waits ? t.line.join : this.action}
      </button>
      <p class="small muted">${this.#hint()}</p>
    `;
  }

  /** Busy or pausing: one waits in line. */
  get waits(): boolean {
    const live = this.expert?.live.state;
    return this.wallet !== null && (live === "busy" || live === "paused");
  }

  #wish(): TemplateResult {
    return html`<div class="field">
      <label for="wish">${t.line.wish}</label>
      <input
        id="wish"
        maxlength="200"
        autocomplete="off"
        data-testid="wish"
        aria-describedby="wish-hint"
        @input=${(event: Event) => this.#emit("tt-wish", (event.target as HTMLInputElement).value)}
      />
      <p id="wish-hint" class="small muted">${t.line.wishHint(this.expert?.name ?? "")}</p>
    </div>`;
  }

  #cap(wallet: Wallet): TemplateResult {
    return html`
      <div class="stack tight">
        <tt-cap-field
          .currency=${wallet.currency}
          .cap=${this.cap}
          @tt-cap=${(event: CustomEvent<number | null>) => this.#capTold(event.detail)}
        ></tt-cap-field>
        <label class="keep small">
          <input
            type="checkbox"
            data-testid="keep-cap"
            .checked=${this.keepCap}
            @change=${(event: Event) => this.#emit("tt-cap-keep", (event.target as HTMLInputElement).checked)}
          />
          ${t.inCall.cap.keep}
        </label>
      </div>
    `;
  }

  #poor(wallet: Wallet): TemplateResult {
    return html`
      <div class="note warn">
        <strong>${t.check.insufficient}</strong>
        <span class="small">${t.check.insufficientText}</span>
      </div>
      <tt-top-up .api=${this.api} .currency=${wallet.currency}></tt-top-up>
    `;
  }

  get #possible(): boolean {
    const here = this.wallet === null || this.expert?.live.state !== "away";
    // In line one needs no microphone yet.
    return here && (this.waits || this.devices?.track("mic") != null);
  }

  #hint(): string {
    const expert = this.expert;
    if (this.wallet && expert) {
      const { state, wait_ms } = expert.live;
      const back = expert.live.back_at ? ` ${t.line.backAt(soon(expert.live.back_at))}.` : "";
      if (state === "away") return t.check.offlineText(expert.name) + back;
      if (state === "busy") return t.line.joinBusy(expert.name, wait_ms > 0 ? aboutWait(wait_ms) : "");
      if (state === "paused") return t.line.joinPaused(expert.name);
    }
    return this.wallet ? t.check.costNow : t.invite.text;
  }

  #capTold(cap: number | null): void {
    this.noCap = Number.isNaN(cap);
    if (!this.noCap) this.#emit("tt-cap-wish", cap);
  }

  /** A limit that nobody could read is not passed over: the call would have none. */
  #start(): void {
    const field = this.renderRoot.querySelector("tt-cap-field");
    if (field && this.noCap) {
      field.focus();
      return;
    }
    performance.mark("tt-click");
    this.#emit("tt-start", null);
  }

  #emit(type: string, detail: unknown): void {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "tt-device-check": DeviceCheck;
  }
}
