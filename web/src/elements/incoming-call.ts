/** Somebody calls: who, how, at what price, and for how long it still rings. */

import { css, html, LitElement, nothing } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { clock } from "../core/duration";
import { headline } from "../core/price";
import type { IncomingCall } from "../protocol/messages";
import { t } from "../strings";
import { base, card, controls } from "../styles/shared";
import { icon } from "./icons";
import { initials } from "./video-tile";

const AUTO_MS = 3_000;

/** `toLine`: the caller shall wait in line instead. */
export interface Declining {
  readonly note: string;
  readonly toLine: boolean;
}

@customElement("tt-incoming-call")
export class IncomingCallCard extends LitElement {
  @property({ attribute: false }) call: IncomingCall | null = null;
  @property({ type: Number }) at = 0;
  @property({ type: Boolean }) accepting = false;
  /** The page takes calls by itself, AUTO_MS after they came. */
  @property({ type: Boolean }) auto = false;
  @state() private tick = 0;
  #timer: ReturnType<typeof setInterval> | undefined;
  #autoTimer: ReturnType<typeof setTimeout> | undefined;
  #came = 0;

  static override styles = [
    base,
    controls,
    card,
    css`
      section {
        display: grid;
        gap: var(--space-4);
        border-color: var(--accent);
        box-shadow: var(--shadow-l);
      }
      .who {
        display: flex;
        align-items: center;
        gap: var(--space-4);
      }
      .avatar {
        display: grid;
        place-items: center;
        flex: none;
        width: var(--avatar-call);
        height: var(--avatar-call);
        border-radius: var(--radius-full);
        background: var(--accent-soft);
        color: var(--accent);
        font-size: var(--text-xl);
        font-weight: var(--weight-strong);
        animation: glow var(--pulse) var(--repeat) ease-in-out;
      }
      @keyframes glow {
        50% {
          box-shadow: 0 0 0 var(--space-2) var(--accent-soft);
        }
      }
      .actions {
        display: grid;
        grid-template-columns: 1fr 1fr;
        gap: var(--space-3);
      }
      .actions button {
        padding-inline: var(--space-2);
      }
      .accept {
        grid-column: 1 / -1;
      }
    `,
  ];

  override connectedCallback(): void {
    super.connectedCallback();
    this.#came = performance.now();
    this.#timer = setInterval(() => this.#ticked(), 500);
    // A timer of its own: in a tab that is not in sight, those that repeat are slowed down to one a minute.
    this.#autoTimer = setTimeout(() => this.#ticked(), AUTO_MS + 50);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearInterval(this.#timer);
    clearTimeout(this.#autoTimer);
  }

  override render() {
    void this.tick;
    const call = this.call;
    if (!call) return nothing;
    const left = call.ring_left_ms - (performance.now() - this.at);
    const autoLeft = Math.ceil((this.#came + AUTO_MS - performance.now()) / 1000);
    return html`
      <section class="card" aria-labelledby="title" data-testid="incoming" data-call=${call.id}>
        <div class="who">
          <span class="avatar" aria-hidden="true">${initials(call.payer_name)}</span>
          <div>
            <p class="small muted">${call.media === "voice" ? t.expert.incomingVoice : t.expert.incoming}</p>
            <h2 id="title">${t.expert.from(call.payer_name)}</h2>
            <p class="small muted figures">
              ${headline(call.tariff)} ·
              ${this.auto && autoLeft > 0 ? t.office.autoSoon(autoLeft) : t.expert.ringsFor(clock(Math.max(0, left)))}
            </p>
          </div>
        </div>
        <div class="field">
          <label for="note">${t.expert.note}</label>
          <input
            id="note"
            maxlength="200"
            autocomplete="off"
            placeholder=${t.expert.notePlaceholder}
            data-testid="decline-note"
          />
        </div>
        <p class="hidden" role="alert">${t.expert.from(call.payer_name)}</p>
        <div class="actions">
          <button
            type="button"
            class="primary large accept"
            data-testid="accept"
            ?disabled=${this.accepting}
            @click=${this.#accept}
          >
            ${icon(call.media === "voice" ? "phone" : "camera")} ${t.expert.accept}
          </button>
          <button type="button" data-testid="decline" @click=${() => this.#decline(false)}>
            ${icon("close", "s")} ${t.expert.decline}
          </button>
          <button type="button" data-testid="to-line" @click=${() => this.#decline(true)}>
            ${icon("clock", "s")} ${t.office.toLine}
          </button>
        </div>
      </section>
    `;
  }

  #ticked(): void {
    this.tick++;
    if (this.auto && !this.accepting && performance.now() - this.#came >= AUTO_MS) this.#accept();
  }

  #accept = (): void => {
    performance.mark("tt-click");
    this.dispatchEvent(new CustomEvent("tt-accept"));
  };

  #decline(toLine: boolean): void {
    const note = this.renderRoot.querySelector("input")?.value.trim() ?? "";
    this.dispatchEvent(new CustomEvent<Declining>("tt-decline", { detail: { note, toLine } }));
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "tt-incoming-call": IncomingCallCard;
  }
}
