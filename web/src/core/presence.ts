/** An expert's presence: live while connected, told of every call that rings. Comes back by itself. */

import type { JoinToken } from "../protocol/api";
import type {
  AcceptedMessage,
  IncomingCall,
  OfficeView,
  PresenceServerMessage,
  WaitingCaller,
} from "../protocol/messages";
import { Refusal } from "./api";
import { backoff } from "./backoff";
import type { Link, LinkHandlers } from "./link";
import type { Failure } from "./machine";
import type { Timers } from "./timers";

export interface PresenceState {
  readonly phase: "connecting" | "live" | "lost" | "superseded" | "failed";
  readonly ringing: readonly IncomingCall[];
  /** When `ringing` was told, by the clock of the parts: `ring_left_ms` counts from there. */
  readonly ringingAt: number;
  readonly openCall: string | null;
  /** Whether calls are taken, and who waits. */
  readonly office: OfficeView | null;
  readonly line: readonly WaitingCaller[];
  /** Why the last call stopped ringing without us, for a moment's note. */
  readonly missed: { readonly name: string; readonly why: string } | null;
  readonly failure: Failure | null;
  readonly notice: Failure | null;
}

export interface PresenceParts {
  readonly api: { presence(): Promise<JoinToken> };
  readonly openLink: (token: string, handlers: LinkHandlers<PresenceServerMessage>) => Link;
  readonly timers: Timers;
  readonly random: () => number;
}

const FIRST_MESSAGE_MS = 8_000;

export class Presence {
  #state: PresenceState = {
    phase: "connecting",
    ringing: [],
    ringingAt: 0,
    openCall: null,
    office: null,
    line: [],
    missed: null,
    failure: null,
    notice: null,
  };
  readonly #parts: PresenceParts;
  readonly #changed: () => void;
  readonly #accepted: (message: AcceptedMessage) => void;
  #link: Link | null = null;
  #timer: number | undefined;
  #attempt = 0;
  #generation = 0;

  constructor(parts: PresenceParts, changed: () => void, accepted: (message: AcceptedMessage) => void) {
    this.#parts = parts;
    this.#changed = changed;
    this.#accepted = accepted;
  }

  get state(): PresenceState {
    return this.#state;
  }

  start(): void {
    void this.#connect();
  }

  accept(call: string): void {
    this.#link?.send({ type: "accept", call });
  }

  decline(call: string, note: string, toLine = false): void {
    this.#link?.send({ type: "decline", call, note, to_line: toLine });
    this.#drop(call);
  }

  retryNow(): void {
    if (this.#state.phase === "lost") void this.#connect();
  }

  useHere(): void {
    if (this.#state.phase === "superseded") void this.#connect();
  }

  stop(): void {
    this.#generation++;
    this.#parts.timers.clear(this.#timer);
    this.#link?.close();
    this.#link = null;
  }

  async #connect(): Promise<void> {
    this.stop();
    const generation = this.#generation;
    let token: string;
    try {
      token = (await this.#parts.api.presence()).token;
    } catch (error) {
      if (generation !== this.#generation) return;
      if (error instanceof Refusal && !error.passing)
        this.#set({ phase: "failed", failure: { code: error.code, message: error.message } });
      else this.#comeBack();
      return;
    }
    if (generation !== this.#generation) return;
    this.#timer = this.#parts.timers.set(() => this.#comeBack(), FIRST_MESSAGE_MS);
    this.#link = this.#parts.openLink(token, {
      message: (message) => {
        if (generation === this.#generation) this.#take(message);
      },
      lost: () => {
        if (generation === this.#generation) this.#comeBack();
      },
    });
  }

  #comeBack(): void {
    this.stop();
    this.#set({ phase: "lost", ringing: [] });
    const wait = backoff(this.#attempt++, this.#parts.random());
    this.#timer = this.#parts.timers.set(() => void this.#connect(), wait);
  }

  #take(message: PresenceServerMessage): void {
    switch (message.type) {
      case "presence":
        this.#parts.timers.clear(this.#timer);
        this.#attempt = 0;
        this.#set({
          phase: "live",
          ringing: message.ringing,
          ringingAt: this.#parts.timers.now(),
          openCall: message.open_call,
          office: message.office,
          line: message.line,
          notice: null,
          ...(message.ringing.length > 0 ? { missed: null } : {}),
        });
        break;
      case "accepted":
        this.#accepted(message);
        this.#drop(message.call);
        break;
      case "stopped_ringing": {
        const call = this.#state.ringing.find((each) => each.id === message.call);
        this.#drop(message.call);
        if (call) this.#set({ missed: { name: call.payer_name, why: message.why } });
        break;
      }
      case "superseded":
        this.stop();
        this.#set({ phase: "superseded", ringing: [] });
        break;
      case "stopping":
        break;
      case "error":
        this.#set({ notice: { code: message.code, message: message.message } });
        break;
    }
  }

  #drop(call: string): void {
    this.#set({ ringing: this.#state.ringing.filter((each) => each.id !== call) });
  }

  #set(part: Partial<PresenceState>): void {
    this.#state = { ...this.#state, ...part };
    this.#changed();
  }
}
