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

@customElement("tt-incoming-call")
export class IncomingCallCard extends LitElement {
  @property({ attribute: false }) call: IncomingCall | null = null;
  @property({ type: Number }) at = 0;
  @property({ type: Boolean }) accepting = false;
  @state() private tick = 0;
  #timer: ReturnType<typeof setInterval> | undefined;

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
    `,
  ];

  override connectedCallback(): void {
    super.connectedCallback();
    this.#timer = setInterval(() => this.tick++, 500);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearInterval(this.#timer);
  }

  override render() {
    void this.tick;
    const call = this.call;
    if (!call) return nothing;
    const left = call.ring_left_ms - (performance.now() - this.at);
    return html`
      <section class="card" aria-labelledby="title" data-testid="incoming" data-call=${call.id}>
        <div class="who">
          <span class="avatar" aria-hidden="true">${initials(call.payer_name)}</span>
          <div>
            <p class="small muted">${call.media === "voice" ? t.expert.incomingVoice : t.expert.incoming}</p>
            <h2 id="title">${t.expert.from(call.payer_name)}</h2>
            <p class="small muted figures">
              ${headline(call.tariff)} · ${t.expert.ringsFor(clock(Math.max(0, left)))}
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
          <button type="button" class="large" data-testid="decline" @click=${this.#decline}>
            ${icon("close")} ${t.expert.decline}
          </button>
          <button
            type="button"
            class="primary large"
            data-testid="accept"
            ?disabled=${this.accepting}
            @click=${this.#accept}
          >
            ${icon(call.media === "voice" ? "phone" : "camera")} ${t.expert.accept}
          </button>
        </div>
      </section>
    `;
  }

  #accept = (): void => {
    performance.mark("tt-click");
    this.dispatchEvent(new CustomEvent("tt-accept"));
  };

  #decline = (): void => {
    const detail = this.renderRoot.querySelector("input")?.value.trim() ?? "";
    this.dispatchEvent(new CustomEvent("tt-decline", { detail }));
  };
}

declare global {
  interface HTMLElementTagNameMap {
    "tt-incoming-call": IncomingCallCard;
  }
}
