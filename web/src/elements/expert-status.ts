/** Whether an expert is live, and whatever keeps a call from being heard of. */

import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { PresenceState } from "../core/presence";
import { t } from "../strings";
import { base, card, controls } from "../styles/shared";
import { icon } from "./icons";
import { officeWords } from "./office";

@customElement("tt-expert-status")
export class ExpertStatus extends LitElement {
  @property({ attribute: false }) presence: PresenceState | null = null;
  @property({ type: Boolean }) soundless = false;
  /** Notifications can still be asked for. */
  @property({ type: Boolean }) askAlerts = false;

  static override styles = [
    base,
    controls,
    card,
    css`
      section {
        display: grid;
        align-content: start;
        gap: var(--space-2);
      }
      h1 {
        display: flex;
        align-items: center;
        gap: var(--space-3);
        font-size: var(--text-2xl);
      }
      .light {
        width: var(--space-4);
        height: var(--space-4);
        border-radius: var(--radius-full);
        background: var(--line-strong);
      }
      .light.live {
        background: var(--accent);
        box-shadow: 0 0 0 var(--space-1) var(--accent-soft);
      }
      button {
        justify-self: start;
        margin-block-start: var(--space-2);
      }
    `,
  ];

  override render(): TemplateResult {
    const presence = this.presence;
    const live = presence?.phase === "live";
    const lost = presence?.phase === "lost";
    const office = presence?.office?.state ?? "open";
    const title = live ? t.office[office] : lost ? t.expert.lost : t.expert.connecting;
    const told = presence?.office ? officeWords(presence.office) : t.expert.liveText;
    const text = live ? told : lost ? t.expert.lostText : "";
    const { missed, notice } = presence ?? {};
    return html`<section class="card" aria-live="polite">
      <h1 data-testid=${live ? "online" : "offline"}>
        <span class="light ${live && office === "open" ? "live" : "off"}" aria-hidden="true"></span>${title}
      </h1>
      <p class="muted">${text}</p>
      ${missed ? html`<p class="note small" data-testid="missed">${t.expert.missed(missed.name, missed.why)}</p>` : nothing}
      ${
        notice
          ? html`<p class="note warn small" data-testid="notice" data-code=${notice.code}>${t.refusal(notice.code, "")}</p>`
          : nothing
      }
      ${this.soundless ? html`<p class="note warn small">${t.expert.sound}</p>` : nothing}
      ${
        this.askAlerts
          ? html`<button type="button" data-testid="alerts" @click=${this.#ask}>
            ${icon("bell", "s")} ${t.expert.alertsOn}
          </button>`
          : nothing
      }
    </section>`;
  }

  #ask = (): void => {
    this.dispatchEvent(new CustomEvent("tt-alerts"));
  };
}

declare global {
  interface HTMLElementTagNameMap {
    "tt-expert-status": ExpertStatus;
  }
}
