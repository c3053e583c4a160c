/** One person, or one screen: the picture, else a face made of initials, with name and what is the matter. */

import { css, html, LitElement, nothing, type PropertyValues } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import { t } from "../strings";
import { base } from "../styles/shared";
import { icon } from "./icons";

@customElement("tt-video-tile")
export class VideoTile extends LitElement {
  @property() name = "";
  @property() note = "";
  /** What the test looks for on the video itself. */
  @property() videoTestId = "";
  @property({ attribute: false }) video: MediaStreamTrack | null = null;
  @property({ attribute: false }) audio: MediaStreamTrack | null = null;
  /** The picture is to be shown; without it the track may be there but dark. */
  @property({ type: Boolean }) showVideo = false;
  @property({ type: Boolean }) micOff = false;
  @property({ type: Boolean, reflect: true }) mirrored = false;
  @property({ type: Boolean, reflect: true }) small = false;
  /** Show the whole picture instead of filling the tile (screens). */
  @property({ type: Boolean, reflect: true }) whole = false;
  @property({ type: Boolean, reflect: true }) dimmed = false;
  @property() speaker = "";
  @state() private playing = false;
  @query("video") private player!: HTMLVideoElement;
  #shown: readonly (MediaStreamTrack | null)[] = [];
  #sink = "";

  static override styles = [
    base,
    css`
      :host {
        position: relative;
        overflow: hidden;
        border-radius: var(--radius-l);
        background: var(--raised);
        color: var(--ink);
        min-width: var(--none);
        min-height: var(--none);
      }
      video {
        position: absolute;
        inset: var(--none);
        width: var(--full);
        height: var(--full);
        object-fit: cover;
        transition: opacity var(--calm);
      }
      :host([whole]) video {
        object-fit: contain;
      }
      :host([mirrored]) video {
        transform: scaleX(-1);
      }
      video.off {
        opacity: 0;
      }
      :host([dimmed]) video:not(.off) {
        opacity: 0.35;
      }
      .face {
        position: absolute;
        inset: var(--none);
        display: grid;
        place-items: center;
      }
      .avatar {
        display: grid;
        place-items: center;
        width: var(--avatar-size);
        height: var(--avatar-size);
        border-radius: var(--radius-full);
        background: var(--avatar);
        font-size: var(--text-2xl);
        font-weight: var(--weight-strong);
      }
      :host([small]) .avatar {
        width: var(--avatar-s);
        height: var(--avatar-s);
        font-size: var(--text-s);
      }
      .label {
        position: absolute;
        inset-inline-start: var(--space-3);
        inset-block-end: var(--space-3);
        display: flex;
        align-items: center;
        gap: var(--space-2);
        max-width: calc(var(--full) - 2 * var(--space-3));
        padding: var(--space-1) var(--space-3);
        border-radius: var(--radius-full);
        background: var(--glass);
        font-size: var(--text-s);
        font-weight: var(--weight-medium);
      }
      :host([small]) .label {
        inset-inline-start: var(--space-2);
        inset-block-end: var(--space-2);
        padding: var(--space-1);
      }
      .label span {
        overflow: hidden;
        white-space: nowrap;
        text-overflow: ellipsis;
      }
      .note {
        position: absolute;
        inset-block-start: var(--space-3);
        inset-inline: var(--none);
        display: grid;
        place-items: center;
        z-index: var(--layer-tile);
      }
      .note span {
        padding: var(--space-1) var(--space-3);
        border-radius: var(--radius-full);
        background: var(--glass);
        font-size: var(--text-s);
      }
    `,
  ];

  override render() {
    const visible = this.showVideo && this.video !== null;
    return html`
      <div class="face" ?hidden=${visible && this.playing}>
        <div class="avatar" aria-hidden="true">${initials(this.name)}</div>
      </div>
      <video
        class=${visible && this.playing ? "on" : "off"}
        data-testid=${this.videoTestId || nothing}
        aria-label=${this.name}
        autoplay
        playsinline
        @playing=${this.#onPlaying}
        @emptied=${this.#onEmptied}
      ></video>
      ${this.note ? html`<div class="note"><span>${this.note}</span></div>` : nothing}
      <div class="label" ?hidden=${this.small && !this.micOff}>
        ${this.micOff ? html`${icon("mic-off", "s")}<span class="hidden">${t.call.mutedMic}</span>` : nothing}
        <span class=${this.small ? "hidden" : "name"}>${this.name}</span>
      </div>
    `;
  }

  override updated(_changed: PropertyValues): void {
    const wanted = [this.showVideo ? this.video : null, this.audio];
    if (wanted.some((track, index) => track !== this.#shown[index])) {
      this.#shown = wanted;
      const tracks = wanted.filter((track): track is MediaStreamTrack => track !== null);
      this.player.muted = this.audio === null;
      this.player.srcObject = tracks.length > 0 ? new MediaStream(tracks) : null;
      if (tracks.length > 0) this.#play();
      if (this.showVideo && this.video) this.#awaitFrame();
    }
    if (this.speaker !== this.#sink && "setSinkId" in this.player) {
      this.#sink = this.speaker;
      void this.player.setSinkId(this.speaker).catch(() => undefined);
    }
  }

  /** Sound may need a person's click first; the room shows a button for that. */
  #play(): void {
    this.player.play().catch((error: unknown) => {
      if (!(error instanceof DOMException) || error.name !== "NotAllowedError" || this.player.muted) return;
      // A picture without sound is better than neither.
      this.player.muted = true;
      void this.player.play().catch(() => undefined);
      this.dispatchEvent(new CustomEvent("tt-silent", { bubbles: true, composed: true }));
    });
  }

  /** Called by the room from within a click. */
  unlock(): void {
    this.player.muted = this.audio === null;
    void this.player.play().catch(() => undefined);
  }

  #awaitFrame(): void {
    const video = this.video;
    const tell = (): void => {
      if (video !== this.video) return;
      this.playing = true;
      this.dispatchEvent(new CustomEvent("tt-frame", { bubbles: true, composed: true }));
    };
    if ("requestVideoFrameCallback" in this.player) this.player.requestVideoFrameCallback(tell);
    else (this.player as HTMLVideoElement).addEventListener("loadeddata", tell, { once: true });
  }

  #onPlaying = (): void => {
    if (this.player.videoWidth > 0) this.playing = true;
  };

  #onEmptied = (): void => {
    if (!this.player.srcObject) this.playing = false;
  };
}

export function initials(name: string): string {
  const parts = name.trim().split(/\s+/).filter(Boolean);
  const letters = [parts[0], parts.length > 1 ? parts.at(-1) : undefined].map((part) =>
    part ? ([...part][0] ?? "") : "",
  );
  return letters.join("").toUpperCase();
}

declare global {
  interface HTMLElementTagNameMap {
    "tt-video-tile": VideoTile;
  }
}
