/** A call while it lives: the stage with everybody, the meter above, the controls below, and what to know between. */

import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property, queryAll, state } from "lit/decorators.js";
import type { Api } from "../core/api";
import { stayAwake } from "../core/awake";
import type { Devices } from "../core/devices";
import { type CallState, type Face, face, others, pausedByMe, self } from "../core/machine";
import type { CallSession } from "../core/session";
import type { ParticipantView } from "../protocol/messages";
import { t } from "../strings";
import { base, card, controls } from "../styles/shared";
import { otherName } from "./banners";
import type { ControlAction } from "./call-controls";
import "./call-controls";
import "./call-money";
import "./chat-panel";
import "./device-pickers";
import "./dialog";
import { follow } from "./follow";
import "./invite";
import "./meter-badge";
import "./overlay";
import "./quality";
import "./video-tile";
import type { VideoTile } from "./video-tile";

@customElement("tt-call-room")
export class CallRoom extends LitElement {
  @property({ attribute: false }) session: CallSession | null = null;
  @property({ attribute: false }) devices: Devices | null = null;
  @property({ attribute: false }) api: Api | null = null;
  /** How many wait for the expert, on the expert's own page. */
  @property({ attribute: false }) waiting: number | null = null;
  @state() private panel: "none" | "devices" | "invite" | "money" = "none";
  @state() private silent = false;
  @state() private chatting = false;
  @queryAll("tt-video-tile.remote") private tiles!: NodeListOf<VideoTile>;
  #measured = false;
  #opened = false;
  #letSleep: (() => void) | null = null;

  constructor() {
    super();
    follow(this, () => this.session);
    follow(this, () => this.devices);
    follow(this, () => this.session?.chat ?? null);
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#letSleep = stayAwake(navigator, document);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#letSleep?.();
  }

  override firstUpdated(): void {
    // What was clicked to come here is gone; the keyboard goes on from the room's beginning.
    this.renderRoot.querySelector<HTMLElement>("h1")?.focus();
  }

  static override styles = [
    base,
    controls,
    card,
    css`
      :host {
        color-scheme: dark;
        background: var(--ground);
        color: var(--ink);
      }
      main {
        display: grid;
        grid-template-rows: auto minmax(0, 1fr) auto;
        gap: var(--space-3);
        height: var(--screen);
        padding: var(--space-3) var(--space-4);
      }
      header {
        display: flex;
        align-items: center;
        justify-content: space-between;
        gap: var(--space-4);
      }
      .title {
        display: var(--wide-only);
        font-size: var(--text-l);
        font-weight: var(--weight-strong);
      }
      tt-meter-badge {
        flex: var(--button-grow);
        min-width: min(var(--full), var(--badge-width));
      }
      .middle {
        position: relative;
        display: grid;
        gap: var(--space-3);
        min-height: var(--none);
        grid-template-columns: minmax(0, 1fr);
        grid-template-rows: minmax(0, 1fr);
      }
      .middle.chatting {
        grid-template-columns: var(--chat-columns);
        /* On a phone the chat leaves the top of the picture alone to be seen. */
        --quality-top: var(--space-2);
        --quality-bottom: auto;
        --quality-order: 0;
      }
      tt-chat {
        position: var(--chat-place);
        inset: var(--chat-top) var(--none) var(--none);
        min-height: var(--none);
        z-index: var(--layer-sheet);
      }
      .stage {
        position: relative;
        display: grid;
        gap: var(--space-3);
        min-height: var(--none);
      }
      .tiles {
        display: grid;
        gap: var(--space-3);
        min-height: var(--none);
        grid-auto-rows: minmax(0, 1fr);
        grid-template-columns: minmax(0, 1fr);
      }
      .tiles[data-count="2"] {
        grid-template-columns: repeat(var(--tiles-2), minmax(0, 1fr));
      }
      .tiles[data-count="3"],
      .tiles[data-count="4"] {
        grid-template-columns: repeat(var(--tiles-4), minmax(0, 1fr));
      }
      .tiles[data-count="5"],
      .tiles[data-count="6"] {
        grid-template-columns: repeat(var(--tiles-6), minmax(0, 1fr));
      }
      .stage.screens {
        grid-template-columns: var(--stage-beside);
        grid-template-rows: var(--stage-rows);
      }
      .stage.screens .people {
        grid-template-columns: none;
        grid-auto-flow: var(--strip-flow);
        grid-auto-columns: minmax(0, 1fr);
        grid-auto-rows: var(--strip-rows);
        align-content: start;
      }
      .stage.screens .people tt-video-tile {
        aspect-ratio: var(--strip-ratio);
      }
      .self {
        position: absolute;
        inset-block-end: var(--space-3);
        inset-inline-end: var(--space-3);
        width: var(--self-width);
        aspect-ratio: var(--ratio-self);
        border: var(--hair) solid var(--line-strong);
        border-radius: var(--radius-m);
        box-shadow: var(--shadow-m);
        z-index: var(--layer-tile);
      }
      .alone {
        inset: var(--none);
        width: var(--full);
        height: var(--full);
        aspect-ratio: auto;
        border: none;
      }
    `,
  ];

  override render() {
    const call = this.session?.state;
    if (!call) return nothing;
    const now = face(call);
    const people = others(call).filter((each) => each.role !== "guest" || each.presence !== "absent");
    return html`
      <main
        data-face=${now}
        data-testid="room"
        @tt-pause=${(event: CustomEvent<string>) => this.session?.pause(event.detail)}
        @tt-cap=${(event: CustomEvent<number | null>) => this.session?.cap(event.detail)}
      >
        <header>
          <h1 class="hidden" tabindex="-1">${otherName(call)}</h1>
          <span class="title" aria-hidden="true">${otherName(call)}</span>
          <tt-meter-badge .call=${call}></tt-meter-badge>
        </header>
        <div class="middle ${this.chatting ? "chatting" : "plain"}">
          ${this.#stage(call, now, people)} ${this.#chat(call)}
        </div>
        ${this.#controls(call, now)}
      </main>
      ${this.#panel()}
    `;
  }

  // -- the stage ---------------------------------------------------------------------------------------------

  #stage(call: CallState, now: Face, people: readonly ParticipantView[]): TemplateResult {
    const beginning = now === "joining" || now === "ringing" || now === "connecting" || now === "blocked";
    const shown = beginning ? [] : people;
    const screens = shown.filter(
      (each) => each.screen && each.tracks.some((track) => track.source === "screen"),
    );
    return html`
      <div class="stage ${screens.length > 0 ? "screens" : "faces"}">
        ${
          screens.length > 0
            ? html`<div class="tiles" data-count=${screens.length}>${screens.map((each) => this.#screen(each))}</div>`
            : nothing
        }
        <div class="tiles people" data-count=${shown.length}>${shown.map((each) => this.#tile(call, each))}</div>
        ${this.#self(call, shown.length === 0)}
        ${
          beginning || call.link !== "up"
            ? nothing
            : html`<tt-quality .told=${call.quality} .side=${call.role} .other=${otherName(call)}></tt-quality>`
        }
        <tt-banners
          .call=${call}
          .api=${this.api}
          ?sharing=${this.devices?.screen != null}
          ?silent=${this.silent}
          @tt-unlock=${this.#unlock}
          @tt-notice-read=${() => this.session?.noticeRead()}
        ></tt-banners>
        <tt-overlay
          .call=${call}
          .api=${this.api}
          @tt-cancel=${() => this.#act("hangup")}
          @tt-retry=${() => this.session?.retryNow()}
        ></tt-overlay>
      </div>
    `;
  }

  #tile(call: CallState, who: ParticipantView): TemplateResult {
    const session = this.session;
    const held = call.meter?.state === "paused" || call.meter?.state === "exhausted";
    return html`<tt-video-tile
      class="remote"
      data-testid="tile-remote"
      data-participant=${who.id}
      data-presence=${who.presence}
      .name=${who.name}
      .video=${session?.remote(who.id, "camera") ?? null}
      .audio=${session?.remote(who.id, "mic") ?? null}
      .showVideo=${who.camera}
      .videoTestId=${"remote-video"}
      .micOff=${!who.mic}
      .note=${noteOf(who)}
      .speaker=${this.devices?.speaker ?? ""}
      ?dimmed=${held || who.presence === "interrupted"}
      @tt-frame=${this.#framed}
      @tt-silent=${() => {
        this.silent = true;
      }}
    ></tt-video-tile>`;
  }

  #screen(who: ParticipantView): TemplateResult {
    return html`<tt-video-tile
      class="remote"
      data-testid="tile-screen"
      data-source="screen"
      .name=${t.call.screenOf(who.name)}
      .video=${this.session?.remote(who.id, "screen") ?? null}
      .audio=${this.session?.remote(who.id, "screen_audio") ?? null}
      .showVideo=${true}
      .videoTestId=${"remote-screen"}
      .speaker=${this.devices?.speaker ?? ""}
      whole
    ></tt-video-tile>`;
  }

  #self(call: CallState, alone: boolean): TemplateResult | typeof nothing {
    const devices = this.devices;
    if (!devices || (call.call?.media === "voice" && !alone)) return nothing;
    return html`<tt-video-tile
      class=${alone ? "self alone" : "self"}
      data-testid="tile-self"
      .name=${self(call)?.name || t.you}
      .video=${devices.track("camera")}
      .showVideo=${devices.cameraOn}
      .micOff=${!devices.micOn}
      mirrored
      ?small=${!alone}
      ?dimmed=${alone}
    ></tt-video-tile>`;
  }

  #chat(call: CallState): TemplateResult | typeof nothing {
    const chat = this.session?.chat;
    if (!chat || call.role === "guest") return nothing;
    const news = chat.unread > 0 ? t.chat.news(otherName(call)) : "";
    if (!this.chatting) return html`<span class="hidden" role="status">${news}</span>`;
    return html`<tt-chat
      data-testid="chat"
      .chat=${chat}
      .api=${this.api}
      .callId=${call.callId}
      .other=${otherName(call)}
      @tt-close=${() => {
        this.chatting = false;
        // Where the keyboard was is gone; it goes on from what opened it.
        this.renderRoot.querySelector("tt-call-controls")?.focusOn("chat-open");
      }}
    ></tt-chat>`;
  }

  // -- controls ----------------------------------------------------------------------------------------------

  #controls(call: CallState, now: Face): TemplateResult {
    const devices = this.devices;
    const begun = now !== "joining" && now !== "ringing";
    const party = call.role !== "guest";
    return html`<tt-call-controls
      .muted=${!devices?.micOn}
      .noMic=${devices?.track("mic") == null}
      .cameraOn=${devices?.cameraOn ?? false}
      .video=${call.call?.media !== "voice"}
      .sharing=${devices?.screen != null}
      .canShare=${begun && (devices?.canShare ?? false)}
      .paused=${pausedByMe(call)}
      .canPause=${party && begun && now !== "soft_landing"}
      .canInvite=${party && begun}
      .hasMoney=${party && begun}
      .gives=${call.role === "host"}
      .canHangUp=${begun}
      .canChat=${party && begun}
      .chatting=${this.chatting}
      .unread=${this.session?.chat.unread ?? 0}
      .waiting=${this.waiting}
      @tt-control=${(event: CustomEvent<ControlAction>) => this.#act(event.detail)}
    ></tt-call-controls>`;
  }

  #act(action: ControlAction): void {
    const { session, devices } = this;
    if (!session || !devices) return;
    switch (action) {
      case "mute":
        devices.mute(!devices.muted);
        break;
      case "camera":
        if (devices.cameraOn) devices.close("camera");
        else void devices.open("camera");
        break;
      case "share":
        if (devices.screen) devices.unshare();
        else void devices.share();
        break;
      case "pause":
        if (pausedByMe(session.state)) session.resume();
        else session.pause();
        break;
      case "hangup":
        session.leave();
        break;
      case "chat":
        this.chatting = !this.chatting;
        break;
      case "office":
        this.dispatchEvent(new CustomEvent("tt-office", { bubbles: true, composed: true }));
        break;
      case "devices":
      case "invite":
      case "money":
        this.panel = action;
        break;
    }
  }

  #panel(): TemplateResult | typeof nothing {
    const close = (): void => {
      this.panel = "none";
    };
    if (this.panel === "devices")
      return html`<tt-dialog .heading=${t.call.devices} @tt-close=${close}>
        <tt-device-pickers
          .devices=${this.devices}
          .video=${this.session?.state.call?.media !== "voice"}
        ></tt-device-pickers>
      </tt-dialog>`;
    if (this.panel === "money")
      return html`<tt-dialog
        .heading=${this.session?.state.role === "host" ? t.inCall.gift.title : t.inCall.moneyTitle}
        @tt-close=${close}
      >
        <tt-call-money .session=${this.session} .api=${this.api} @tt-done=${close}></tt-call-money>
      </tt-dialog>`;
    if (this.panel === "invite")
      return html`<tt-dialog .heading=${t.invite.title} @tt-close=${close}>
        <tt-invite .api=${this.api} .callId=${this.session?.state.callId ?? ""}></tt-invite>
      </tt-dialog>`;
    return nothing;
  }

  #unlock = (): void => {
    this.silent = false;
    for (const tile of this.tiles) tile.unlock();
  };

  // -- how long it took --------------------------------------------------------------------------------------

  override updated(): void {
    // For the caller the wait begins anew when the other accepts.
    if (!this.#opened && this.session?.state.call?.state === "open") {
      this.#opened = true;
      performance.mark("tt-open");
    }
  }

  #framed = (): void => {
    if (this.#measured) return;
    this.#measured = true;
    performance.mark("tt-first-frame");
    if (performance.getEntriesByName("tt-click", "mark").length > 0)
      performance.measure("tt-time-to-frame", "tt-click", "tt-first-frame");
    if (this.#opened) performance.measure("tt-open-to-frame", "tt-open", "tt-first-frame");
  };
}

function noteOf(who: ParticipantView): string {
  switch (who.presence) {
    case "absent":
      return t.call.absent;
    case "connecting":
      return t.call.connecting;
    case "interrupted":
      return t.call.interrupted;
    case "connected":
      return "";
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "tt-call-room": CallRoom;
  }
}
