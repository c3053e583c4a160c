/** Fetches the caller when it is their turn: by sound, in the tab's title, and by a notification. */

import { Ring } from "../core/ring";
import type { PlaceView } from "../protocol/messages";
import { t } from "../strings";
import { permission } from "./doorbell";

export class TurnBell {
  readonly #ring = new Ring();
  #title = "";
  #told = "";
  #shown: Notification | null = null;

  /** Call from within a click, so that the page may ring later. */
  prepare(): void {
    void this.#ring.unlock();
  }

  /** It is this place's turn. Rings until `quiet`; notifies once a turn, when the page is not in sight. */
  turn(place: PlaceView): void {
    if (this.#told === place.call) return;
    this.#told = place.call;
    this.#title ||= document.title;
    document.title = t.line.tabTitle(place.host_name);
    this.#ring.start();
    if (permission() !== "granted" || document.visibilityState !== "hidden") return;
    try {
      this.#shown = new Notification(t.line.turn(place.host_name), {
        body: t.line.turnBody,
        tag: place.id,
        requireInteraction: true,
      });
      this.#shown.onclick = () => {
        window.focus();
        this.#shown?.close();
      };
    } catch {
      // Some phones know notifications only from service workers; the page rings all the same.
    }
  }

  quiet(): void {
    this.#ring.stop();
    this.#shown?.close();
    this.#shown = null;
    if (this.#title) document.title = this.#title;
    this.#title = "";
  }
}
