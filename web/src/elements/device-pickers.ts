/** Which microphone, camera and speaker; used before the call and in it. */

import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { DeviceChoice, DeviceKind, Devices } from "../core/devices";
import { t } from "../strings";
import { base, controls } from "../styles/shared";
import { follow } from "./follow";

@customElement("tt-device-pickers")
export class DevicePickers extends LitElement {
  @property({ attribute: false }) devices: Devices | null = null;
  @property({ type: Boolean }) video = true;

  constructor() {
    super();
    follow(this, () => this.devices);
  }

  static override styles = [
    base,
    controls,
    css`
      .pickers {
        display: grid;
        gap: var(--space-3);
      }
    `,
  ];

  override render() {
    const devices = this.devices;
    if (!devices) return nothing;
    // Choosing where the sound goes is not possible in every browser.
    const speakers = "setSinkId" in HTMLMediaElement.prototype ? devices.list.speaker : [];
    return html`
      <div class="pickers">
        ${this.#picker("mic", t.check.mic, devices.list.mic, this.#current("mic"))}
        ${this.video ? this.#picker("camera", t.check.camera, devices.list.camera, this.#current("camera")) : nothing}
        ${this.#picker("speaker", t.check.speaker, speakers, devices.speaker)}
      </div>
    `;
  }

  #picker(
    kind: DeviceKind | "speaker",
    label: string,
    choices: readonly DeviceChoice[],
    current: string,
  ): TemplateResult | typeof nothing {
    if (choices.length === 0) return nothing;
    return html`
      <div class="field">
        <label for=${kind}>${label}</label>
        <select id=${kind} data-testid=${`pick-${kind}`} @change=${(event: Event) => this.#picked(kind, event)}>
          ${choices.map(
            ({ id, label: name }, index) =>
              html`<option value=${id} ?selected=${id === current}>${name || t.check.unnamed(index + 1)}</option>`,
          )}
        </select>
      </div>
    `;
  }

  #current(kind: DeviceKind): string {
    return this.devices?.track(kind)?.getSettings().deviceId ?? "";
  }

  #picked(kind: DeviceKind | "speaker", event: Event): void {
    const id = (event.target as HTMLSelectElement).value;
    if (kind === "speaker") this.devices?.chooseSpeaker(id);
    else void this.devices?.open(kind, id);
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "tt-device-pickers": DevicePickers;
  }
}
