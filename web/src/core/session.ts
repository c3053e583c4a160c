/**
 * A call from one person's side: keeps link and peer alive, feeds the call machine, and never gives up before
 * the call is over. Every way back is the same way: a fresh join token, a new socket, a new peer connection
 * under the same participant. The old peer goes on playing until the new one has media, so that a lost socket
 * alone is neither seen nor heard.
 */

import type { Call, JoinToken } from "../protocol/api";
import type { CallServerMessage, ClientMessage, EndedMessage, Role, Source } from "../protocol/messages";
import { Refusal } from "./api";
import { backoff } from "./backoff";
import type { Link, LinkHandlers } from "./link";
import { type CallEvent, type CallState, initial, isOver, others, reduce } from "./machine";
import { Peer, type PeerState, type Wanted } from "./peer";
import type { Timers } from "./timers";

export interface SessionParts {
  readonly api: { join(id: string): Promise<JoinToken>; call(id: string): Promise<Call> };
  readonly openLink: (token: string, handlers: LinkHandlers<CallServerMessage>) => Link;
  readonly newConnection: () => RTCPeerConnection;
  readonly timers: Timers;
  readonly random: () => number;
}

const WELCOME_MS = 8_000;
const ANSWER_MS = 10_000;
/** A broken path often heals by itself within seconds, and the same peer is the quickest way back. */
const HEAL_MS = 4_000;
/** No media so long after the offer: the network probably forbids UDP. */
const BLOCKED_MS = 8_000;
const ENDED_MS = 3_000;
/** Without a link: how often to look whether anything still arrives, and after how many looks nothing does. */
const LISTEN_MS = 500;
const SILENT_LOOKS = 4;
/** Media goes on so long after hanging up, at most. */
const GOODBYE_MS = 200;

/** Refusals after which asking again cannot help. */
const FINAL = new Set([
  "call.unknown",
  "call.not_yours",
  "room.full",
  "auth.missing",
  "auth.malformed",
  "auth.forged",
  "auth.expired",
  "auth.forbidden",
]);

type Timer = "welcome" | "answer" | "heal" | "blocked" | "retry" | "ended" | "listen" | "goodbye";

export class CallSession {
  #state: CallState;
  readonly #parts: SessionParts;
  readonly #listeners = new Set<() => void>();
  readonly #local = new Map<Source, MediaStreamTrack>();
  readonly #timers = new Map<Timer, number>();
  #video: boolean;
  #link: Link | null = null;
  #peer: Peer | null = null;
  #shown: Peer | null = null;
  /** Made while the network is busy, so that its offer is ready when the welcome comes. */
  #spare: Peer | null = null;
  #nextOffer = 1;
  #attempt = 0;
  /** Counts the ways back; what an older one still brings is ignored. */
  #generation = 0;
  #devices = { mic: true, camera: true, screen: false };

  /** `video`: as far as is known before the server's welcome. */
  constructor(callId: string, role: Role, video: boolean, parts: SessionParts) {
    this.#parts = parts;
    this.#video = video;
    this.#state = initial(callId, role);
  }

  get state(): CallState {
    return this.#state;
  }

  /** Be told of every change of state or tracks. Returns how to stop. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Connect; `token` is a join token that was given along, else one is fetched. */
  start(token: string | null = null): void {
    void this.#connect(token);
  }

  /** Send `track` as `source` (null: nothing), now and after every way back. */
  publish(source: Source, track: MediaStreamTrack | null): void {
    if (track) this.#local.set(source, track);
    else this.#local.delete(source);
    for (const peer of [this.#peer, this.#spare]) {
      if (track || source === "mic" || (source === "camera" && this.#video)) peer?.publish(source, track);
      else peer?.unpublish(source);
    }
    this.#negotiate();
  }

  /** Tell the others what they will hear and see of me. */
  announce(devices: { mic: boolean; camera: boolean; screen: boolean }): void {
    this.#devices = devices;
    this.#send({ type: "state", ...devices });
  }

  pause(): void {
    this.#send({ type: "pause" });
  }

  resume(): void {
    this.#send({ type: "resume" });
  }

  /** Hang up. Media stops with the server's word or in a moment, whatever becomes of the message. */
  leave(): void {
    if (isOver(this.#state)) return;
    this.#dispatch({ type: "leave" });
    this.#send({ type: "leave" });
    // The word should arrive before the connection's own goodbye, so that the receipt says who left and not
    // that somebody was lost. Where there is no way for the word, there is nothing to wait for.
    if (this.#state.link === "up") this.#arm("goodbye", GOODBYE_MS, () => this.#dropPeers());
    else this.#dropPeers();
    if (this.#state.role === "guest") {
      // The call goes on without a guest, so no `ended` will come.
      this.#dispatch({ type: "left" });
      this.suspend();
      return;
    }
    this.#arm("ended", ENDED_MS, () => void this.#askWhetherEnded());
    if (this.#state.link !== "up") this.retryNow();
  }

  /** After `superseded`: take the call back to this page. */
  useHere(): void {
    if (this.#state.phase !== "superseded") return;
    this.#dispatch({ type: "use_here" });
    this.#attempt = 0;
    void this.#connect(null);
  }

  /** Do not wait for the next attempt (the network came back, or a person asked). */
  retryNow(): void {
    if (this.#timers.has("retry")) this.#schedule(0);
  }

  noticeRead(): void {
    if (this.#state.notice) this.#dispatch({ type: "notice_read" });
  }

  /** The page goes away: close everything without leaving, so that a reload can come back. */
  suspend(): void {
    this.#generation++;
    this.#clearAll();
    this.#dropPeers();
    this.#closeLink();
  }

  /** The track to play of a participant's source, or null. */
  remote(participant: string, source: Source): MediaStreamTrack | null {
    return (this.#shown ?? this.#peer)?.receiver(`${participant}.${source}`) ?? null;
  }

  /** The connection in use, for statistics. */
  get connection(): RTCPeerConnection | null {
    return (this.#shown ?? this.#peer)?.connection ?? null;
  }

  // -- the way in, and every way back ------------------------------------------------------------------------

  async #connect(given: string | null): Promise<void> {
    const generation = ++this.#generation;
    this.#closeLink();
    this.#disarm("retry", "heal", "answer", "blocked");
    this.#dispatch({ type: "retry", attempt: this.#attempt });
    this.#spare ??= this.#makePeer();
    let token = given;
    if (token === null) {
      try {
        token = (await this.#parts.api.join(this.#state.callId)).token;
      } catch (error) {
        if (generation === this.#generation) this.#joinRefused(error);
        return;
      }
      if (generation !== this.#generation) return;
    }
    this.#arm("welcome", WELCOME_MS, () => this.#comeBack());
    this.#link = this.#parts.openLink(token, {
      message: (message) => {
        if (generation === this.#generation) this.#take(message);
      },
      lost: () => {
        if (generation === this.#generation) this.#comeBack();
      },
    });
  }

  /** The link, or the media, is dead: drop the link and come back after a while. */
  #comeBack(): void {
    if (isOver(this.#state) || this.#state.phase === "superseded") return;
    this.#generation++;
    this.#closeLink();
    this.#disarm("welcome", "heal", "answer", "blocked");
    this.#dispatch({ type: "link_lost", at: this.#parts.timers.now() });
    this.#schedule(backoff(this.#attempt, this.#parts.random()));
    this.#attempt++;
    if (!this.#timers.has("listen")) this.#listen("", 0);
  }

  /**
   * Without the server's word only the media itself tells whether it is delivered, and ICE would take five
   * seconds to say so. Nobody is to see money run while nobody is heard.
   */
  #listen(before: string, silent: number): void {
    if (this.#state.link === "up" || this.#state.media !== "up") return;
    const pulse = this.#shown?.pulse() ?? "";
    const looks = pulse === before ? silent + 1 : 0;
    if (looks >= SILENT_LOOKS) this.#media("lost");
    else this.#arm("listen", LISTEN_MS, () => this.#listen(pulse, looks));
  }

  #schedule(ms: number): void {
    this.#arm("retry", ms, () => void this.#connect(null));
  }

  #joinRefused(error: unknown): void {
    const refusal = error instanceof Refusal ? error : new Refusal("network", 0, String(error));
    if (refusal.passing) {
      this.#comeBack();
      return;
    }
    void this.#askWhetherEnded(refusal);
  }

  /** No `ended` came, or joining was refused: the call itself knows. */
  async #askWhetherEnded(refusal: Refusal | null = null): Promise<void> {
    const generation = this.#generation;
    let call: Call;
    try {
      call = await this.#parts.api.call(this.#state.callId);
    } catch {
      if (generation !== this.#generation || isOver(this.#state)) return;
      if (refusal && FINAL.has(refusal.code)) this.#fail(refusal);
      else if (refusal) this.#comeBack();
      else this.#arm("ended", ENDED_MS, () => void this.#askWhetherEnded());
      return;
    }
    if (isOver(this.#state)) return;
    if (call.call.state === "ended") this.#end(endedOf(call));
    else if (generation !== this.#generation) return;
    else if (refusal && FINAL.has(refusal.code)) this.#fail(refusal);
    else if (refusal) this.#comeBack();
    else if (this.#state.leaving) this.#leaveAgain();
  }

  #leaveAgain(): void {
    this.#send({ type: "leave" });
    this.#arm("ended", ENDED_MS, () => void this.#askWhetherEnded());
  }

  #fail(refusal: Refusal): void {
    this.#dispatch({ type: "failed", failure: { code: refusal.code, message: refusal.message } });
    this.suspend();
  }

  #end(message: EndedMessage): void {
    this.#dispatch({ type: "server", message, at: this.#parts.timers.now() });
    this.suspend();
  }

  // -- what the server says ----------------------------------------------------------------------------------

  #take(message: CallServerMessage): void {
    if (message.type === "answer") {
      this.#answered(message.n, message.sdp);
      return;
    }
    if (message.type === "ended") {
      this.#end(message);
      return;
    }
    this.#dispatch({ type: "server", message, at: this.#parts.timers.now() });
    switch (message.type) {
      case "welcome":
        this.#disarm("welcome");
        if (this.#video !== (message.call.media === "video")) {
          this.#video = !this.#video;
          this.#dropSpare();
        }
        if (this.#state.leaving) this.#leaveAgain();
        else this.#newPeer();
        break;
      case "room":
        this.#peer?.want(this.#wanted());
        this.#negotiate();
        break;
      case "superseded":
        this.suspend();
        break;
      case "error":
        if (message.n !== null && message.n !== undefined && this.#peer?.awaits(message.n)) this.#comeBack();
        break;
      case "meter":
      case "stopping":
        break;
    }
  }

  #answered(n: number, sdp: string): void {
    const peer = this.#peer;
    if (!peer?.awaits(n)) return;
    this.#disarm("answer");
    peer.answered(n, sdp).then(
      () => this.#negotiate(),
      () => {
        if (peer === this.#peer) this.#comeBack();
      },
    );
  }

  // -- media -------------------------------------------------------------------------------------------------

  #makePeer(): Peer {
    const peer: Peer = new Peer(this.#parts.newConnection(), {
      offer: (message) => {
        if (peer !== this.#peer) return;
        this.#send(message);
        this.#arm("answer", ANSWER_MS, () => this.#comeBack());
      },
      state: (state) => this.#peerChanged(peer, state),
      tracks: () => this.#notify(),
    });
    peer.publish("mic", this.#local.get("mic") ?? null);
    if (this.#video) peer.publish("camera", this.#local.get("camera") ?? null);
    for (const source of ["screen", "screen_audio"] as const) {
      const track = this.#local.get(source);
      if (track) peer.publish(source, track);
    }
    peer.prepare(this.#video ? ["audio", "video"] : ["audio"]);
    return peer;
  }

  #newPeer(): void {
    if (this.#peer && this.#peer !== this.#shown) this.#forget(this.#peer);
    const peer = this.#spare ?? this.#makePeer();
    this.#spare = null;
    this.#peer = peer;
    peer.want(this.#wanted());
    this.#negotiate();
    this.announce(this.#devices);
    if (!this.#shown) this.#media("connecting");
    this.#arm("blocked", BLOCKED_MS, () => this.#media(this.#state.wasUp ? "lost" : "blocked"));
  }

  #negotiate(): void {
    const peer = this.#peer;
    peer
      ?.negotiate(() => this.#nextOffer++)
      .catch(() => {
        if (peer === this.#peer) this.#comeBack();
      });
  }

  #peerChanged(peer: Peer, state: PeerState): void {
    if (peer === this.#spare) return;
    if (peer !== this.#peer) {
      // The peer before: its picture stays until the new one has media, but a dead one is no media.
      if (peer === this.#shown && state !== "up" && state !== "connecting") this.#media("lost");
      return;
    }
    switch (state) {
      case "up":
        this.#disarm("heal", "blocked");
        if (this.#shown !== peer) {
          if (this.#shown) this.#forget(this.#shown);
          this.#shown = peer;
        }
        this.#attempt = 0;
        this.#media("up");
        break;
      case "lost":
        this.#media("lost");
        if (this.#state.link === "up" && !this.#timers.has("heal"))
          this.#arm("heal", HEAL_MS, () => this.#comeBack());
        break;
      case "failed":
        this.#media(this.#state.wasUp ? "lost" : "blocked");
        // Without a link a way back is under way already, and brings a new peer.
        if (this.#state.link === "up") this.#comeBack();
        break;
      case "connecting":
        break;
    }
  }

  #wanted(): Wanted[] {
    const wanted = new Map<string, Wanted>();
    for (const each of others(this.#state)) {
      // The two tracks almost everybody has are asked for before they exist: the first offer is enough.
      wanted.set(`${each.id}.mic`, { track: `${each.id}.mic`, kind: "audio" });
      if (this.#video) wanted.set(`${each.id}.camera`, { track: `${each.id}.camera`, kind: "video" });
      for (const { id, kind } of each.tracks) wanted.set(id, { track: id, kind });
    }
    return [...wanted.values()];
  }

  #media(media: CallState["media"]): void {
    if (this.#state.media !== media) this.#dispatch({ type: "media", media, at: this.#parts.timers.now() });
  }

  // -- odds and ends -----------------------------------------------------------------------------------------

  #send(message: ClientMessage): void {
    if (this.#state.link === "up") this.#link?.send(message);
  }

  #dispatch(event: CallEvent): void {
    const before = this.#state;
    this.#state = reduce(before, event);
    if (this.#state !== before) this.#notify();
  }

  #notify(): void {
    for (const listener of this.#listeners) listener();
  }

  #arm(timer: Timer, ms: number, run: () => void): void {
    this.#disarm(timer);
    const id = this.#parts.timers.set(() => {
      this.#timers.delete(timer);
      run();
    }, ms);
    this.#timers.set(timer, id);
  }

  #disarm(...timers: Timer[]): void {
    for (const timer of timers) {
      this.#parts.timers.clear(this.#timers.get(timer));
      this.#timers.delete(timer);
    }
  }

  #clearAll(): void {
    this.#disarm(...this.#timers.keys());
  }

  #closeLink(): void {
    this.#link?.close();
    this.#link = null;
  }

  #forget(peer: Peer): void {
    peer.close();
    if (this.#shown === peer) this.#shown = null;
    if (this.#peer === peer) this.#peer = null;
  }

  #dropSpare(): void {
    this.#spare?.close();
    this.#spare = null;
  }

  #dropPeers(): void {
    this.#dropSpare();
    if (this.#peer) this.#forget(this.#peer);
    if (this.#shown) this.#forget(this.#shown);
  }
}

/** The last message as the page would have got it, from the call itself. */
export function endedOf(call: Call): EndedMessage {
  return {
    type: "ended",
    call: call.call.id,
    reason: (call.call.end_reason || "recovered") as EndedMessage["reason"],
    note: "",
    used_ms: call.used_ms,
    charge_minor: call.charge_minor,
    currency: call.call.tariff.currency,
    receipt: `/receipt/${call.call.id}`,
    earned_minor: null,
    balance_minor: null,
    settled: true,
  };
}
