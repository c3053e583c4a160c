/** The bar below a call. It decides nothing: every button is an event. */

import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { t } from "../strings";
import { base, controls } from "../styles/shared";
import { type IconName, icon } from "./icons";

export type ControlAction =
  | "mute"
  | "camera"
  | "share"
  | "pause"
  | "devices"
  | "invite"
  | "money"
  | "chat"
  | "office"
  | "hangup";

const TEST_IDS: Partial<Record<ControlAction, string>> = { share: "screen-share", office: "office-during" };

@customElement("tt-call-controls")
export class CallControls extends LitElement {
  @property({ type: Boolean }) muted = false;
  @property({ type: Boolean }) noMic = false;
  @property({ type: Boolean }) cameraOn = false;
  @property({ type: Boolean }) sharing = false;
  @property({ type: Boolean }) paused = false;
  /** The call has pictures. */
  @property({ type: Boolean }) video = false;
  @property({ type: Boolean }) canShare = false;
  @property({ type: Boolean }) canPause = false;
  @property({ type: Boolean }) canInvite = false;
  /** The person has a say in the money. */
  @property({ type: Boolean }) hasMoney = false;
  /** It is the host: the say is to give time. */
  @property({ type: Boolean }) gives = false;
  @property({ type: Boolean }) canHangUp = false;
  @property({ type: Boolean }) canChat = false;
  @property({ type: Boolean }) chatting = false;
  /** Messages that nobody has seen here. */
  @property({ type: Number }) unread = 0;
  /** How many wait for the host of this call; null: it is not for this person to know. */
  @property({ attribute: false }) waiting: number | null = null;

  static override styles = [
    base,
    controls,
    css`
      .bar {
        display: flex;
        flex-wrap: wrap;
        justify-content: center;
        gap: var(--control-gap);
      }
      button {
        min-width: var(--touch);
        min-height: var(--touch);
        padding: var(--space-2) var(--control-pad);
        background: var(--raised);
        border-color: var(--line);
        font-size: var(--text-s);
      }
      button[aria-pressed="true"],
      button.off {
        background: var(--ink);
        border-color: var(--ink);
        color: var(--ground);
      }
      button.danger {
        background: var(--danger);
        border-color: var(--danger);
        color: var(--on-danger);
      }
      .text {
        display: var(--control-label);
      }
      [data-testid="devices"] .text,
      [data-testid="invite"] .text {
        display: none;
      }
      .chat {
        position: relative;
      }
      .unread {
        position: absolute;
        inset-block-start: calc(-1 * var(--space-1));
        inset-inline-end: calc(-1 * var(--space-1));
        min-width: var(--icon-s);
        padding-inline: var(--space-1);
        border-radius: var(--radius-full);
        background: var(--accent);
        color: var(--on-accent);
        font-size: var(--text-xs);
        font-weight: var(--weight-strong);
        line-height: var(--icon-s);
        text-align: center;
      }
    `,
  ];

  override render() {
    return html`
      <div class="bar" role="toolbar" aria-label=${t.call.room}>
        ${this.#button("mute", this.muted ? "mic-off" : "mic", this.muted ? t.call.unmute : t.call.mute, this.muted)}
        ${
          this.video
            ? this.#button(
                "camera",
                this.cameraOn ? "camera" : "camera-off",
                this.cameraOn ? t.call.cameraOff : t.call.cameraOn,
                !this.cameraOn,
              )
            : nothing
        }
        ${
          this.canShare
            ? this.#button(
                "share",
                this.sharing ? "screen-off" : "screen",
                this.sharing ? t.call.unshare : t.call.share,
                this.sharing,
              )
            : nothing
        }
        ${
          this.canPause
            ? this.#button(
                "pause",
                this.paused ? "play" : "pause",
                this.paused ? t.call.resume : t.call.pause,
                this.paused,
              )
            : nothing
        }
        ${this.hasMoney ? this.#button("money", this.gives ? "gift" : "wallet", this.gives ? t.inCall.moneyHost : t.inCall.money) : nothing}
        ${this.canChat ? this.#chat() : nothing}
        ${this.#button("devices", "devices", t.call.devices)}
        ${this.waiting === null ? nothing : this.#button("office", "clock", t.office.during(this.waiting), this.waiting > 0)}
        ${this.canInvite ? this.#button("invite", "invite", t.call.invite) : nothing}
        ${
          this.canHangUp
            ? html`<button
              type="button"
              class="danger"
              data-testid="hang-up"
              aria-label=${t.call.hangup}
              title=${t.call.hangup}
              @click=${() => this.#act("hangup")}
            >
              ${icon("hangup")}<span class="text">${t.call.hangup}</span>
            </button>`
            : nothing
        }
      </div>
    `;
  }

  #chat(): TemplateResult {
    return html`<button
      type="button"
      class=${this.chatting ? "chat off" : "chat on"}
      data-testid="chat-open"
      data-unread=${this.unread}
      aria-label=${t.chat.open(this.unread)}
      aria-expanded=${this.chatting}
      title=${t.chat.open(this.unread)}
      @click=${() => this.#act("chat")}
    >
      ${icon("chat")}<span class="text">${t.chat.title}</span>
      ${this.unread > 0 ? html`<span class="unread" aria-hidden="true">${Math.min(this.unread, 99)}</span>` : nothing}
    </button>`;
  }

  /** The words say what a click does, so the state is shown by colour and not announced twice. */
  #button(action: ControlAction, picture: IconName, words: string, off = false): TemplateResult {
    return html`<button
      type="button"
      class=${off ? "off" : "on"}
      data-testid=${TEST_IDS[action] ?? action}
      data-on=${off ? "no" : "yes"}
      aria-label=${words}
      title=${words}
      ?disabled=${action === "mute" && this.noMic}
      @click=${() => this.#act(action)}
    >
      ${icon(picture)}<span class="text">${words}</span>
    </button>`;
  }

  /** Let the keyboard go on from the button with this test id. */
  focusOn(testId: string): void {
    this.renderRoot.querySelector<HTMLElement>(`[data-testid="${testId}"]`)?.focus();
  }

  #act(action: ControlAction): void {
    this.dispatchEvent(new CustomEvent<ControlAction>("tt-control", { detail: action }));
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "tt-call-controls": CallControls;
  }
}
