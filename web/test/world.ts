/** A world for sessions without a network: hand-cranked time, sockets and peer connections that do as told. */

import type { ChatParts } from "../src/core/chat";
import type { Link, LinkHandlers } from "../src/core/link";
import type { SessionParts } from "../src/core/session";
import type { Timers } from "../src/core/timers";
import type { Call, JoinToken } from "../src/protocol/api";
import type {
  CallServerMessage,
  CallView,
  ChatFile,
  ClientMessage,
  EndedMessage,
  MeterView,
  ParticipantView,
  TariffView,
  WelcomeMessage,
} from "../src/protocol/messages";

export const tariff: TariffView = {
  currency: "USD",
  price_minor: 240,
  per_ms: 60_000,
  increment_ms: 1,
  minimum_ms: 0,
  free_ms: 0,
};

export function meter(part: Partial<MeterView> = {}): MeterView {
  return {
    state: "running",
    why: "running",
    used_ms: 0,
    charge_minor: 0,
    tariff,
    balance_minor: 500,
    left_ms: 125_000,
    low: false,
    earned_minor: null,
    host_share_bp: null,
    soft_left_ms: null,
    gifted_ms: 0,
    gift_left_ms: 0,
    pause_note: "",
    cap_minor: null,
    cap_binds: false,
    ...part,
  };
}

export function callView(part: Partial<CallView> = {}): CallView {
  return {
    id: "call-1",
    state: "open",
    media: "video",
    host_name: "Ada",
    host_slug: "ada",
    payer_name: "Sam",
    created_at: "2026-01-01T00:00:00Z",
    tariff,
    end_reason: "",
    ...part,
  };
}

export function participant(id: string, part: Partial<ParticipantView> = {}): ParticipantView {
  return {
    id,
    name: id,
    role: id === "sam" ? "payer" : "host",
    presence: "connected",
    mic: true,
    camera: true,
    screen: false,
    tracks: [],
    ...part,
  };
}

export function welcome(part: Partial<WelcomeMessage> = {}): WelcomeMessage {
  return {
    type: "welcome",
    v: 1,
    call: callView(),
    you: "sam",
    role: "payer",
    participants: [participant("sam"), participant("ada")],
    meter: meter(),
    ...part,
  };
}

export function ended(part: Partial<EndedMessage> = {}): EndedMessage {
  return {
    type: "ended",
    call: "call-1",
    reason: "host_left",
    note: "",
    used_ms: 1000,
    charge_minor: 4,
    currency: "USD",
    receipt: "/receipt/call-1",
    earned_minor: null,
    balance_minor: 496,
    settled: true,
    ...part,
  };
}

/** Time that passes when the test says so. */
export class Crank implements Timers {
  at = 0;
  #next = 1;
  readonly #due = new Map<number, { at: number; run: () => void }>();

  now(): number {
    return this.at;
  }
  set(run: () => void, ms: number): number {
    this.#due.set(this.#next, { at: this.at + ms, run });
    return this.#next++;
  }
  clear(id: number | undefined): void {
    if (id !== undefined) this.#due.delete(id);
  }
  get pending(): number {
    return this.#due.size;
  }
  /** Let `ms` pass; what falls due runs in order, and promises get their turn after each. */
  async pass(ms: number): Promise<void> {
    const end = this.at + ms;
    for (;;) {
      await settle();
      const next = [...this.#due.entries()].sort((a, b) => a[1].at - b[1].at)[0];
      if (!next || next[1].at > end) break;
      this.at = next[1].at;
      this.#due.delete(next[0]);
      next[1].run();
    }
    this.at = end;
    await settle();
  }
}

/** Let every promise that can be settled be settled. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}

export class FakeLink implements Link {
  readonly sent: ClientMessage[] = [];
  closed = false;
  constructor(
    readonly token: string,
    readonly handlers: LinkHandlers<CallServerMessage>,
  ) {}
  send(message: ClientMessage): void {
    if (!this.closed) this.sent.push(message);
  }
  close(): void {
    this.closed = true;
  }
  of<T extends ClientMessage["type"]>(type: T): Extract<ClientMessage, { type: T }>[] {
    return this.sent.filter((each): each is Extract<ClientMessage, { type: T }> => each.type === type);
  }
}

class FakeTransceiver {
  mid: string | null = null;
  readonly receiver: { track: MediaStreamTrack };
  readonly sender: {
    track: MediaStreamTrack | null;
    replaceTrack: (track: MediaStreamTrack | null) => Promise<void>;
  };
  constructor(
    readonly kind: string,
    public direction: RTCRtpTransceiverDirection,
    track: MediaStreamTrack | null,
  ) {
    this.receiver = { track: { kind } as MediaStreamTrack };
    this.sender = {
      track,
      replaceTrack: (next) => {
        this.sender.track = next;
        return Promise.resolve();
      },
    };
  }
}

export class FakeConnection extends EventTarget {
  connectionState: RTCPeerConnectionState = "new";
  iceConnectionState: RTCIceConnectionState = "new";
  localDescription: { sdp: string } | null = null;
  readonly transceivers: FakeTransceiver[] = [];
  answers: string[] = [];
  refuses = false;

  addTransceiver(what: MediaStreamTrack | string, init: RTCRtpTransceiverInit): FakeTransceiver {
    const kind = typeof what === "string" ? what : what.kind;
    const made = new FakeTransceiver(
      kind,
      init.direction ?? "sendrecv",
      typeof what === "string" ? null : what,
    );
    this.transceivers.push(made);
    return made;
  }
  createOffer(): Promise<{ sdp: string }> {
    return Promise.resolve({
      sdp: this.transceivers.map((each) => `${each.kind}:${each.direction}`).join(" "),
    });
  }
  setLocalDescription(offer: { sdp: string }): Promise<void> {
    for (const [index, each] of this.transceivers.entries()) each.mid ??= String(index);
    this.localDescription = offer;
    return Promise.resolve();
  }
  setRemoteDescription(answer: { sdp: string }): Promise<void> {
    if (this.refuses) return Promise.reject(new Error("bad answer"));
    this.answers.push(answer.sdp);
    return Promise.resolve();
  }
  become(state: RTCPeerConnectionState, ice: RTCIceConnectionState): void {
    this.connectionState = state;
    this.iceConnectionState = ice;
    this.dispatchEvent(new Event("connectionstatechange"));
  }
  /** Something is received, as long as this grows. */
  heard = 0;
  getReceivers(): { getSynchronizationSources: () => { source: number; rtpTimestamp: number }[] }[] {
    return [{ getSynchronizationSources: () => [{ source: 1, rtpTimestamp: this.heard }] }];
  }
  up(): void {
    this.become("connected", "connected");
  }
  close(): void {
    this.connectionState = "closed";
  }
}

/** Everything a session takes from outside, and what it did with it. */
export class World {
  readonly crank = new Crank();
  readonly links: FakeLink[] = [];
  readonly connections: FakeConnection[] = [];
  joins = 0;
  join: () => Promise<JoinToken> = () =>
    Promise.resolve({ token: `token-${this.joins}`, expires_at: "2026-01-01T00:01:00Z" });
  call: () => Promise<Call> = () => Promise.resolve({ call: callView(), used_ms: 0, charge_minor: 0 });

  readonly parts: SessionParts = {
    api: {
      join: () => {
        this.joins++;
        return this.join();
      },
      call: () => this.call(),
    },
    openLink: (token, handlers) => {
      const link = new FakeLink(token, handlers);
      this.links.push(link);
      return link;
    },
    newConnection: () => {
      const made = new FakeConnection();
      this.connections.push(made);
      return made as unknown as RTCPeerConnection;
    },
    timers: this.crank,
    random: () => 0.5,
    chat: () => this.chat,
  };

  /** What a chat takes from outside: ids that count, a tab that remembers, and files that take as long as told. */
  readonly files: { id: string; done: (file: ChatFile) => void; fail: (error: Error) => void }[] = [];
  remembered: string | null = null;
  ids = 0;
  readonly chat: Omit<ChatParts, "timers" | "send"> = {
    newId: () => `id-${++this.ids}`,
    sendFile: (id, _file, _progress, _signal) =>
      new Promise((done, fail) => {
        this.files.push({ id, done, fail });
      }),
    keep: (text) => {
      this.remembered = text;
    },
    kept: () => this.remembered,
  };

  get link(): FakeLink {
    const last = this.links.at(-1);
    if (!last) throw new Error("there is no link yet");
    return last;
  }

  get connection(): FakeConnection {
    const last = this.connections.at(-1);
    if (!last) throw new Error("there is no connection yet");
    return last;
  }

  async say(message: CallServerMessage): Promise<void> {
    this.link.handlers.message(message);
    await settle();
  }

  /** Answer the offer that waits. */
  async answer(): Promise<void> {
    const n = this.link.of("offer").at(-1)?.n ?? -1;
    await this.say({ type: "answer", n, sdp: `answer ${n}` });
  }
}

export function track(kind: "audio" | "video"): MediaStreamTrack {
  return { kind } as MediaStreamTrack;
}
