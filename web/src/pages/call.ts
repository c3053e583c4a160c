/** `/call/{slug}`: a client calls an expert; a guest joins a call. */

import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import { type Api, insist, Refusal } from "../core/api";
import { backoff } from "../core/backoff";
import type { Devices } from "../core/devices";
import { LiveCall, openDevices } from "../core/live-call";
import { pause } from "../core/timers";
import "../elements/call";
import "../elements/device-check";
import "../elements/link-problem";
import { followReturned } from "../elements/purse";
import "../elements/shell";
import "../elements/waiting-line";
import type { Call, Expert, Me, Wallet } from "../protocol/api";
import type { PlaceView, Role } from "../protocol/messages";
import { t } from "../strings";
import { base } from "../styles/shared";
import {
  findResume,
  keepResume,
  newDevices,
  onBack,
  onLeave,
  onNewLink,
  sessionParts,
  warmUp,
  whoever,
} from "./browser";
import { LineVisit } from "./line-visit";

const LOOK_MS = 2_000;

@customElement("tt-call-page")
export class CallPage extends LitElement {
  @state() private phase: "loading" | "problem" | "check" | "line" | "call" = "loading";
  @state() private problem = "";
  @state() private me: Me | null = null;
  @state() private expert: Expert | null = null;
  @state() private wallet: Wallet | null = null;
  @state() private video = true;
  @state() private voiceOnly = false;
  @state() private starting = false;
  @state() private refusal = "";
  @state() private cap: number | null = null;
  @state() private keepCap = false;
  readonly #path = location.pathname;
  readonly #slug = decodeURIComponent(location.pathname.split("/")[2] ?? "");
  /** What is called for, chosen on the expert's page; empty: the default offer. */
  readonly #offer = new URLSearchParams(location.search).get("offer") ?? "";
  readonly #devices: Devices = newDevices();
  readonly #line = new LineVisit({
    changed: () => this.requestUpdate(),
    begin: (place) => this.#takeTurn(place),
    refused: (code) => this.phase === "line" && this.#trouble(code),
  });
  #wish = "";
  #api: Api | null = null;
  #live: LiveCall | null = null;
  /** The call after whose end the line was asked for. */
  #asked: LiveCall | null = null;
  /** What was told last to whoever has this page in a frame. */
  #stage = "";
  /** A guest's call is given by the link. */
  #guestCall: Call | null = null;

  static override styles = [
    base,
    css`
      p {
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
      this.#line.stop();
    });
    onBack(() => {
      this.#live?.session.retryNow();
      this.#line.back();
    });
    this.#devices.subscribe(() => this.#remember());
    void whoever().then((api) => {
      this.#api = api;
      return this.#load(api);
    });
  }

  override render(): TemplateResult {
    const api = this.#api;
    if (this.phase === "call" && this.#live)
      return html`<tt-call
        .session=${this.#live.session}
        .devices=${this.#devices}
        .api=${api}
        .who=${this.me?.name ?? ""}
        @tt-again=${() => void this.#again()}
        @tt-use-here=${() => void this.#useHere()}
        @tt-topped-up=${(event: CustomEvent<Wallet>) => this.#filled(event.detail)}
      ></tt-call>`;
    const home = this.me?.role === "client" && this.phase !== "line" ? "/account" : "";
    return html`<tt-shell width=${this.phase === "check" ? "wide" : "narrow"} .who=${this.me?.name ?? ""} .home=${home}>
      ${this.#page()}
    </tt-shell>`;
  }

  protected override updated(): void {
    const stage = this.phase === "line" && !this.#line.place ? "over" : this.phase;
    if (stage === this.#stage) return;
    this.#stage = stage;
    this.dispatchEvent(new CustomEvent("tt-stage", { detail: stage, bubbles: true, composed: true }));
  }

  #page(): TemplateResult | typeof nothing {
    switch (this.phase) {
      case "loading":
        return html`<p class="muted" role="status">${t.loading}</p>`;
      case "problem":
        return html`<tt-link-problem .code=${this.problem} .role=${this.me?.role ?? ""}></tt-link-problem>`;
      case "check":
        return this.#check();
      case "line":
        return this.#waitingLine();
      case "call":
        return nothing;
    }
  }

  #waitingLine(): TemplateResult {
    return html`<tt-waiting-line
      .visit=${this.#line.view}
      .api=${this.#api}
      .wallet=${this.wallet}
      .address=${this.me?.address ?? ""}
      .refusal=${this.refusal}
      ?starting=${this.starting}
      @tt-alerts=${() => void this.#line.allowAlerts()}
      @tt-leave-line=${() => void this.#line.leave()}
      @tt-begin=${() => this.#line.begin()}
      @tt-topped-up=${(event: CustomEvent<Wallet>) => {
        this.#filled(event.detail);
        this.#line.begin();
      }}
      @tt-line-over=${() => void this.#again()}
    ></tt-waiting-line>`;
  }

  #check(): TemplateResult {
    const guest = this.me?.role === "guest";
    return html`<tt-device-check
      .devices=${this.#devices}
      .api=${this.#api}
      .expert=${this.expert}
      .wallet=${guest ? null : this.wallet}
      .me=${this.me?.name ?? ""}
      .heading=${guest ? t.check.guest(this.expert?.name ?? "") : t.check.title(this.expert?.name ?? "")}
      .action=${guest ? t.check.rejoin : t.check.join}
      .video=${this.video}
      ?chooses=${!guest && !this.voiceOnly}
      ?starting=${this.starting}
      .refusal=${this.refusal}
      .cap=${this.cap}
      .keepCap=${this.keepCap}
      @tt-cap-wish=${(event: CustomEvent<number | null>) => {
        this.cap = event.detail;
      }}
      @tt-cap-keep=${(event: CustomEvent<boolean>) => {
        this.keepCap = event.detail;
      }}
      @tt-wish=${(event: CustomEvent<string>) => {
        this.#wish = event.detail;
      }}
      @tt-kind=${(event: CustomEvent<boolean>) => this.#choose(event.detail)}
      @tt-devices=${() => void openDevices(this.#devices, this.video)}
      @tt-start=${() => void this.#start()}
      @tt-topped-up=${(event: CustomEvent<Wallet>) => this.#filled(event.detail)}
    ></tt-device-check>`;
  }

  // -- who and what ------------------------------------------------------------------------------------------

  async #load(api: Api): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#know(api);
        return;
      } catch (error) {
        const refusal = error instanceof Refusal ? error : new Refusal("network", 0, String(error));
        this.#trouble(refusal.code);
        if (!refusal.passing) return;
        await pause(backoff(attempt, Math.random()));
      }
    }
  }

  async #know(api: Api): Promise<void> {
    const me = await api.me();
    this.me = me;
    if (me.role === "guest") {
      this.#guestCall = await api.call(me.call);
      this.video = this.#guestCall.call.media === "video";
      this.expert = await api.expert(this.#guestCall.call.host_slug);
      if (this.#guestCall.call.state === "ended") throw new Refusal("call.ended", 409, "");
    } else if (me.role === "client") {
      const [expert, wallet, cap] = await Promise.all([this.#known(api), api.wallet(), api.cap()]);
      [this.expert, this.wallet, this.cap] = [expert, wallet, cap.cap_minor];
      this.keepCap = cap.cap_minor !== null;
    } else {
      throw new Refusal("page.role", 403, "");
    }
    document.title = `${this.expert.name} · ${t.brand}`;
    if (me.role === "client") followReturned(api, (wallet) => this.#filled(wallet));
    if (await this.#resume(api, me)) return;
    if (me.role === "client" && (await this.#backInLine(api))) return;
    this.phase = "check";
    warmUp();
    void openDevices(this.#devices, this.video);
    void this.#watch(api);
  }

  /** The expert, at the price of the offer that was chosen. One that is gone is refused when the call is made. */
  async #known(api: Api): Promise<Expert> {
    const expert = await api.expert(this.#slug);
    const offer = expert.offers.find((each) => each.id === this.#offer) ?? expert.offers[0];
    if (!offer) return expert;
    this.voiceOnly = offer.media === "voice";
    if (this.voiceOnly) this.video = false;
    return { ...expert, tariff: offer.tariff };
  }

  /** A reload, or a second tab: go on with the call that is open. */
  async #resume(api: Api, me: Me): Promise<boolean> {
    const kept = findResume(this.#path);
    const id = kept?.call ?? (me.role === "client" ? await this.#openElsewhere(api) : null);
    if (!id) return false;
    let call: Call;
    try {
      call = await api.call(id);
    } catch (error) {
      if (error instanceof Refusal && error.passing) throw error;
      keepResume(this.#path, null);
      return false;
    }
    if (!kept && call.call.state === "ended") return false;
    this.video = call.call.media === "video";
    this.#devices.mute(kept?.muted ?? false);
    performance.mark("tt-click");
    if (call.call.state !== "ended") void openDevices(this.#devices, this.video && (kept?.camera ?? true));
    this.#begin(api, id, me.role === "guest" ? "guest" : "payer");
    return true;
  }

  /** A reload, a second tab, or a call that was not answered: one still waits. */
  async #backInLine(api: Api): Promise<boolean> {
    const { places } = await api.line();
    const place = places.find((each) => each.host_slug === this.#slug);
    if (!place) return false;
    this.#wait(api, place);
    return true;
  }

  #wait(api: Api, place: PlaceView): void {
    this.video = place.media === "video";
    this.refusal = "";
    this.phase = "line";
    this.#line.enter(api, place);
  }

  async #openElsewhere(api: Api): Promise<string | null> {
    const { calls } = await api.calls();
    for (const { id } of calls.filter((each) => each.open)) {
      const { call } = await api.call(id);
      if (call.state !== "ended" && call.host_slug === this.#slug) return id;
    }
    return null;
  }

  /** While one waits to call: is the expert here? */
  async #watch(api: Api): Promise<void> {
    while (this.isConnected && this.phase === "check") {
      await pause(LOOK_MS);
      if (this.phase !== "check" || document.visibilityState === "hidden" || !this.expert) continue;
      try {
        this.expert = await this.#known(api);
      } catch {
        // The next look is soon enough.
      }
    }
  }

  // -- the call ----------------------------------------------------------------------------------------------

  #choose(video: boolean): void {
    if (this.video === video) return;
    this.video = video;
    if (video) void this.#devices.open("camera");
    else this.#devices.close("camera");
  }

  async #start(): Promise<void> {
    const { me, expert } = this;
    const api = this.#api;
    if (!api || !me || this.starting) return;
    this.starting = true;
    this.refusal = "";
    try {
      if (this.#guestCall) {
        this.#begin(api, this.#guestCall.call.id, "guest");
        return;
      }
      // The id is chosen first and kept, so that neither a retry nor a reload makes a second call.
      const place = this.#line.place;
      const id = place?.call || crypto.randomUUID();
      const media = this.video ? "video" : "voice";
      if (!place && (expert?.live.state === "busy" || expert?.live.state === "paused")) {
        await this.#joinLine(api, media);
        return;
      }
      if (this.keepCap) await insist(() => api.setCap(this.cap), pause);
      const order = { id, host: expert?.slug ?? this.#slug, media, offer: place ? "" : this.#offer } as const;
      const cap = this.cap === null ? { no_cap: true } : { cap_minor: this.cap };
      const shown = place?.tariff ?? expert?.tariff ?? null;
      await insist(() => api.createCall({ ...order, ...cap, shown }), pause);
      this.#begin(api, id, "payer");
    } catch (error) {
      const code = error instanceof Refusal ? error.code : "network";
      if (this.#line.refused(code)) return;
      // Somebody else was faster by a moment: then one is the next.
      if (code === "host.busy" && this.phase === "check" && (await this.#joined(api))) return;
      this.refusal = t.refusal(code, expert?.name ?? "");
      void this.#refresh(api);
    } finally {
      this.starting = false;
    }
  }

  async #joinLine(api: Api, media: "video" | "voice"): Promise<void> {
    this.#line.prepare();
    const slug = this.expert?.slug ?? this.#slug;
    const wanted = { media, wish: this.#wish, offer: this.#offer, shown: this.expert?.tariff ?? null };
    const { place } = await insist(() => api.joinLine(slug, wanted), pause);
    this.#devices.closeAll();
    this.#wait(api, place);
  }

  async #joined(api: Api): Promise<boolean> {
    try {
      await this.#joinLine(api, this.video ? "video" : "voice");
      return true;
    } catch {
      return false;
    }
  }

  /** It is our turn, and the person is here. */
  #takeTurn(place: PlaceView): void {
    if (this.phase !== "line" || this.starting) return;
    this.video = place.media === "video";
    performance.mark("tt-click");
    void openDevices(this.#devices, this.video);
    void this.#start();
  }

  #begin(api: Api, callId: string, role: Role): void {
    this.#live?.dispose();
    const options = { callId, role, video: this.video, token: null };
    const live = new LiveCall(sessionParts(api), this.#devices, options, () => this.#changed());
    this.#live = live;
    this.dispatchEvent(new CustomEvent("tt-live", { detail: live, bubbles: true, composed: true }));
    this.phase = "call";
    this.#remember();
    this.requestUpdate();
  }

  #changed(): void {
    const live = this.#live;
    if (!live) return;
    const { call } = live.session.state;
    if (call) this.video = call.media === "video";
    if (!live.over) return;
    keepResume(this.#path, null);
    this.#unanswered(live);
  }

  /** A call that was not answered may leave a place in line: then one waits on. */
  #unanswered(live: LiveCall): void {
    const { ended } = live.session.state;
    const place = this.#line.place;
    if (ended?.reason === "cancelled" && place) void this.#line.leave();
    if (!ended || !this.#line.waitsOn(ended.reason) || !this.#api || this.#asked === live) return;
    this.#asked = live;
    this.#line.note = ended.note;
    void this.#backInLine(this.#api).then((back) => {
      if (back) this.#devices.closeAll();
    });
  }

  #remember(): void {
    const live = this.#live;
    if (!live || live.over || live.session.state.phase === "superseded") return;
    keepResume(this.#path, {
      call: live.session.state.callId,
      media: this.video ? "video" : "voice",
      muted: this.#devices.muted,
      camera: this.#devices.cameraWanted,
    });
  }

  async #useHere(): Promise<void> {
    this.#live?.session.useHere();
    await openDevices(this.#devices, this.video);
  }

  async #again(): Promise<void> {
    const api = this.#api;
    if (!api) return;
    this.#live?.dispose();
    this.#live = null;
    this.#line.stop();
    this.phase = "check";
    void openDevices(this.#devices, this.video);
    await this.#refresh(api);
    void this.#watch(api);
  }

  async #refresh(api: Api): Promise<void> {
    try {
      [this.expert, this.wallet] = await Promise.all([this.#known(api), api.wallet()]);
    } catch {
      // What is shown stays; starting a call asks the server anyway.
    }
  }

  #filled(wallet: Wallet): void {
    this.wallet = wallet;
    this.refusal = "";
  }

  #trouble(code: string): void {
    this.problem = code;
    this.phase = "problem";
  }
}
