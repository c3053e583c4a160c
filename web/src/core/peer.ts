/**
 * The browser's end of one WebRTC connection. It always offers; there is never more than one offer in flight,
 * and what changes meanwhile goes into the next one. A dead peer is not repaired: the session makes a new one.
 */

import type { OfferMessage, PublishLine, Source, SubscribeLine } from "../protocol/messages";
import type { Wanted } from "./machine";

export type PeerState = "connecting" | "up" | "lost" | "failed";

export interface PeerHandlers {
  offer(message: OfferMessage): void;
  state(state: PeerState): void;
  /** The remote tracks to show have changed. */
  tracks(): void;
}

interface Subscription {
  readonly transceiver: RTCRtpTransceiver;
  readonly kind: "audio" | "video";
  track: string | null;
}

interface Lines {
  readonly publish: PublishLine[];
  readonly subscribe: SubscribeLine[];
}

const CAMERA_MAX_BPS = 2_500_000;

export class Peer {
  readonly #pc: RTCPeerConnection;
  readonly #handlers: PeerHandlers;
  readonly #stream = new MediaStream();
  readonly #published = new Map<Source, RTCRtpTransceiver>();
  readonly #subscriptions: Subscription[] = [];
  #inFlight: number | null = null;
  #stale = false;
  #closed = false;
  #prepared: Promise<void> | null = null;

  constructor(pc: RTCPeerConnection, handlers: PeerHandlers) {
    this.#pc = pc;
    this.#handlers = handlers;
    const judge = (): void => {
      if (!this.#closed) handlers.state(stateOf(pc));
    };
    pc.addEventListener("iceconnectionstatechange", judge);
    pc.addEventListener("connectionstatechange", judge);
  }

  get connection(): RTCPeerConnection {
    return this.#pc;
  }

  /**
   * Make the first offer before anybody asks for it, with a line for each kind of track that another person is
   * likely to have. An offer's text does not depend on whose tracks its lines will carry, so this can run while
   * the network is busy with other things.
   */
  prepare(kinds: readonly ("audio" | "video")[]): void {
    for (const kind of kinds) {
      const transceiver = this.#pc.addTransceiver(kind, { direction: "recvonly" });
      this.#subscriptions.push({ transceiver, kind, track: null });
    }
    this.#stale = false;
    this.#prepared = this.#describe();
    this.#prepared.catch(() => undefined);
  }

  /** Send `track` as `source`; null sends nothing but keeps the line, so that no negotiation is needed. */
  publish(source: Source, track: MediaStreamTrack | null): void {
    const known = this.#published.get(source);
    if (!known) {
      const kind = source === "mic" || source === "screen_audio" ? "audio" : "video";
      const transceiver = this.#pc.addTransceiver(track ?? kind, {
        direction: "sendonly",
        streams: [this.#stream],
        ...(source === "camera" ? { sendEncodings: [{ maxBitrate: CAMERA_MAX_BPS }] } : {}),
      });
      this.#published.set(source, transceiver);
      this.#stale = true;
      return;
    }
    // A replaced track of the same kind needs no offer; failing means the connection is closing anyway.
    void known.sender.replaceTrack(track).catch(() => undefined);
    if (known.direction === "inactive") {
      known.direction = "sendonly";
      this.#stale = true;
    }
  }

  /** Stop publishing `source`: the line falls silent and is no longer offered as that source. */
  unpublish(source: Source): void {
    const known = this.#published.get(source);
    if (!known || known.direction === "inactive") return;
    void known.sender.replaceTrack(null).catch(() => undefined);
    known.direction = "inactive";
    this.#stale = true;
  }

  /** Subscribe to exactly these tracks. */
  want(tracks: readonly Wanted[]): void {
    const ids = new Set(tracks.map((each) => each.track));
    for (const each of this.#subscriptions) {
      if (each.track === null || ids.has(each.track)) continue;
      each.track = null;
      each.transceiver.direction = "inactive";
      this.#stale = true;
    }
    for (const { track, kind } of tracks) {
      if (this.#subscriptions.some((each) => each.track === track)) continue;
      const free = this.#subscriptions.find((each) => each.track === null && each.kind === kind);
      if (free) {
        free.track = track;
        if (free.transceiver.direction === "recvonly" && this.#prepared) continue;
        free.transceiver.direction = "recvonly";
      } else {
        const transceiver = this.#pc.addTransceiver(kind, { direction: "recvonly" });
        this.#subscriptions.push({ transceiver, kind, track });
      }
      this.#stale = true;
    }
    this.#handlers.tracks();
  }

  /** The track to play for a subscription, or null. */
  receiver(track: string): MediaStreamTrack | null {
    return this.#subscriptions.find((each) => each.track === track)?.transceiver.receiver.track ?? null;
  }

  /** Changes whenever anything was heard or seen since: the newest RTP timestamps of what is received. */
  pulse(): string {
    return this.#pc
      .getReceivers()
      .flatMap((each) => each.getSynchronizationSources())
      .map((each) => `${each.source}:${each.rtpTimestamp}`)
      .join(" ");
  }

  /** Send an offer when anything changed and none is in flight; `number` gives it its number. */
  async negotiate(number: () => number): Promise<void> {
    if (this.#closed || this.#inFlight !== null || !(this.#stale || this.#prepared)) return;
    const n = number();
    this.#inFlight = n;
    let lines: Lines;
    if (this.#prepared) {
      // What changed since it was prepared, if anything, goes into the next offer.
      await this.#prepared;
      this.#prepared = null;
      lines = this.#lines();
    } else {
      this.#stale = false;
      await this.#describe();
      lines = this.#lines();
    }
    const sdp = this.#pc.localDescription?.sdp;
    // The server is ICE-lite and learns our address from our checks: no candidate is worth waiting for.
    if (!this.#closed && sdp) this.#handlers.offer({ type: "offer", n, sdp, ...lines });
  }

  /** Take the answer to offer `n`. */
  async answered(n: number, sdp: string): Promise<void> {
    if (this.#closed || n !== this.#inFlight) return;
    await this.#pc.setRemoteDescription({ type: "answer", sdp });
    this.#inFlight = null;
  }

  /** Whether offer `n` still waits for its answer. */
  awaits(n: number): boolean {
    return this.#inFlight === n;
  }

  close(): void {
    this.#closed = true;
    this.#pc.close();
  }

  async #describe(): Promise<void> {
    try {
      await this.#pc.setLocalDescription(await this.#pc.createOffer());
    } catch (error) {
      if (!this.#closed) throw error;
    }
  }

  #lines(): Lines {
    const publish: PublishLine[] = [];
    for (const [source, { mid, direction }] of this.#published)
      if (mid !== null && direction === "sendonly") publish.push({ mid, source });
    const subscribe: SubscribeLine[] = [];
    for (const { transceiver, track } of this.#subscriptions)
      if (transceiver.mid !== null && track !== null) subscribe.push({ mid: transceiver.mid, track });
    return { publish, subscribe };
  }
}

/** ICE tells of a broken path first, DTLS of a closed one. */
function stateOf(pc: RTCPeerConnection): PeerState {
  const ice = pc.iceConnectionState;
  const whole = pc.connectionState;
  if (ice === "failed" || ice === "closed" || whole === "failed" || whole === "closed") return "failed";
  if (ice === "disconnected" || whole === "disconnected") return "lost";
  return whole === "connected" ? "up" : "connecting";
}
