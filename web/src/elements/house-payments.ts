/** What clients paid in, and giving it back. */

import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { amountOf } from "../core/amount";
import { insist, Refusal, UNREACHABLE } from "../core/api";
import type { House } from "../core/house";
import { moment } from "../core/moment";
import { decimal, exponent, money } from "../core/money";
import { Order } from "../core/order";
import { Paged } from "../core/paged";
import { pause } from "../core/timers";
import type { OperatorPayment, PaymentMode } from "../protocol/api";
import { t } from "../strings";
import { desk } from "../styles/desk";
import { base, card, controls } from "../styles/shared";
import { table } from "../styles/table";
import "./dialog";
import type { Dialog } from "./dialog";
import { icon } from "./icons";

const LEAST = 3;

@customElement("tt-house-payments")
export class HousePayments extends LitElement {
  @property({ attribute: false }) house: House | null = null;
  @state() private mode: PaymentMode | "" = "";
  @state() private asked: OperatorPayment | null = null;
  @state() private refusal = "";
  @state() private working = false;
  readonly #order = new Order();
  /** Of one person only, when the address says so. */
  readonly #person = new URLSearchParams(location.search).get("person") ?? "";
  readonly #payments = new Paged<OperatorPayment, string>(
    async (before) => {
      const page = await this.house?.payments(this.#person, before);
      if (page) this.mode = page.mode;
      return { items: page?.payments ?? [], next: page?.next || null };
    },
    () => this.requestUpdate(),
  );

  static override styles = [
    base,
    controls,
    card,
    table,
    desk,
    css`
      form {
        display: grid;
        gap: var(--space-4);
      }
      th,
      td {
        overflow-wrap: anywhere;
      }
      td button {
        min-height: var(--none);
        padding: var(--space-1) var(--space-3);
        font-size: var(--text-s);
      }
      td .small {
        display: block;
        white-space: normal;
      }
    `,
  ];

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#payments.restart();
  }

  override render() {
    const words = t.house.payments;
    const { mode } = this;
    return html`<div class="page">
      <h1>${words.title}</h1>
      ${mode === "sandbox" ? html`<p class="note warn">${words.sandbox}</p>` : nothing}
      ${mode === "none" ? html`<p class="note warn">${words.off}</p>` : nothing}
      ${
        this.#person
          ? html`<p class="name">
              ${words.of(this.#person)} · <a href="/operator/payments">${words.everybody}</a>
            </p>`
          : nothing
      }
      ${this.#list()} ${this.asked ? this.#dialog(this.asked) : nothing}
    </div>`;
  }

  #list(): TemplateResult {
    const words = t.house.payments;
    const { items: payments, problem, loading, hasMore } = this.#payments;
    if (payments === null)
      return problem ? this.#trouble() : html`<p class="muted loading" role="status">${t.loading}</p>`;
    if (payments.length === 0 && !problem)
      return html`<div class="card empty" data-testid="no-payments">
        ${icon("wallet", "l")}
        <h2>${words.none}</h2>
        <p class="small">${words.noneText}</p>
      </div>`;
    return html`<div class="card" aria-busy=${loading}>
        <table>
          <caption class="hidden">${words.title}</caption>
          <thead>
            <tr>
              <th scope="col">${words.who}</th>
              <th scope="col" class="wide">${words.when}</th>
              <th scope="col" class="wide">${words.state}</th>
              <th scope="col" class="number">${words.amount}</th>
              <th scope="col"><span class="hidden">${words.refund}</span></th>
            </tr>
          </thead>
          <tbody>
            ${payments.map((each) => this.#row(each))}
          </tbody>
        </table>
      </div>
      ${problem ? this.#trouble() : nothing}
      ${
        hasMore
          ? html`<button class="more" type="button" data-testid="more" ?disabled=${loading} @click=${() => void this.#payments.more()}>
              ${t.house.more}
            </button>`
          : nothing
      }`;
  }

  #trouble(): TemplateResult {
    return html`<div class="note warn" role="alert">
      <p>${t.house.stale}</p>
      <div><button type="button" @click=${() => void this.#payments.restart()}>${t.retry}</button></div>
    </div>`;
  }

  #row(each: OperatorPayment): TemplateResult {
    const { payment } = each;
    const words = t.house.payments;
    const back = each.refunds
      .filter((refund) => refund.state !== "failed")
      .reduce((sum, refund) => sum + refund.amount_minor, 0);
    const [when, state] = [moment(payment.created_at), words.states[payment.state]];
    return html`<tr data-testid="payment-row" data-payment=${payment.id}>
      <th scope="row">
        <a href=${`/operator/people/${encodeURIComponent(each.person_id)}`}>${each.person_id}</a>
        <span class="narrow small muted">${when} · ${state}</span>
      </th>
      <td class="wide">${when}</td>
      <td class="wide">${state}</td>
      <td class="number">
        <strong>${money(payment.amount_minor, payment.currency)}</strong>
        ${back > 0 ? html`<span class="small muted">${words.refunded(money(back, payment.currency))}</span>` : nothing}
      </td>
      <td class="number">
        ${
          each.left_minor > 0
            ? html`<button
                type="button"
                data-testid="refund"
                aria-label=${words.refundOf(each.person_id)}
                @click=${() => {
                  this.asked = each;
                  this.refusal = "";
                }}
              >
                ${words.refund}
              </button>`
            : nothing
        }
      </td>
    </tr>`;
  }

  #dialog(each: OperatorPayment): TemplateResult {
    const words = t.house.payments;
    const { currency } = each.payment;
    return html`<tt-dialog
      .heading=${words.refundAsk(each.person_id)}
      @tt-close=${() => {
        this.asked = null;
      }}
    >
      <form @submit=${(event: Event) => void this.#send(event, each)} novalidate>
        <p class="muted">${words.refundText(money(each.left_minor, currency))}</p>
        <div class="field">
          <label for="amount">${words.left(currency)}</label>
          <input
            id="amount"
            inputmode="decimal"
            autocomplete="off"
            maxlength="12"
            data-testid="refund-amount"
            .value=${decimal(each.left_minor, exponent(currency))}
          />
        </div>
        <div class="field">
          <label for="reason">${words.reason}</label>
          <input id="reason" autocomplete="off" maxlength="200" data-testid="refund-reason" />
        </div>
        <p class="note bad small" role="alert" data-testid="refund-problem" ?hidden=${!this.refusal}>${this.refusal}</p>
        <div class="row">
          <button class="danger" data-testid="refund-send" ?disabled=${this.working}>${words.send}</button>
          <button type="button" @click=${() => this.#shut()}>${words.cancel}</button>
        </div>
      </form>
    </tt-dialog>`;
  }

  #shut(): void {
    this.renderRoot.querySelector<Dialog>("tt-dialog")?.close();
  }

  async #send(event: Event, each: OperatorPayment): Promise<void> {
    event.preventDefault();
    const { house } = this;
    if (!house || this.working) return;
    const typed = (id: string): string =>
      this.renderRoot.querySelector<HTMLInputElement>(`#${id}`)?.value.trim() ?? "";
    const amount = amountOf(typed("amount"), each.payment.currency);
    const reason = typed("reason");
    this.refusal = !amount
      ? t.house.adjust.badAmount
      : amount > each.left_minor
        ? t.house.refusal("refund.too_much")
        : reason.length < LEAST
          ? t.house.adjust.badReason
          : "";
    if (!amount || this.refusal) return;
    const id = this.#order.idFor(`${each.payment.id} ${amount} ${reason}`);
    this.working = true;
    try {
      const body = { id, payment: each.payment.id, amount_minor: amount, reason };
      await insist(() => house.refund(body), pause);
      this.#order.done();
      this.#shut();
      await this.#payments.restart();
    } catch (error) {
      this.#order.done(error);
      this.refusal = t.house.refusal(error instanceof Refusal ? error.code : UNREACHABLE);
    } finally {
      this.working = false;
    }
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "tt-house-payments": HousePayments;
  }
}
