/** Short lines over the stage: what one should know without losing sight of the other. */

import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { Api } from "../core/api";
import { type CallState, face, others } from "../core/machine";
import { money } from "../core/money";
import type { Purse } from "../core/purse";
import { t } from "../strings";
import { base, controls } from "../styles/shared";
import { follow } from "./follow";
import { type IconName, icon } from "./icons";
import "./low-balance";
import { purseOf } from "./purse";

const TIP_MS = 12_000;

@customElement("tt-banners")
export class Banners extends LitElement {
  @property({ attribute: false }) call: CallState | null = null;
  @property({ attribute: false }) api: Api | null = null;
  @property({ type: Boolean }) sharing = false;
  /** The browser wants a click before it lets the others be heard. */
  @property({ type: Boolean }) silent = false;

  #rest: (() => void) | null = null;
  #tipped: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    super();
    follow(this, () => this.#purse);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearTimeout(this.#tipped);
    this.#rest?.();
    this.#rest = null;
  }

  static override styles = [
    base,
    controls,
    css`
      :host {
        position: absolute;
        inset-block-start: var(--space-3);
        inset-inline: var(--space-3);
        display: grid;
        grid-template-columns: minmax(0, auto);
        justify-content: center;
        justify-items: center;
        gap: var(--space-2);
        z-index: var(--layer-banner);
        pointer-events: none;
      }
      :host > * {
        pointer-events: auto;
      }
      .toast {
        display: flex;
        align-items: center;
        gap: var(--space-2);
        padding: var(--space-2) var(--space-4);
        border: var(--hair) solid var(--line);
        border-radius: var(--radius-full);
        background: var(--glass);
        font-size: var(--text-s);
      }
      .toast button {
        min-height: var(--none);
        padding: var(--space-1);
        border: none;
        background: none;
      }
      .toast button.ask {
        color: var(--accent);
        text-decoration: underline;
        text-underline-offset: var(--space-1);
      }
    `,
  ];

  override render() {
    const call = this.call;
    if (!call) return nothing;
    const now = face(call);
    const low = call.role === "payer" && call.meter?.low && (now === "call" || now === "connecting");
    return html`
      ${low ? html`<tt-low-balance .call=${call} .api=${this.api}></tt-low-balance>` : nothing}
      ${low ? nothing : this.#bank()} ${this.#tip(call)} ${this.#reconnecting(call)} ${this.sharing ? toast("screen", t.call.yourScreen) : nothing}
      ${
        this.silent
          ? html`<button type="button" class="primary" data-testid="sound" @click=${() => this.#emit("tt-unlock")}>
            ${icon("sound", "s")} ${t.call.tapToHear}
          </button>`
          : nothing
      }
      ${
        call.notice
          ? html`<p class="toast" role="alert" data-testid="notice" data-code=${call.notice.code}>
            ${t.refusal(call.notice.code, otherName(call))}
            <button type="button" aria-label=${t.close} @click=${() => this.#emit("tt-notice-read")}>
              ${icon("close", "s")}
            </button>
          </p>`
          : nothing
      }
    `;
  }

  /** The payer's alone. */
  get #purse(): Purse | null {
    return this.call?.role === "payer" && this.api ? purseOf(this.api) : null;
  }

  override updated(): void {
    // An automatic top-up may need the person at any time.
    const live = this.call?.call?.state === "open";
    if (live && !this.#rest) this.#rest = this.#purse?.attend() ?? null;
  }

  /** Shown for a while: it stands on the receipt as well. */
  #tip({ tip, call }: CallState): TemplateResult | typeof nothing {
    if (!tip) return nothing;
    const leftMs = TIP_MS - (performance.now() - tip.at);
    if (leftMs <= 0) return nothing;
    clearTimeout(this.#tipped);
    this.#tipped = setTimeout(() => this.requestUpdate(), leftMs);
    return toast(
      "gift",
      t.afterCall.tip.now(call?.payer_name ?? "", money(tip.minor, tip.currency)),
      "tipped",
    );
  }

  /** The bank asks for the person, who may be deep in talk. */
  #bank(): TemplateResult | typeof nothing {
    const state = this.#purse?.state;
    const payment = state?.payment;
    if (payment?.state !== "action" || state?.bank) return nothing;
    return html`<div class="toast" role="status" data-testid="bank-waits">
      ${t.wallet.action(money(payment.amount_minor, payment.currency))}
      <button type="button" class="ask" data-testid="bank-confirm" @click=${() => void this.#purse?.toBank()}>
        ${t.wallet.confirm}
      </button>
    </div>`;
  }

  /** Either the other is away, or only the way to the server is: one still hears and sees. */
  #reconnecting(call: CallState): TemplateResult | typeof nothing {
    const now = face(call);
    if (now === "reconnecting" && call.media === "up")
      return toast("wifi", call.stopping ? t.call.restarting : t.call.reconnectingLive, "reconnecting");
    const away = others(call).find((each) => each.role !== "guest" && each.presence === "interrupted");
    if (away && now === "call") return toast("wifi", `${away.name} · ${t.call.interrupted}`, "reconnecting");
    return nothing;
  }

  #emit(type: string): void {
    this.dispatchEvent(new CustomEvent(type));
  }
}

function toast(picture: IconName, words: string, testId?: string): TemplateResult {
  return html`<p class="toast" role="status" data-testid=${testId ?? nothing}>${icon(picture, "s")} ${words}</p>`;
}

/** Whom the call is with. */
export function otherName(call: CallState): string {
  return (call.role === "host" ? call.call?.payer_name : call.call?.host_name) ?? "";
}

declare global {
  interface HTMLElementTagNameMap {
    "tt-banners": Banners;
  }
}
