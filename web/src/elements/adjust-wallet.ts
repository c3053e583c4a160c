/** Give money to a wallet, or take some out, with a reason. Fires `tt-adjusted` with the person as it is then. */

import { css, html, LitElement } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { amountOf } from "../core/amount";
import { insist, Refusal, UNREACHABLE } from "../core/api";
import type { House } from "../core/house";
import { money } from "../core/money";
import { Order } from "../core/order";
import { pause } from "../core/timers";
import type { PersonCard, PersonDetail } from "../protocol/api";
import { t } from "../strings";
import { desk } from "../styles/desk";
import { base, card, controls } from "../styles/shared";

const LEAST = 3;

@customElement("tt-adjust-wallet")
export class AdjustWallet extends LitElement {
  @property({ attribute: false }) house: House | null = null;
  @property({ attribute: false }) person: PersonCard | null = null;
  @state() private taking = false;
  @state() private working = false;
  @state() private problem = "";
  @state() private told = "";
  readonly #order = new Order();

  static override styles = [
    base,
    controls,
    card,
    desk,
    css`
      form {
        display: grid;
        gap: var(--space-4);
      }
      .choices {
        justify-self: start;
      }
    `,
  ];

  override render() {
    const words = t.house.adjust;
    return html`<form @submit=${this.#send} novalidate data-testid="adjust">
      <div>
        <h2>${words.title}</h2>
        <p class="small muted">${words.text}</p>
      </div>
      <div class="choices" role="group" aria-label=${words.way}>
        ${[false, true].map(
          (each) => html`<button
            type="button"
            aria-pressed=${each === this.taking}
            data-testid=${each ? "take" : "give"}
            @click=${() => {
              this.taking = each;
            }}
          >
            ${each ? words.take : words.give}
          </button>`,
        )}
      </div>
      <div class="field">
        <label for="amount">${words.amount(this.person?.currency ?? "")}</label>
        <input id="amount" inputmode="decimal" autocomplete="off" maxlength="12" data-testid="adjust-amount" />
      </div>
      <div class="field">
        <label for="reason">${words.reason}</label>
        <input id="reason" autocomplete="off" maxlength="200" aria-describedby="hint" data-testid="adjust-reason" />
        <p class="small muted" id="hint">${words.reasonHint}</p>
      </div>
      <p class="note bad small" role="alert" data-testid="adjust-problem" ?hidden=${!this.problem}>${this.problem}</p>
      <p class="small muted" role="status" data-testid="adjust-told">${this.told}</p>
      <div class="row">
        <button class="primary" data-testid="adjust-send" ?disabled=${this.working}>
          ${this.taking ? words.take : words.give}
        </button>
      </div>
    </form>`;
  }

  #typed(id: string): string {
    return this.renderRoot.querySelector<HTMLInputElement>(`#${id}`)?.value.trim() ?? "";
  }

  #send = async (event: Event): Promise<void> => {
    event.preventDefault();
    // The event forgets it as soon as it is over.
    const form = event.target as HTMLFormElement;
    const { house, person } = this;
    if (!house || !person || this.working) return;
    const words = t.house.adjust;
    const amount = amountOf(this.#typed("amount"), person.currency);
    const reason = this.#typed("reason");
    this.told = "";
    this.problem = !amount ? words.badAmount : reason.length < LEAST ? words.badReason : "";
    if (!amount || this.problem) return;
    const minor = this.taking ? -amount : amount;
    const { currency } = person;
    const id = this.#order.idFor(`${person.id} ${minor} ${reason}`);
    this.working = true;
    try {
      const body = { id, amount_minor: minor, currency, reason };
      const detail = await insist(() => house.adjust(person.id, body), pause);
      this.#order.done();
      form.reset();
      this.told = words.done(money(minor, currency));
      this.dispatchEvent(new CustomEvent<PersonDetail>("tt-adjusted", { detail }));
    } catch (error) {
      this.#order.done(error);
      this.problem = t.house.refusal(error instanceof Refusal ? error.code : UNREACHABLE);
    } finally {
      this.working = false;
    }
  };
}

declare global {
  interface HTMLElementTagNameMap {
    "tt-adjust-wallet": AdjustWallet;
  }
}
