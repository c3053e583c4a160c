/** A bar that moves with the microphone: proof that one will be heard. */

import { css, html, LitElement } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import { Level } from "../core/level";
import { t } from "../strings";
import { base } from "../styles/shared";

@customElement("tt-level-bar")
export class LevelBar extends LitElement {
  @property({ attribute: false }) track: MediaStreamTrack | null = null;
  @state() private asleep = false;
  @query(".bar") private bar!: HTMLElement;
  @query(".fill") private fill!: HTMLElement;
  #level: Level | null = null;
  #of: MediaStreamTrack | null = null;
  #frame = 0;
  #shown = 0;

  static override styles = [
    base,
    css`
      :host {
        display: grid;
        gap: var(--space-1);
      }
      .bar {
        height: var(--level-height);
        overflow: hidden;
        border-radius: var(--radius-full);
        background: var(--line);
      }
      .fill {
        height: var(--full);
        border-radius: inherit;
        background: var(--accent);
        transform: scaleX(0);
        transform-origin: left;
      }
    `,
  ];

  override render() {
    return html`<p class="small muted">${this.asleep ? t.check.wake : t.check.speak}</p>
    <div
      class="bar"
      role="meter"
      aria-label=${t.check.level}
      aria-valuemin="0"
      aria-valuemax="100"
      aria-valuenow="0"
      data-testid="level"
    >
      <div class="fill"></div>
    </div>`;
  }

  override updated(): void {
    if (this.track === this.#of) return;
    this.#stop();
    this.#of = this.track;
    if (!this.track) return;
    this.#level = new Level(this.track);
    this.#draw();
  }

  override connectedCallback(): void {
    super.connectedCallback();
    addEventListener("pointerdown", this.#wake);
    addEventListener("keydown", this.#wake);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    removeEventListener("pointerdown", this.#wake);
    removeEventListener("keydown", this.#wake);
    this.#stop();
  }

  #wake = (): void => this.#level?.wake();

  #draw = (): void => {
    if (!this.#level) return;
    this.asleep = this.#level.asleep;
    const now = this.#level.read();
    // Rises at once, falls slowly, as people expect of a level.
    this.#shown = Math.max(now, this.#shown * 0.9);
    this.fill.style.transform = `scaleX(${this.#shown.toFixed(3)})`;
    const told = `${Math.round(this.#shown * 10) * 10}`;
    if (this.bar.ariaValueNow !== told) this.bar.ariaValueNow = told;
    this.#frame = requestAnimationFrame(this.#draw);
  };

  #stop(): void {
    cancelAnimationFrame(this.#frame);
    this.#level?.close();
    this.#level = null;
    this.#of = null;
    this.#shown = 0;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "tt-level-bar": LevelBar;
  }
}
