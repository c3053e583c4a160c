/** One call from its first moment to its last page: the room, or whatever stands in its place. */

import { html, LitElement, nothing } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { Api } from "../core/api";
import type { Devices } from "../core/devices";
import type { CallSession } from "../core/session";
import { t } from "../strings";
import { base, controls } from "../styles/shared";
import "./call-room";
import "./ended";
import { follow } from "./follow";
import "./notice";
import "./shell";

@customElement("tt-call")
export class CallElement extends LitElement {
  @property({ attribute: false }) session: CallSession | null = null;
  @property({ attribute: false }) devices: Devices | null = null;
  @property({ attribute: false }) api: Api | null = null;
  @property() who = "";
  /** How many wait for the expert, on the expert's own page. */
  @property({ attribute: false }) waiting: number | null = null;

  constructor() {
    super();
    follow(this, () => this.session);
  }

  static override styles = [base, controls];

  override render() {
    const call = this.session?.state;
    if (!call) return nothing;
    switch (call.phase) {
      case "joining":
      case "room":
        return html`<tt-call-room
          .session=${this.session}
          .devices=${this.devices}
          .api=${this.api}
          .waiting=${this.waiting}
        ></tt-call-room>`;
      case "ended":
        return html`<tt-shell width="narrow" .who=${this.who}>
          <tt-ended .call=${call} .api=${this.api} @tt-again=${this.#again}></tt-ended>
        </tt-shell>`;
      case "superseded":
        return html`<tt-shell width="narrow" .who=${this.who}>
          <tt-notice icon="tabs" code="superseded" .heading=${t.call.superseded} .text=${t.call.supersededText}>
            <button type="button" class="primary large" data-testid="use-here" @click=${this.#useHere}>
              ${t.call.useHere}
            </button>
          </tt-notice>
        </tt-shell>`;
      case "left":
        return html`<tt-shell width="narrow" .who=${this.who}>
          <tt-notice icon="check" .heading=${t.ended.left} .text=${t.ended.leftText}></tt-notice>
        </tt-shell>`;
      case "failed":
        return html`<tt-shell width="narrow" .who=${this.who}>
          <tt-notice
            icon="warn"
            .code=${call.failure?.code ?? "unknown"}
            .heading=${t.ended.failedTitle}
            .text=${t.ended.failed(call.failure?.code ?? "")}
          >
            <button type="button" data-testid="call-again" @click=${this.#again}>${t.ended.toStart}</button>
          </tt-notice>
        </tt-shell>`;
    }
  }

  #useHere = (): void => {
    this.dispatchEvent(new CustomEvent("tt-use-here"));
  };

  #again = (): void => {
    this.dispatchEvent(new CustomEvent("tt-again"));
  };
}

declare global {
  interface HTMLElementTagNameMap {
    "tt-call": CallElement;
  }
}
