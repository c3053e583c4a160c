/** The operator's word on a dispute: how much goes back, and why. Fires `tt-decided`. */

import { css, html, LitElement } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { amountOf } from "../core/amount";
import { insist, Refusal, UNREACHABLE } from "../core/api";
import type { House } from "../core/house";
import { money } from "../core/money";
import { pause } from "../core/timers";
import { t } from "../strings";
import { base, card, controls } from "../styles/shared";

const MOST_CHARS = 2000;

@customElement("tt-decide-dispute")
export class DecideDisputeForm extends LitElement {
  @property({ attribute: false }) house: House | null = null;
  @property() call = "";
  @property() currency = "";
  /** What is left of the charge. */
  @property({ type: Number }) most = 0;
  @state() private working = false;
  @state() private problem = "";

  static override styles = [
    base,
    controls,
    card,
    css`
      form {
        display: grid;
        gap: var(--space-4);
      }
      summary {
        display: flex;
        align-items: center;
        min-height: var(--touch);
        color: var(--accent);
        font-weight: var(--weight-medium);
        cursor: pointer;
      }
    `,
  ];

  override render() {
    const words = t.house.disputes;
    return html`<details>
      <summary data-testid="decide">${words.decide}</summary>
      <form @submit=${this.#send} novalidate>
        <div class="field">
          <label for="amount">${words.refund(this.currency, money(this.most, this.currency))}</label>
          <input
            id="amount"
            inputmode="decimal"
            autocomplete="off"
            maxlength="12"
            aria-describedby="hint"
            data-testid="decide-amount"
          />
          <p class="small muted" id="hint">${words.refundHint}</p>
        </div>
        <div class="field">
          <label for="answer">${words.answer}</label>
          <textarea id="answer" rows="3" maxlength=${MOST_CHARS} data-testid="decide-answer"></textarea>
        </div>
        <p class="note bad small" role="alert" data-testid="decide-problem" ?hidden=${!this.problem}>${this.problem}</p>
        <div class="row">
          <button class="primary" data-testid="decide-send" ?disabled=${this.working}>${words.send}</button>
        </div>
      </form>
    </details>`;
  }

  #send = async (event: Event): Promise<void> => {
    event.preventDefault();
    const { house } = this;
    if (!house || this.working) return;
    const words = t.house.disputes;
    const typed = (name: string): string =>
      this.renderRoot.querySelector<HTMLInputElement | HTMLTextAreaElement>(name)?.value.trim() ?? "";
    const minor = amountOf(typed("#amount"), this.currency);
    const answer = typed("#answer");
    this.problem =
      minor === null
        ? words.badAmount
        : minor > this.most
          ? t.house.refusal("refund.amount")
          : answer
            ? ""
            : words.badAnswer;
    if (minor === null || this.problem) return;
    this.working = true;
    try {
      // Decided once: where the answer is lost, asking again says that it was decided.
      await insist(() => house.decide(this.call, { refund_minor: minor, answer }), pause);
      this.dispatchEvent(new CustomEvent("tt-decided"));
    } catch (error) {
      const code = error instanceof Refusal ? error.code : UNREACHABLE;
      this.problem = t.house.refusal(code);
      if (code === "dispute.decided") this.dispatchEvent(new CustomEvent("tt-decided"));
    } finally {
      this.working = false;
    }
  };
}

declare global {
  interface HTMLElementTagNameMap {
    "tt-decide-dispute": DecideDisputeForm;
  }
}
