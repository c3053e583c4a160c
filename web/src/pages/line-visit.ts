/** One person's stay in a line, on the call page: connected, fetched when it is their turn, and begun. */

import { type Api, Refusal } from "../core/api";
import { type VisitView, Waiting, type WaitingParts, type WaitingState } from "../core/waiting";
import type { EndReason, PlaceView } from "../protocol/messages";
import { waitingParts } from "./browser";
import { permission } from "./doorbell";
import { TurnBell } from "./turn-bell";

/** Ends of a call that are not the caller's doing: the place is not given up. */
const WAITS_ON: ReadonlySet<EndReason> = new Set(["no_answer", "host_offline", "shutdown", "operator"]);
const ACTIVE_MS = 60_000;

export interface VisitHandlers {
  /** Something to be drawn is different. */
  changed(): void;
  /** It is their turn, and the person looks at the page (or asked to begin). */
  begin(place: PlaceView): void;
  /** The login was ended: nothing more is heard of the place here. */
  refused(code: string): void;
}

export class LineVisit {
  readonly #handlers: VisitHandlers;
  readonly #bell = new TurnBell();
  #waiting: Waiting | null = null;
  /** The turn whose call was begun by itself: once each, so that a refusal is not tried for ever. */
  #begun = "";
  /** The balance did not suffice at this turn. */
  poor = false;
  leaving = false;
  /** What the expert wrote when the call was passed into the line. */
  note = "";
  alerts = permission();
  /** When the person last did something here, by the page's clock; opening the page is something. */
  #activeAt = performance.now();

  constructor(
    handlers: VisitHandlers,
    private readonly parts: (api: Api) => WaitingParts = waitingParts,
  ) {
    this.#handlers = handlers;
    for (const each of ["pointerdown", "pointermove", "keydown", "wheel"])
      addEventListener(each, () => this.#active(), { passive: true });
    for (const each of ["pointerdown", "keydown"])
      addEventListener(each, () => {
        // Browsers let a page sound only after a click on it, and a reload forgets the one before.
        if (this.#waiting) this.#bell.prepare();
      });
  }

  get view(): VisitView {
    const { state, poor, leaving, note, alerts } = this;
    return { state, poor, leaving, note, alerts };
  }

  get state(): WaitingState | null {
    return this.#waiting?.state ?? null;
  }

  /** The place, while there is one. */
  get place(): PlaceView | null {
    const state = this.state;
    return state && state.phase !== "ended" ? state.place : null;
  }

  /** A call that ended this way leaves its caller in line. */
  waitsOn(reason: EndReason): boolean {
    return reason === "passed" || (this.place !== null && WAITS_ON.has(reason));
  }

  /** Call from within a click, so that the page may ring later. */
  prepare(): void {
    this.#bell.prepare();
  }

  enter(api: Api, place: PlaceView): void {
    this.stop();
    this.#waiting = new Waiting(this.parts(api), place, () => this.#changed());
    this.#waiting.start();
    this.#changed();
  }

  /** The page goes, or does something else: the place is kept. */
  stop(): void {
    this.#bell.quiet();
    this.#waiting?.stop();
    this.#waiting = null;
    this.poor = this.leaving = false;
  }

  /** The person looks at the page again, or the network is back. */
  back(): void {
    if (document.visibilityState === "visible") this.#active();
    this.#waiting?.retryNow();
    this.#look();
  }

  begin(): void {
    const place = this.place;
    if (place?.state !== "called") return;
    this.poor = false;
    this.#begun = place.call;
    this.#bell.quiet();
    this.#handlers.begin(place);
  }

  /** Making the call was refused. True when that is told here: the turn waits for money. */
  refused(code: string): boolean {
    if (!this.place || code !== "wallet.insufficient") return false;
    this.poor = true;
    this.#handlers.changed();
    return true;
  }

  async leave(): Promise<void> {
    if (!this.#waiting || this.leaving) return;
    this.leaving = true;
    this.#handlers.changed();
    try {
      await this.#waiting.leave();
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
    } finally {
      this.leaving = false;
      this.#handlers.changed();
    }
  }

  async allowAlerts(): Promise<void> {
    this.alerts = await Notification.requestPermission();
    this.#handlers.changed();
  }

  #changed(): void {
    if (this.state?.phase === "refused") {
      const { code } = this.state;
      this.stop();
      this.#handlers.refused(code);
    }
    if (this.place?.state === "called") this.note = "";
    else {
      this.poor = false;
      this.#bell.quiet();
    }
    this.#look();
    this.#handlers.changed();
  }

  #active(): void {
    this.#activeAt = performance.now();
    this.#waiting?.wake();
  }

  /**
   * A turn begins by itself for whoever looks at the page and did something there just now; everybody else is
   * fetched first: nobody shall pay for a call that an empty chair began.
   */
  #look(): void {
    const place = this.place;
    if (place?.state !== "called" || !place.call || this.#begun === place.call) return;
    const active = performance.now() - this.#activeAt < ACTIVE_MS;
    if (document.visibilityState === "visible" && active) this.begin();
    else this.#bell.turn(place);
  }
}
