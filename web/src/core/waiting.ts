/** A caller's place in a line: connected while the page is open, told of every change. Comes back by itself. */

import type { JoinToken, LinePlace } from "../protocol/api";
import type { LineServerMessage, PlaceView } from "../protocol/messages";
import { Refusal } from "./api";
import { backoff } from "./backoff";
import type { Link, LinkHandlers } from "./link";
import type { Timers } from "./timers";

export interface WaitingState {
  readonly phase: "connecting" | "live" | "lost" | "ended" | "refused";
  readonly place: PlaceView;
  /** Why nothing more is to be hoped for: the login was ended. The place may be there still. */
  readonly code: string;
  /** When `place` was told, by the clock of the parts: `reserved_left_ms` and `wait_ms` count from there. */
  readonly at: number;
}

/** What is to be seen of somebody's stay in a line. */
export interface VisitView {
  readonly state: WaitingState | null;
  /** The balance did not suffice when the call was tried at this turn. */
  readonly poor: boolean;
  readonly leaving: boolean;
  /** What the expert wrote when the call was passed into the line. */
  readonly note: string;
  readonly alerts: NotificationPermission | "none";
}

export interface WaitingParts {
  readonly api: {
    connectLine(id: string): Promise<JoinToken>;
    place(id: string): Promise<LinePlace>;
    leaveLine(id: string): Promise<LinePlace>;
  };
  readonly openLink: (token: string, handlers: LinkHandlers<LineServerMessage>) => Link;
  readonly timers: Timers;
  readonly random: () => number;
}

const FIRST_MESSAGE_MS = 8_000;

export class Waiting {
  #state: WaitingState;
  readonly #parts: WaitingParts;
  readonly #changed: () => void;
  #link: Link | null = null;
  #timer: number | undefined;
  #attempt = 0;
  #generation = 0;

  constructor(parts: WaitingParts, place: PlaceView, changed: () => void) {
    this.#parts = parts;
    this.#changed = changed;
    this.#state = { phase: "connecting", place, code: "", at: parts.timers.now() };
  }

  get state(): WaitingState {
    return this.#state;
  }

  start(): void {
    void this.#connect();
  }

  retryNow(): void {
    if (this.#state.phase === "lost") void this.#connect();
  }

  /** The person is here again: a place that is asleep wakes up when a page connects anew. */
  wake(): void {
    if (this.#state.phase !== "live" || !this.#state.place.asleep) return;
    this.#set({ phase: "connecting" });
    void this.#connect();
  }

  /** Give the place up. Over HTTP, so that it is known to have worked; what fails is a `Refusal`. */
  async leave(): Promise<void> {
    const { place } = await this.#parts.api.leaveLine(this.#state.place.id);
    this.#end(place);
  }

  /** Go without leaving: the place is kept. */
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
      token = (await this.#parts.api.connectLine(this.#state.place.id)).token;
    } catch (error) {
      if (generation !== this.#generation) return;
      if (error instanceof Refusal && !error.passing) void this.#ask();
      else this.#comeBack();
      return;
    }
    if (generation !== this.#generation) return;
    this.#timer = this.#parts.timers.set(() => this.#comeBack(), FIRST_MESSAGE_MS);
    this.#link = this.#parts.openLink(token, {
      message: (message) => {
        if (generation === this.#generation) this.#take(message);
      },
      lost: (failure) => {
        if (generation !== this.#generation) return;
        if (failure.code === "line.unknown") void this.#ask();
        else this.#comeBack();
      },
    });
  }

  /** The place may be no more: it says so itself. */
  async #ask(): Promise<void> {
    const generation = this.#generation;
    try {
      const { place } = await this.#parts.api.place(this.#state.place.id);
      if (generation !== this.#generation) return;
      if (place.state === "ended") this.#end(place);
      else this.#comeBack();
    } catch (error) {
      if (generation !== this.#generation) return;
      const code = error instanceof Refusal ? error.code : "";
      if (code === "line.unknown") this.#end({ ...this.#state.place, state: "ended", why: "expired" });
      else if (code.startsWith("auth.")) this.#set({ phase: "refused", code });
      else this.#comeBack();
    }
  }

  #comeBack(): void {
    this.stop();
    this.#set({ phase: "lost" });
    const wait = backoff(this.#attempt++, this.#parts.random());
    this.#timer = this.#parts.timers.set(() => void this.#connect(), wait);
  }

  #take(message: LineServerMessage): void {
    switch (message.type) {
      case "place":
        this.#parts.timers.clear(this.#timer);
        this.#attempt = 0;
        if (message.place.state === "ended") this.#end(message.place);
        else this.#set({ phase: "live", place: message.place, at: this.#parts.timers.now() });
        break;
      case "superseded":
      case "error":
        void this.#ask();
        break;
      case "stopping":
        break;
    }
  }

  #end(place: PlaceView): void {
    this.stop();
    this.#set({ phase: "ended", place, at: this.#parts.timers.now() });
  }

  #set(part: Partial<WaitingState>): void {
    this.#state = { ...this.#state, ...part };
    this.#changed();
  }
}
