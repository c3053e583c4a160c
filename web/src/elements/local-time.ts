/** What time it is where the expert is. Without a script the server's words stand: the zone's name. */

import { html, LitElement, nothing } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { minuteIn } from "../core/moment";
import { t } from "../strings";
import { base } from "../styles/shared";

const EVERY_MS = 20_000;

@customElement("tt-local-time")
export class LocalTime extends LitElement {
  @property() zone = "";
  @state() private now = new Date();
  #timer: ReturnType<typeof setInterval> | undefined;

  static override styles = [base];

  override connectedCallback(): void {
    super.connectedCallback();
    this.#timer = setInterval(() => {
      this.now = new Date();
    }, EVERY_MS);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearInterval(this.#timer);
  }

  override render() {
    const time = this.#time();
    return html`<slot></slot>${time ? html` <span class="muted small">· ${t.caller.here(time)}</span>` : nothing}`;
  }

  #time(): string {
    return minuteIn(this.zone, this.now);
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "tt-local-time": LocalTime;
  }
}
