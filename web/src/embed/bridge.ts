/** The frame's end of the bridge: tells the host page what the call does, to that page's exact origin. */

import type { Api } from "../core/api";
import type { LiveCall } from "../core/live-call";
import { type CallState, drawAt, face } from "../core/machine";
import { read } from "../core/meter";
import { pause } from "../core/timers";
import { type FrameMessage, type FrameState, type HostMessage, received, VERSION } from "./wire";

const TICK_MS = 1_000;
const LOOKS = 10;

export interface Host {
  readonly window: Window;
  readonly origin: string;
}

export class Bridge {
  readonly #host: Host;
  #state: FrameState = "loading";
  #live: LiveCall | null = null;
  #begun = "";
  #rang = "";
  #over = "";
  #timer = 0;

  constructor(host: Host, heard: (message: HostMessage) => void) {
    this.#host = host;
    addEventListener("message", (event) => {
      const message = received<HostMessage>(event, host.window, host.origin);
      if (message?.type === "hangUp") this.#live?.session.leave();
      else if (message) heard(message);
    });
  }

  tell(message: FrameMessage): void {
    this.#host.window.postMessage({ ...message, talktime: VERSION }, this.#host.origin);
  }

  is(state: FrameState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.tell({ type: "state", state });
  }

  /** Follow a call to its end. */
  follow(live: LiveCall, api: Api): void {
    this.#live = live;
    live.session.subscribe(() => {
      if (this.#live === live) this.#look(live.session.state, api);
    });
    this.#look(live.session.state, api);
  }

  #look(call: CallState, api: Api): void {
    const id = call.callId;
    switch (face(call)) {
      case "ringing":
        this.is("ringing");
        if (this.#rang !== id) this.tell({ type: "ringing", call: id });
        this.#rang = id;
        return;
      case "ended":
      case "left":
      case "failed":
      case "superseded":
        this.#stop();
        this.is("ended");
        if (this.#over !== id && call.ended) {
          this.#over = id;
          void this.#ended(call, api);
        }
        return;
      case "joining":
      case "connecting":
      case "blocked":
        this.is("connecting");
        return;
      case "reconnecting":
      case "soft_landing":
      case "call":
        this.is("call");
        if (call.meter?.state === "running" && this.#begun !== id) {
          this.#begun = id;
          this.tell({ type: "started", call: id });
          this.#stop();
          this.#timer = window.setInterval(() => this.#tick(), TICK_MS);
        }
    }
  }

  #tick(): void {
    const call = this.#live?.session.state;
    if (call?.meter?.state !== "running") return;
    const now = read(call.meter, call.meterAt, drawAt(call, performance.now()));
    this.tell({
      type: "tick",
      call: call.callId,
      duration_ms: now.usedMs,
      cost_minor: now.chargeMinor,
      currency: now.currency,
      left_ms: now.leftMs,
    });
  }

  /** What the ledger says counts. It may be a moment behind the end of the call. */
  async #ended(call: CallState, api: Api): Promise<void> {
    const { ended } = call;
    if (!ended) return;
    let [duration_ms, cost_minor] = [ended.used_ms, ended.charge_minor];
    for (let look = 1; look <= LOOKS && !ended.settled; look++) {
      try {
        const receipt = await api.receipt(ended.call);
        [duration_ms, cost_minor] = [receipt.used_ms, receipt.charge_minor];
        break;
      } catch {
        await pause(300 * look);
      }
    }
    const { currency, reason } = ended;
    this.tell({ type: "ended", call: ended.call, reason, duration_ms, cost_minor, currency });
  }

  #stop(): void {
    clearInterval(this.#timer);
    this.#timer = 0;
  }
}

/** Dress the page as the host asks. What is no CSS of its kind is left out. */
export function dress(look: { readonly [name: string]: string }, page: HTMLElement): void {
  const set = (token: string, property: string, value: string | undefined): void => {
    const good = value && value.length <= 200 && CSS.supports(property, value);
    if (good) page.style.setProperty(token, value);
    else page.style.removeProperty(token);
  };
  const { scheme, accent, onAccent } = look;
  page.style.colorScheme = scheme === "light" || scheme === "dark" ? scheme : "";
  set("--accent", "color", accent);
  set("--accent-strong", "color", accent && `color-mix(in oklab, ${accent} 82%, CanvasText)`);
  set("--accent-soft", "color", accent && `color-mix(in oklab, ${accent} 14%, Canvas)`);
  set("--on-accent", "color", onAccent);
  set("--font", "font-family", look["font"]);
  set("--radius-l", "border-radius", look["radius"]);
}
