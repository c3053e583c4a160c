/**
 * `/expert` and `/console`: an expert is live while this page is connected; it rings, and the call is taken right
 * here. Line, day, earnings, calls and clients are views of one page, so that looking something up ends nothing.
 */

import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import { Api, Refusal } from "../core/api";
import { backoff } from "../core/backoff";
import { Desk } from "../core/desk";
import type { Devices } from "../core/devices";
import { LiveCall, openDevices } from "../core/live-call";
import { placeAt } from "../core/places";
import { Presence, type PresenceState } from "../core/presence";
import { pause } from "../core/timers";
import "../elements/call";
import "../elements/dialog";
import "../elements/caller-card";
import "../elements/desk-calls";
import "../elements/desk-clients";
import "../elements/desk-earnings";
import "../elements/desk-line";
import "../elements/desk-today";
import type { Declining } from "../elements/incoming-call";
import "../elements/incoming-call";
import "../elements/line-list";
import "../elements/link-problem";
import "../elements/office";
import { isView } from "../elements/shell";
import type { CallSummary, Expert, Me } from "../protocol/api";
import type { AcceptedMessage, IncomingCall } from "../protocol/messages";
import { t } from "../strings";
import { base, card, controls } from "../styles/shared";
import {
  findResume,
  keepResume,
  login,
  newDevices,
  onBack,
  onLeave,
  onNewLink,
  presenceParts,
  sessionParts,
  warmUp,
} from "./browser";
import { Doorbell, permission } from "./doorbell";

const PATH = "/expert";

@customElement("tt-expert-page")
export class ExpertPage extends LitElement {
  @state() private problem = "";
  @state() private me: Me | null = null;
  @state() private expert: Expert | null = null;
  @state() private calls: readonly CallSummary[] | null = null;
  @state() private accepting = "";
  @state() private path = location.pathname;
  @state() private alerts = permission();
  @state() private asideOpen = false;
  readonly #devices: Devices = newDevices();
  readonly #doorbell = new Doorbell(`${t.expert.title} · ${t.brand}`, () => this.requestUpdate());
  #api: Api | null = null;
  #desk: Desk | null = null;
  #presence: Presence | null = null;
  #live: LiveCall | null = null;
  #looked = false;
  /** Media of calls that rang here, for the moment they are accepted. */
  #media = new Map<string, "video" | "voice">();

  static override styles = [
    base,
    controls,
    card,
    css`
      .page {
        display: grid;
        gap: var(--section);
      }
      .alerts {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        justify-content: space-between;
        gap: var(--space-3);
      }
      .ringing {
        display: grid;
        gap: var(--space-4);
        width: min(var(--full), var(--page-narrow));
        margin-inline: auto;
        padding: var(--space-4) var(--gutter) var(--none);
      }
      .page .ringing {
        width: var(--full);
        padding: var(--none);
      }
      .loading {
        padding-block: var(--space-7);
        text-align: center;
      }
    `,
  ];

  override connectedCallback(): void {
    super.connectedCallback();
    onNewLink();
    onLeave(() => {
      this.#live?.suspend();
      this.#presence?.stop();
    });
    onBack(() => {
      this.#presence?.retryNow();
      this.#live?.session.retryNow();
    });
    addEventListener("popstate", () => this.#show(location.pathname));
    this.#show(location.pathname);
    this.#devices.subscribe(() => this.#remember());
    this.#api = new Api(login(PATH));
    this.#desk = new Desk(this.#api);
    void this.#load(this.#api);
  }

  override render(): TemplateResult {
    const live = this.#live;
    if (live) {
      const { phase } = live.session.state;
      const inRoom = phase === "room" || phase === "joining";
      return html`
        ${inRoom ? nothing : html`<div class="ringing">${this.#ringing()}</div>`}
        <tt-call
          .session=${live.session}
          .devices=${this.#devices}
          .api=${this.#api}
          .who=${this.me?.name ?? ""}
          data-testid=${!inRoom && this.#presence?.state.phase === "live" ? "online" : "call"}
          @tt-again=${() => this.#back()}
          .waiting=${inRoom && this.#presence?.state.office ? this.#presence.state.line.length : null}
          @tt-use-here=${() => this.#useHere()}
          @tt-office=${() => {
            this.asideOpen = true;
          }}
        ></tt-call>
        ${inRoom && this.asideOpen ? this.#aside() : nothing}
      `;
    }
    const there = this.#presence && !this.problem;
    return html`<tt-shell
      width="wide"
      .area=${there ? "expert" : ""}
      ?staying=${this.#presence?.state.phase === "live"}
      .path=${this.path}
      .who=${this.me?.name ?? ""}
      @tt-go=${this.#go}
      >${this.#page()}</tt-shell
    >`;
  }

  /** During a call: who waits, and whether it goes on after this one. */
  #aside(): TemplateResult {
    const presence = this.#presence?.state;
    return html`<tt-dialog
      .heading=${t.office.duringTitle}
      @tt-close=${() => {
        this.asideOpen = false;
      }}
    >
      <div class="page">
        <tt-caller-card .desk=${this.#desk} .call=${this.#live?.session.state.callId ?? ""}></tt-caller-card>
        <tt-line-list .callers=${presence?.line ?? []}></tt-line-list>
        <tt-office brief .api=${this.#api} .office=${presence?.office ?? null}></tt-office>
      </div>
    </tt-dialog>`;
  }

  #page(): TemplateResult {
    if (this.problem)
      return html`<tt-link-problem .code=${this.problem} .role=${this.me?.role ?? ""}></tt-link-problem>`;
    const presence = this.#presence?.state;
    if (!presence) return html`<p class="muted loading" role="status">${t.loading}</p>`;
    if (presence.phase === "superseded")
      return html`<tt-notice
        icon="tabs"
        code="superseded"
        .heading=${t.expert.superseded}
        .text=${t.expert.supersededText}
      >
        <button type="button" class="primary large" data-testid="use-here" @click=${() => this.#useHere()}>
          ${t.call.useHere}
        </button>
      </tt-notice>`;
    if (presence.phase === "failed")
      return html`<tt-link-problem .code=${presence.failure?.code ?? "auth.forged"}></tt-link-problem>`;
    return html`
      <div class="page">
        ${presence.ringing.length > 0 ? html`<div class="ringing">${this.#ringing()}</div>` : nothing}
        ${this.#view(presence)}
      </div>
    `;
  }

  #view(presence: PresenceState): TemplateResult {
    switch (placeAt("expert", this.path)?.name) {
      case "today":
        return html`${this.#open()}
          <tt-desk-today
            .desk=${this.#desk}
            .api=${this.#api}
            .presence=${presence}
            .calls=${this.calls}
            .who=${this.me?.name ?? ""}
            @tt-go=${this.#go}
          ></tt-desk-today>`;
      case "earnings":
        return html`<tt-desk-earnings .desk=${this.#desk}></tt-desk-earnings>`;
      case "calls":
        return html`<tt-desk-calls .desk=${this.#desk}></tt-desk-calls>`;
      case "clients":
        return html`<tt-desk-clients .desk=${this.#desk}></tt-desk-clients>`;
      default:
        return html`${this.#open()}
          <tt-desk-line
            .api=${this.#api}
            .presence=${presence}
            .expert=${this.expert}
            .calls=${this.calls}
            ?soundless=${this.#doorbell.soundless}
            ?askAlerts=${this.alerts === "default"}
            @tt-alerts=${() => void this.#allowAlerts()}
            @tt-go=${this.#go}
          ></tt-desk-line>`;
    }
  }

  #ringing(): TemplateResult[] {
    const presence = this.#presence;
    if (!presence) return [];
    return presence.state.ringing.map(
      (call) => html`<tt-incoming-call
        .call=${call}
        .at=${presence.state.ringingAt}
        ?accepting=${this.accepting === call.id}
        @tt-accept=${() => this.#accept(call)}
        ?auto=${presence.state.office?.auto_accept ?? false}
        @tt-decline=${(event: CustomEvent<Declining>) => this.#decline(call, event.detail)}
      ></tt-incoming-call>
      <tt-caller-card .desk=${this.#desk} .call=${call.id}></tt-caller-card>`,
    );
  }

  #open(): TemplateResult | typeof nothing {
    const id = this.#presence?.state.openCall;
    if (!id) return nothing;
    return html`<section class="card alerts">
      <div>
        <h2>${t.expert.openCall}</h2>
        <p class="muted">${t.expert.openCallText}</p>
      </div>
      <button type="button" class="primary" data-testid="rejoin" @click=${() => this.#begin(id, null)}>
        ${t.expert.rejoin}
      </button>
    </section>`;
  }

  // -- who I am, and being there -----------------------------------------------------------------------------

  async #load(api: Api): Promise<void> {
    for (let attempt = 1; !this.#presence; attempt++) {
      try {
        const me = await api.me();
        this.me = me;
        if (me.role !== "expert") throw new Refusal("page.role", 403, "");
        this.problem = "";
        this.#presence = new Presence(
          presenceParts(api),
          () => this.#presenceChanged(),
          (message) => this.#accepted(message),
        );
        this.#presence.start();
        this.requestUpdate();
        this.expert = await api.expert(me.slug);
        await this.#list(api);
      } catch (error) {
        const refusal = error instanceof Refusal ? error : new Refusal("network", 0, String(error));
        if (this.#presence) return;
        this.problem = refusal.code;
        if (!refusal.passing) return;
        await pause(backoff(attempt, Math.random()));
      }
    }
  }

  async #list(api: Api): Promise<void> {
    try {
      this.calls = (await api.calls()).calls;
    } catch {
      this.calls ??= [];
    }
  }

  #presenceChanged(): void {
    const presence = this.#presence?.state;
    if (!presence) return;
    for (const call of presence.ringing) this.#media.set(call.id, call.media);
    if (presence.ringing.length > 0) warmUp();
    this.#doorbell.update(presence.ringing);
    if (presence.phase === "live" && !this.#looked) {
      // A reload, or a second tab, in the middle of a call: go on with it.
      this.#looked = true;
      const id = presence.openCall ?? findResume(PATH)?.call;
      if (id) this.#resume(id);
    }
    this.#settleAccepting(presence);
    this.requestUpdate();
  }

  /** The answer to an accept may be a refusal, or lost with the connection and seen in what is open now. */
  #settleAccepting({ phase, ringing, openCall, notice }: PresenceState): void {
    const id = this.accepting;
    if (!id || phase !== "live") return;
    if (openCall === id) {
      this.accepting = "";
      this.#begin(id, null);
    } else if (notice || !ringing.some((each) => each.id === id)) {
      this.accepting = "";
      this.#devices.closeAll();
    }
  }

  #resume(id: string): void {
    const kept = findResume(PATH);
    this.#devices.mute(kept?.call === id && kept.muted);
    if (kept?.media) this.#media.set(id, kept.media);
    performance.mark("tt-click");
    this.#begin(id, null, kept?.call === id ? kept.camera : true);
  }

  // -- the views ---------------------------------------------------------------------------------------------

  #go = (event: CustomEvent<string>): void => {
    if (!isView(event.detail)) return;
    event.preventDefault();
    if (event.detail !== this.path) history.pushState(null, "", event.detail);
    this.#show(event.detail);
    scrollTo(0, 0);
  };

  #show(path: string): void {
    this.path = path;
    const name = placeAt("expert", path)?.name ?? "line";
    const title = name === "line" ? t.expert.title : t.desk.places[name];
    this.#doorbell.name(`${title} · ${t.brand}`);
  }

  async #allowAlerts(): Promise<void> {
    this.alerts = await Notification.requestPermission();
  }

  // -- calls -------------------------------------------------------------------------------------------------

  #accept(call: IncomingCall): void {
    this.accepting = call.id;
    this.#presence?.accept(call.id);
    // The camera takes its time to start; it does so while the server answers.
    void openDevices(this.#devices, call.media === "video");
  }

  #decline(call: IncomingCall, { note, toLine }: Declining): void {
    this.#presence?.decline(call.id, note, toLine);
  }

  #accepted(message: AcceptedMessage): void {
    this.accepting = "";
    const current = this.#live;
    if (current && !current.over && current.session.state.callId === message.call) return;
    this.#begin(message.call, message.token);
  }

  #begin(callId: string, token: string | null, camera = true): void {
    const api = this.#api;
    if (!api) return;
    this.#live?.dispose();
    const video = this.#media.get(callId) !== "voice";
    if (token === null) void openDevices(this.#devices, video && camera);
    this.#live = new LiveCall(sessionParts(api), this.#devices, { callId, role: "host", video, token }, () =>
      this.#changed(),
    );
    this.#remember();
    this.requestUpdate();
  }

  #changed(): void {
    const live = this.#live;
    if (!live) return;
    const { call } = live.session.state;
    // A second tab learns only now that nobody is to be seen.
    if (call && this.#media.get(call.id) !== call.media) {
      this.#media.set(call.id, call.media);
      if (call.media === "voice") this.#devices.close("camera");
    }
    if (live.over) keepResume(PATH, null);
    this.requestUpdate();
  }

  #remember(): void {
    const live = this.#live;
    if (!live || live.over || live.session.state.phase === "superseded") return;
    const call = live.session.state.callId;
    keepResume(PATH, {
      call,
      media: this.#media.get(call) ?? "video",
      muted: this.#devices.muted,
      camera: this.#devices.cameraWanted,
    });
  }

  #useHere(): void {
    this.#presence?.useHere();
    const session = this.#live?.session;
    if (session?.state.phase !== "superseded") return;
    session.useHere();
    void openDevices(this.#devices, this.#media.get(session.state.callId) !== "voice");
  }

  #back(): void {
    this.#live?.dispose();
    this.#live = null;
    this.requestUpdate();
    if (this.#api) void this.#list(this.#api);
  }
}
