/** A session with the devices it sends, as one thing that is begun and ended. */

import type { Role } from "../protocol/messages";
import { bind } from "./binding";
import type { Devices } from "./devices";
import { isOver } from "./machine";
import { CallSession, type SessionParts } from "./session";

export interface LiveCallOptions {
  readonly callId: string;
  readonly role: Role;
  readonly video: boolean;
  /** A join token that was given along with the call. */
  readonly token: string | null;
}

export class LiveCall {
  readonly session: CallSession;
  readonly #devices: Devices;
  #unbind: () => void;

  constructor(parts: SessionParts, devices: Devices, options: LiveCallOptions, changed: () => void) {
    this.#devices = devices;
    this.session = new CallSession(options.callId, options.role, options.video, parts);
    this.#unbind = bind(this.session, devices);
    this.session.subscribe(() => {
      const { phase } = this.session.state;
      // Whoever is not in the call any more is neither heard nor seen, and no light stays on.
      if (isOver(this.session.state) || phase === "superseded") devices.closeAll();
      changed();
    });
    this.session.start(options.token);
  }

  get over(): boolean {
    return isOver(this.session.state);
  }

  /** The page leaves. */
  suspend(): void {
    this.#unbind();
    this.session.suspend();
    this.#devices.closeAll();
  }

  /** Make way for another call. */
  dispose(): void {
    this.#unbind();
    this.#unbind = () => undefined;
    this.session.suspend();
  }
}

/** Open the devices a call needs; a camera only where one is wanted. */
export function openDevices(devices: Devices, video: boolean): Promise<void> {
  return video ? devices.openBoth() : devices.open("mic");
}
