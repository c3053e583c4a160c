/** "Something was wrong": the caller objects to a charge, the expert answers, both read how it stands. */

import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { type Api, insist, Refusal } from "../core/api";
import { moment } from "../core/moment";
import { pause } from "../core/timers";
import type { AfterCall } from "../protocol/api";
import { t } from "../strings";
import { base, card, controls } from "../styles/shared";
import { icon } from "./icons";

const LEAST_CHARS = 10;
const MOST_CHARS = 2000;

@customElement("tt-dispute")
export class Dispute extends LitElement {
  @property({ attribute: false }) api: Api | null = null;
  @property({ attribute: false }) known: AfterCall | null = null;
  @property() payer = "";
  @property() host = "";
  @state() private writing = false;
  @state() private text = "";
  @state() private working = false;
  @state() private problem = "";

  static override styles = [
    base,
    controls,
    card,
    css`
      .state {
        display: flex;
        gap: var(--space-2);
        align-items: center;
      }
      blockquote {
        display: grid;
        gap: var(--space-1);
        margin: var(--none);
        padding-inline-start: var(--space-3);
        border-inline-start: var(--focus) solid var(--line);
        overflow-wrap: anywhere;
        white-space: pre-line;
      }
      .begin {
        justify-self: start;
        padding-inline: var(--none);
      }
    `,
  ];

  override render() {
    const after = this.known;
    if (!after) return nothing;
    if (after.dispute) return this.#stands(after);
    if (!after.may_dispute) return nothing;
    if (!this.writing)
      return html`<button
        type="button"
        class="quiet begin"
        data-testid="dispute-begin"
        @click=${() => {
          this.writing = true;
          void this.updateComplete.then(() => this.renderRoot.querySelector("textarea")?.focus());
        }}
      >
        ${icon("warn", "s")} ${t.afterCall.dispute.open}
      </button>`;
    const words = t.afterCall.dispute;
    return html`<section class="card stack" data-testid="dispute-form">
      <h2>${words.title}</h2>
      <p class="muted small">${words.text(moment(after.dispute_until))}</p>
      ${this.#field(words.label)}
      <div class="row">
        ${this.#send(words.send, (api, call, text) => api.dispute(call, text))}
        <button
          type="button"
          class="quiet"
          @click=${() => {
            this.writing = false;
          }}
        >
          ${words.cancel}
        </button>
      </div>
    </section>`;
  }

  #stands(after: AfterCall): TemplateResult {
    const { dispute, side } = after;
    if (!dispute) return html``;
    const words = t.afterCall.dispute;
    const title =
      side === "payer" ? words.states[dispute.state] : words.hostStates(this.payer)[dispute.state];
    const said = (
      who: string,
      when: string,
      text: string,
      testId: string,
    ): TemplateResult | typeof nothing =>
      text
        ? html`<blockquote data-testid=${testId}><span class="small muted">${who} · ${moment(when)}</span>${text}</blockquote>`
        : nothing;
    const mine = (own: boolean, name: string): string => (own ? words.youSaid : words.said(name));
    return html`<section class="card stack" data-testid="dispute" data-state=${dispute.state}>
      <h2 class="state">${icon(dispute.state === "open" ? "clock" : "check")} ${title}</h2>
      ${said(mine(side === "payer", this.payer), dispute.opened_at, dispute.reason, "dispute-reason")}
      ${said(mine(side === "host", this.host), dispute.answered_at, dispute.host_answer, "dispute-answer")}
      ${said(words.decided, dispute.decided_at, dispute.decision, "dispute-decision")}
      ${
        after.may_answer
          ? html`${this.#field(words.answerLabel)}
            <div class="row">
              ${this.#send(words.answer, (api, call, text) => api.answerDispute(call, text), 1)}
            </div>`
          : nothing
      }
    </section>`;
  }

  #field(label: string): TemplateResult {
    return html`<div class="field">
      <label for="text">${label}</label>
      <textarea
        id="text"
        rows="4"
        maxlength=${MOST_CHARS}
        data-testid="dispute-text"
        .value=${this.text}
        @input=${(event: Event) => {
          this.text = (event.target as HTMLTextAreaElement).value;
        }}
      ></textarea>
      ${this.problem ? html`<p class="note bad" role="alert">${this.problem}</p>` : nothing}
    </div>`;
  }

  #send(
    words: string,
    act: (api: Api, call: string, text: string) => Promise<AfterCall>,
    least = LEAST_CHARS,
  ): TemplateResult {
    return html`<button
      type="button"
      class="primary"
      data-testid="dispute-send"
      ?disabled=${this.working}
      @click=${() => void this.#say(act, least)}
    >
      ${this.working ? t.afterCall.dispute.sending : words}
    </button>`;
  }

  async #say(
    act: (api: Api, call: string, text: string) => Promise<AfterCall>,
    least: number,
  ): Promise<void> {
    const { api, known: after } = this;
    const text = this.text.trim();
    if (!api || !after || this.working) return;
    if (text.length < least) {
      this.problem = t.afterCall.dispute.short;
      return;
    }
    this.working = true;
    this.problem = "";
    try {
      const detail = await insist(() => act(api, after.call, text), pause);
      this.known = detail;
      this.text = "";
      this.writing = false;
      this.dispatchEvent(new CustomEvent("tt-after", { detail, bubbles: true, composed: true }));
    } catch (error) {
      const code = error instanceof Refusal ? error.code : "network";
      this.problem = code === "dispute.too_late" ? t.afterCall.dispute.tooLate : t.refusal(code, this.host);
    } finally {
      this.working = false;
    }
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "tt-dispute": Dispute;
  }
}
