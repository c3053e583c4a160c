/** What the expert knows of whoever is calling: calls before, and the private note. */

import { css, html, LitElement, nothing } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import type { Desk } from "../core/desk";
import { words } from "../core/duration";
import type { ClientCard } from "../protocol/api";
import { t } from "../strings";
import { base, card } from "../styles/shared";
import "./client-note";

@customElement("tt-caller-card")
export class CallerCard extends LitElement {
  @property({ attribute: false }) desk: Desk | null = null;
  /** The call's id. */
  @property() call = "";
  @state() private client: ClientCard | null = null;
  #asked = "";

  static override styles = [
    base,
    card,
    css`
      section {
        display: grid;
        gap: var(--space-2);
        padding: var(--space-4) var(--space-5);
      }
    `,
  ];

  override render() {
    const { client } = this;
    if (!client) return nothing;
    const { calls, used_ms } = client;
    const before = used_ms > 0 || calls > 1;
    return html`<section class="card" data-testid="caller-card" aria-label=${client.name}>
      <p class="small muted">
        ${before ? t.console.caller.known(t.console.clients.calls(calls), words(used_ms)) : t.console.caller.first}
      </p>
      <tt-client-note
        .desk=${this.desk}
        .client=${client}
        @tt-noted=${(event: CustomEvent<ClientCard>) => {
          this.client = event.detail;
        }}
      ></tt-client-note>
    </section>`;
  }

  override willUpdate(): void {
    if (!this.desk || this.#asked === this.call) return;
    this.#asked = this.call;
    this.client = null;
    void this.#load(this.desk, this.call);
  }

  async #load(desk: Desk, call: string): Promise<void> {
    try {
      const client = await desk.caller(call);
      if (call === this.call) this.client = client;
    } catch {
      // A call is taken without a note, too.
    }
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "tt-caller-card": CallerCard;
  }
}
