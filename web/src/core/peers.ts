/**
 * The peers of one participant: the current one, the one whose picture is still shown while the current one is
 * connecting, and a spare whose offer is ready before it is wanted. All of them send the same tracks.
 */

import type { Source } from "../protocol/messages";
import { Peer, type PeerHandlers } from "./peer";

export class Peers {
  readonly #newConnection: () => RTCPeerConnection;
  readonly #handlersOf: (peer: () => Peer) => PeerHandlers;
  readonly #local = new Map<Source, MediaStreamTrack>();
  #video: boolean;
  #current: Peer | null = null;
  #shown: Peer | null = null;
  #spare: Peer | null = null;

  constructor(
    video: boolean,
    newConnection: () => RTCPeerConnection,
    handlersOf: (peer: () => Peer) => PeerHandlers,
  ) {
    this.#video = video;
    this.#newConnection = newConnection;
    this.#handlersOf = handlersOf;
  }

  /** The one that negotiates. */
  get current(): Peer | null {
    return this.#current;
  }

  /** The one that has had media last. */
  get shown(): Peer | null {
    return this.#shown;
  }

  /** The one to see and hear. */
  get playing(): Peer | null {
    return this.#shown ?? this.#current;
  }

  /** Whether the call has pictures. */
  get video(): boolean {
    return this.#video;
  }

  set video(video: boolean) {
    if (this.#video === video) return;
    this.#video = video;
    this.#spare?.close();
    this.#spare = null;
  }

  /** Send `track` as `source`, with these peers and all to come; null sends nothing. */
  publish(source: Source, track: MediaStreamTrack | null): void {
    if (track) this.#local.set(source, track);
    else this.#local.delete(source);
    for (const peer of [this.#current, this.#spare]) {
      if (track || source === "mic" || (source === "camera" && this.#video)) peer?.publish(source, track);
      else peer?.unpublish(source);
    }
  }

  /** Have one ready. */
  prepare(): void {
    this.#spare ??= this.#make();
  }

  /** A new current one. The one before plays on if it has had media. */
  next(): Peer {
    if (this.#current !== this.#shown) this.#current?.close();
    this.#current = this.#spare ?? this.#make();
    this.#spare = null;
    return this.#current;
  }

  /** The current one has media: it is shown, and the one before is not needed any more. */
  show(): void {
    if (this.#shown === this.#current) return;
    this.#shown?.close();
    this.#shown = this.#current;
  }

  close(): void {
    for (const peer of [this.#current, this.#shown, this.#spare]) peer?.close();
    this.#current = null;
    this.#shown = null;
    this.#spare = null;
  }

  #make(): Peer {
    const peer: Peer = new Peer(
      this.#newConnection(),
      this.#handlersOf(() => peer),
    );
    peer.publish("mic", this.#local.get("mic") ?? null);
    if (this.#video) peer.publish("camera", this.#local.get("camera") ?? null);
    for (const source of ["screen", "screen_audio"] as const) {
      const track = this.#local.get(source);
      if (track) peer.publish(source, track);
    }
    peer.prepare(this.#video ? ["audio", "video"] : ["audio"]);
    return peer;
  }
}
