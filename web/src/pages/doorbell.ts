/** Rings while somebody calls: by sound, in the tab's title, and as a notification when the page is not in sight. */

import { headline } from "../core/price";
import { Ring } from "../core/ring";
import type { IncomingCall } from "../protocol/messages";
import { t } from "../strings";

export class Doorbell {
  readonly #ring = new Ring();
  #title: string;
  readonly #changed: () => void;
  readonly #told = new Set<string>();
  #ringing = false;
  /** It should ring, but the browser wants a click on the page first. */
  soundless = false;

  constructor(title: string, changed: () => void) {
    this.#title = title;
    this.#changed = changed;
    const wake = (): void => void this.#wake();
    addEventListener("pointerdown", wake);
    addEventListener("keydown", wake);
  }

  /** The page's own title, while nobody rings. */
  name(title: string): void {
    this.#title = title;
    if (!this.#ringing) document.title = title;
  }

  update(ringing: readonly IncomingCall[]): void {
    const first = ringing[0];
    this.#ringing = first !== undefined;
    document.title = first ? t.expert.tabTitle(first.payer_name) : this.#title;
    if (!first) {
      this.#ring.stop();
      this.soundless = false;
      return;
    }
    this.#ring.start();
    void this.#wake();
    for (const call of ringing) this.#tell(call);
  }

  async #wake(): Promise<void> {
    const allowed = await this.#ring.unlock();
    const soundless = !allowed && this.#ringing;
    if (soundless === this.soundless) return;
    this.soundless = soundless;
    this.#changed();
  }

  #tell(call: IncomingCall): void {
    if (this.#told.has(call.id)) return;
    this.#told.add(call.id);
    if (permission() !== "granted" || document.visibilityState !== "hidden") return;
    try {
      const shown = new Notification(t.expert.from(call.payer_name), {
        body: headline(call.tariff),
        tag: call.id,
        requireInteraction: true,
      });
      shown.onclick = () => {
        window.focus();
        shown.close();
      };
    } catch {
      // Some phones know notifications only from service workers; the page rings all the same.
    }
  }
}

/** Whether the page may show notifications; "none" where there are none. */
export function permission(): NotificationPermission | "none" {
  return "Notification" in window ? Notification.permission : "none";
}
