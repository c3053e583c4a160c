/**
 * What one decided in a call, until the server's own figures show it: a pause, a limit, time given away.
 *
 * Media, and the meter, go on without a link. Who pauses meanwhile, or sets a limit, must not be passed over: what is
 * not confirmed is said again on the way back in. Both may be said twice. Time given away may not, so only what could
 * not be sent at all is said later.
 */

import type { ClientMessage } from "../protocol/messages";
import { type CallState, pausedByMe } from "./machine";

type Decision = Extract<ClientMessage, { type: "pause" | "resume" | "cap" }>;
type Gift = Extract<ClientMessage, { type: "gift" }>;

export class Wishes {
  readonly #send: (message: ClientMessage) => boolean;
  readonly #open = new Map<"hold" | "cap", Decision>();
  #gifts: Gift[] = [];

  /** `send` says whether there was a link. */
  constructor(send: (message: ClientMessage) => boolean) {
    this.#send = send;
  }

  say(message: Decision | Gift): void {
    const sent = this.#send(message);
    if (message.type !== "gift") this.#open.set(message.type === "cap" ? "cap" : "hold", message);
    else if (!sent) this.#gifts.push(message);
  }

  /** The server told how the call stands. */
  seen(call: CallState): void {
    for (const [what, message] of this.#open) if (isDone(message, call)) this.#open.delete(what);
  }

  /** There is a link again, and the server told how the call stands. */
  again(call: CallState): void {
    this.seen(call);
    for (const message of this.#open.values()) this.#send(message);
    const gifts = this.#gifts;
    this.#gifts = gifts.filter((each) => !this.#send(each));
  }

  /** The server said no. */
  refused(code: string): void {
    if (code === "cap.too_low") this.#open.delete("cap");
    if (code === "call.not_open" || code === "role.forbidden") this.forget();
  }

  /** Another page has the call, or nobody. */
  forget(): void {
    this.#open.clear();
    this.#gifts = [];
  }
}

function isDone(message: Decision, call: CallState): boolean {
  if (!call.meter) return false;
  switch (message.type) {
    case "cap":
      return call.meter.cap_minor === message.cap_minor;
    case "pause":
      return pausedByMe(call);
    case "resume":
      return !pausedByMe(call);
  }
}
