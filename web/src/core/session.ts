/**
 * A call from one person's side: keeps link and peer alive, feeds the call machine, and never gives up before
 * the call is over. Every way back is the same way: a fresh join token, a new socket, a new peer connection
 * under the same participant. The old peer goes on playing until the new one has media, so that a lost socket
 * alone is neither seen nor heard.
 */

import type { Call, JoinToken } from "../protocol/api";
import type { CallServerMessage, ClientMessage, EndedMessage, Role, Source } from "../protocol/messages";
import { Alarms } from "./alarms";
import { Refusal } from "./api";
import { backoff } from "./backoff";
import { Chat, type ChatParts } from "./chat";
import type { Link, LinkHandlers } from "./link";
import { type CallEvent, type CallState, initial, isOver, reduce, wanted } from "./machine";
import { endedOf } from "./outcome";
import type { Peer, PeerState } from "./peer";
import { Peers } from "./peers";
import type { Timers } from "./timers";
import { Wishes } from "./wishes";

export interface SessionParts {
  readonly api: { join(id: string): Promise<JoinToken>; call(id: string): Promise<Call> };
  readonly openLink: (token: string, handlers: LinkHandlers<CallServerMessage>) => Link;
  readonly newConnection: () => RTCPeerConnection;
  readonly timers: Timers;
  readonly random: () => number;
  /** Of the chat of a call: what a page takes from the browser and the API. */
  readonly chat: (callId: string) => Omit<ChatParts, "timers" | "send">;
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

type Alarm = "welcome" | "answer" | "heal" | "blocked" | "retry" | "ended" | "listen" | "goodbye";

export class CallSession {
  readonly chat: Chat;
  #state: CallState;
  readonly #parts: SessionParts;
  readonly #listeners = new Set<() => void>();
  readonly #alarms: Alarms<Alarm>;
  readonly #peers: Peers;
  #link: Link | null = null;
  #nextOffer = 1;
  #attempt = 0;
  /** Counts the ways back; what an older one still brings is ignored. */
  #generation = 0;
  #devices = { mic: true, camera: true, screen: false };
  readonly #wishes = new Wishes((message) => this.#send(message));

  /** `video`: as far as is known before the server's welcome. */
  constructor(callId: string, role: Role, video: boolean, parts: SessionParts) {
    this.#parts = parts;
    this.#alarms = new Alarms(parts.timers);
    this.#peers = new Peers(video, parts.newConnection, (peer) => ({
      offer: (message) => {
        if (peer() !== this.#peers.current) return;
        this.#send(message);
        this.#alarms.set("answer", ANSWER_MS, () => this.#comeBack());
      },
      state: (state) => this.#peerChanged(peer(), state),
      tracks: () => this.#notify(),
    }));
    this.chat = new Chat({
      ...parts.chat(callId),
      timers: parts.timers,
      send: (message) => this.#send(message),
    });
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
    this.#peers.publish(source, track);
    this.#negotiate();
  }

  /** Tell the others what they will hear and see of me. */
  announce(devices: { mic: boolean; camera: boolean; screen: boolean }): void {
    this.#devices = devices;
    this.#send({ type: "state", ...devices });
  }

  /** `note`: why, for the others and the receipt. */
  pause(note = ""): void {
    this.#wishes.say({ type: "pause", note });
  }

  resume(): void {
    this.#wishes.say({ type: "resume" });
  }

  /** The most that this call may be charged; null: no limit of one's own. */
  cap(minor: number | null): void {
    this.#wishes.say({ type: "cap", cap_minor: minor });
  }

  /** The host gives time that is not billed, from now on. */
  give(ms: number): void {
    this.#wishes.say({ type: "gift", ms });
  }

  /** Hang up. Media stops with the server's word or in a moment, whatever becomes of the message. */
  leave(): void {
    if (isOver(this.#state)) return;
    this.#dispatch({ type: "leave" });
    this.#send({ type: "leave" });
    // The word should arrive before the connection's own goodbye, so that the receipt says who left and not
    // that somebody was lost. Where there is no way for the word, there is nothing to wait for.
    if (this.#state.link === "up") this.#alarms.set("goodbye", GOODBYE_MS, () => this.#peers.close());
    else this.#peers.close();
    if (this.#state.role === "guest") {
      // The call goes on without a guest, so no `ended` will come.
      this.#dispatch({ type: "left" });
      this.suspend();
      return;
    }
    this.#alarms.set("ended", ENDED_MS, () => void this.#askWhetherEnded());
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
    if (this.#alarms.has("retry")) this.#schedule(0);
  }

  noticeRead(): void {
    if (this.#state.notice) this.#dispatch({ type: "notice_read" });
  }

  /** The page goes away: close everything without leaving, so that a reload can come back. */
  suspend(): void {
    this.#generation++;
    this.#wishes.forget();
    this.#alarms.clearAll();
    this.#peers.close();
    this.#closeLink();
    if (isOver(this.#state)) this.chat.end();
    else this.chat.close();
  }

  /** The track to play of a participant's source, or null. */
  remote(participant: string, source: Source): MediaStreamTrack | null {
    return this.#peers.playing?.receiver(`${participant}.${source}`) ?? null;
  }

  /** The connection in use, for statistics. */
  get connection(): RTCPeerConnection | null {
    return this.#peers.playing?.connection ?? null;
  }

  // -- the way in, and every way back ------------------------------------------------------------------------

  async #connect(given: string | null): Promise<void> {
    const generation = ++this.#generation;
    this.#closeLink();
    this.#alarms.clear("retry", "heal", "answer", "blocked");
    this.#dispatch({ type: "retry", attempt: this.#attempt });
    this.#peers.prepare();
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
    this.#alarms.set("welcome", WELCOME_MS, () => this.#comeBack());
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
    this.#alarms.clear("welcome", "heal", "answer", "blocked");
    this.#dispatch({ type: "link_lost", at: this.#parts.timers.now() });
    this.#schedule(backoff(this.#attempt, this.#parts.random()));
    this.#attempt++;
    if (!this.#alarms.has("listen")) this.#listen("", 0);
  }

  /**
   * Without the server's word only the media itself tells whether it is delivered, and ICE would take five
   * seconds to say so. Nobody is to see money run while nobody is heard.
   */
  #listen(before: string, silent: number): void {
    if (this.#state.link === "up" || this.#state.media !== "up") return;
    const pulse = this.#peers.shown?.pulse() ?? "";
    const looks = pulse === before ? silent + 1 : 0;
    if (looks >= SILENT_LOOKS) this.#media("lost");
    else this.#alarms.set("listen", LISTEN_MS, () => this.#listen(pulse, looks));
  }

  #schedule(ms: number): void {
    this.#alarms.set("retry", ms, () => void this.#connect(null));
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
      else this.#alarms.set("ended", ENDED_MS, () => void this.#askWhetherEnded());
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
    this.#alarms.set("ended", ENDED_MS, () => void this.#askWhetherEnded());
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
    if (message.type === "chat_line" || message.type === "chat_history") {
      this.chat.take(message);
      return;
    }
    if (message.type === "error" && message.id !== null && message.id !== undefined) {
      this.chat.refused(message.id, message.code);
      return;
    }
    this.#dispatch({ type: "server", message, at: this.#parts.timers.now() });
    switch (message.type) {
      case "welcome":
        this.#alarms.clear("welcome");
        this.#peers.video = message.call.media === "video";
        this.chat.linked(message.role);
        if (this.#state.leaving) this.#leaveAgain();
        else {
          this.#wishes.again(this.#state);
          this.#newPeer();
        }
        break;
      case "room":
        this.#peers.current?.want(wanted(this.#state, this.#peers.video));
        this.#negotiate();
        break;
      case "superseded":
        this.suspend();
        break;
      case "error":
        this.#wishes.refused(message.code);
        if (message.n !== null && message.n !== undefined && this.#peers.current?.awaits(message.n))
          this.#comeBack();
        break;
      case "meter":
        this.#wishes.seen(this.#state);
        break;
      case "stopping":
        break;
    }
  }

  #answered(n: number, sdp: string): void {
    const peer = this.#peers.current;
    if (!peer?.awaits(n)) return;
    this.#alarms.clear("answer");
    peer.answered(n, sdp).then(
      () => this.#negotiate(),
      () => {
        if (peer === this.#peers.current) this.#comeBack();
      },
    );
  }

  // -- media -------------------------------------------------------------------------------------------------

  #newPeer(): void {
    const peer = this.#peers.next();
    peer.want(wanted(this.#state, this.#peers.video));
    this.#negotiate();
    this.announce(this.#devices);
    if (!this.#peers.shown) this.#media("connecting");
    this.#alarms.set("blocked", BLOCKED_MS, () => this.#media(this.#state.wasUp ? "lost" : "blocked"));
  }

  #negotiate(): void {
    const peer = this.#peers.current;
    peer
      ?.negotiate(() => this.#nextOffer++)
      .catch(() => {
        if (peer === this.#peers.current) this.#comeBack();
      });
  }

  #peerChanged(peer: Peer, state: PeerState): void {
    if (peer !== this.#peers.current) {
      // The peer before: its picture stays until the new one has media, but a dead one is no media.
      if (peer === this.#peers.shown && state !== "up" && state !== "connecting") this.#media("lost");
      return;
    }
    switch (state) {
      case "up":
        this.#alarms.clear("heal", "blocked");
        this.#peers.show();
        this.#attempt = 0;
        this.#media("up");
        break;
      case "lost":
        this.#media("lost");
        if (this.#state.link === "up" && !this.#alarms.has("heal"))
          this.#alarms.set("heal", HEAL_MS, () => this.#comeBack());
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

  #media(media: CallState["media"]): void {
    if (this.#state.media !== media) this.#dispatch({ type: "media", media, at: this.#parts.timers.now() });
  }

  // -- odds and ends -----------------------------------------------------------------------------------------

  #send(message: ClientMessage): boolean {
    if (this.#state.link !== "up" || !this.#link) return false;
    this.#link.send(message);
    return true;
  }

  #dispatch(event: CallEvent): void {
    const before = this.#state;
    this.#state = reduce(before, event);
    if (this.#state !== before) this.#notify();
  }

  #notify(): void {
    for (const listener of this.#listeners) listener();
  }

  #closeLink(): void {
    this.chat.unlinked();
    this.#link?.close();
    this.#link = null;
  }
}
