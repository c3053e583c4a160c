/**
 * Paying in, on one page: asks for a payment, follows it until it is settled, and tells whoever draws it.
 *
 * A payment's id is chosen before the first try and kept until an answer came, so that a retry is the same
 * payment. What becomes of it is the server's to know: the page asks, more and more rarely, and at once when the
 * person looks at it again. So it outlives the element that was tapped, and a payment in another tab is seen.
 */

import type { Payment, WalletPayments } from "../protocol/api";
import { type Api, insist, Refusal } from "./api";
import type { Timers } from "./timers";

/** A tab that was opened within the click, before it is known where it goes. */
export interface Tab {
  go(url: string): void;
  close(): void;
}

/** Whether the person leaves this page for the processor's, or pays in a tab beside it. */
export type Way = "here" | "beside";

export interface PurseParts {
  readonly api: Pick<
    Api,
    "payments" | "pay" | "payment" | "confirmPayment" | "cancelPayment" | "forgetCard" | "setAutoTopUp"
  >;
  readonly timers: Timers;
  readonly pause: (ms: number) => Promise<void>;
  readonly newId: () => string;
  readonly leave: (url: string) => void;
  readonly openTab: () => Tab | null;
}

export interface PurseState {
  /** Everything about paying in, as it was asked last. */
  readonly known: WalletPayments | null;
  /** The payment that is followed, or was last. */
  readonly payment: Payment | null;
  readonly working: boolean;
  /** Why the server refused what was asked last; empty when it did not. */
  readonly code: string;
  /** The bank's page is shown. */
  readonly bank: boolean;
  /** How many payments came in while this page looked; told after `known` has the new wallet. */
  readonly came: number;
}

export interface Rule {
  readonly on: boolean;
  readonly threshold_minor: number;
  readonly amount_minor: number;
  readonly cap_minor: number;
}

/** Where the bank's page, and the processor's in a tab of its own, lead back to. */
export const PAID = "/paid";
const FIRST_MS = 700;
const MOST_MS = 5_000;
const ATTEND_MS = 10_000;
const NAME_MS = 1_000;
const NAMELESS = 8;

export function isUnderWay(payment: Payment): boolean {
  return ["asked", "open", "action", "processing"].includes(payment.state);
}

/** Money may be on its way by it, though nobody waits for the person: not to be paid a second time. */
function isPending({ kind, state }: Payment): boolean {
  return state === "processing" || (state === "asked" && kind !== "checkout");
}

export class Purse {
  #state: PurseState = { known: null, payment: null, working: false, code: "", bank: false, came: 0 };
  readonly #listeners = new Set<() => void>();
  #wish = { id: "", amount: 0, how: "" };
  #timer: number | undefined;
  #waitMs = FIRST_MS;
  #attends = 0;
  #attending: number | undefined;
  #nameless = 0;
  #naming: number | undefined;

  constructor(private readonly parts: PurseParts) {}

  get state(): PurseState {
    return this.#state;
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Ask how one pays here. A payment that waits for the person, or for its answer, is taken up again. */
  async look(): Promise<void> {
    let known: WalletPayments;
    try {
      known = await this.parts.api.payments();
    } catch (error) {
      if (!this.#state.known) this.#set({ code: codeOf(error) });
      return;
    }
    const { payment } = this.#state;
    this.#set({ known });
    this.#name(known);
    if (payment && isUnderWay(payment)) return;
    const waiting = known.payments.find((each) => each.state === "action");
    const pending = waiting ?? known.payments.find(isPending);
    if (pending) this.#follow(pending);
  }

  /** A card that was used for the first time gets its name a moment later. */
  #name({ card }: WalletPayments): void {
    this.parts.timers.clear(this.#naming);
    if (!card || card.last4) this.#nameless = 0;
    else if (this.#nameless++ < NAMELESS)
      this.#naming = this.parts.timers.set(() => void this.look(), NAME_MS * this.#nameless);
  }

  /** While one talks, the automatic rule may need the person at any time. Returns how to stop. */
  attend(): () => void {
    this.#attends++;
    if (this.#attends === 1) void this.#attend();
    return () => {
      this.#attends--;
      if (this.#attends === 0) this.parts.timers.clear(this.#attending);
    };
  }

  async #attend(): Promise<void> {
    const { known } = this.#state;
    if (!known || known.auto?.on) await this.look();
    if (this.#attends > 0) this.#attending = this.parts.timers.set(() => void this.#attend(), ATTEND_MS);
  }

  /** Pay in. `back` is the page to come back to, when this one is left. */
  async pay(amount: number, how: "card" | "checkout", way: Way, back: string): Promise<void> {
    const { known, working, payment: before } = this.#state;
    if (!known || working) return;
    const { currency } = known.wallet;
    const away = how === "checkout" && known.mode !== "sandbox";
    // Only a click may open a tab: it is opened now and told later where to go.
    const tab = away && way === "beside" ? this.parts.openTab() : null;
    this.#set({ working: true, code: "", payment: null });
    this.parts.timers.clear(this.#timer);
    // What waits on a page that was given up shall not be paid as well.
    if (before?.state === "open") void this.#giveUp(before);
    try {
      if (this.#wish.amount !== amount || this.#wish.how !== how) {
        if (await this.#wentThrough()) {
          tab?.close();
          return;
        }
        this.#wish = { id: this.parts.newId(), amount, how };
      }
      const { id } = this.#wish;
      const body = { id, amount_minor: amount, currency, how, back: away && way === "here" ? back : PAID };
      const payment = await insist(() => this.parts.api.pay(body), this.parts.pause);
      this.#wish = { id: "", amount: 0, how: "" };
      if (tab && payment.url) tab.go(payment.url);
      else tab?.close();
      this.#set({ working: false });
      if (away && way === "here" && payment.url) this.parts.leave(payment.url);
      else this.#take(payment);
    } catch (error) {
      tab?.close();
      // A refusal is an outcome: the next try is another payment. Silence is not: it stays the same one.
      if (error instanceof Refusal && !error.passing) this.#wish = { id: "", amount: 0, how: "" };
      this.#set({ working: false, code: codeOf(error) });
    }
  }

  /** Whether the card was charged by a payment whose answer was lost: then that is told, and no other one asked for. */
  async #wentThrough(): Promise<boolean> {
    const { id, how } = this.#wish;
    if (!id || how !== "card") return false;
    let payment: Payment;
    try {
      payment = await insist(() => this.parts.api.payment(id), this.parts.pause);
    } catch (error) {
      if (error instanceof Refusal && !error.passing) return false;
      throw error;
    }
    if (payment.state === "failed" || payment.state === "canceled") return false;
    this.#wish = { id: "", amount: 0, how: "" };
    this.#set({ working: false });
    this.#take(payment);
    return true;
  }

  /** Follow a payment that another page began: one came back from the processor's. */
  async follow(id: string): Promise<void> {
    try {
      this.#take(await insist(() => this.parts.api.payment(id), this.parts.pause));
    } catch (error) {
      this.#set({ code: codeOf(error) });
    }
  }

  /** The bank wants to see the person, and they are there. */
  async toBank(): Promise<void> {
    const { payment, working } = this.#state;
    if (payment?.state !== "action" || working) return;
    if (payment.url) {
      this.#set({ bank: true });
      return;
    }
    this.#set({ working: true, code: "" });
    try {
      const confirmed = await insist(
        () => this.parts.api.confirmPayment(payment.id, { back: PAID }),
        this.parts.pause,
      );
      this.#set({ working: false });
      this.#take(confirmed);
    } catch (error) {
      this.#set({ working: false, code: codeOf(error) });
    }
  }

  /** Look away from the bank's page; the payment goes on waiting. */
  hideBank(): void {
    this.#set({ bank: false });
    this.#soon();
  }

  /** Let go of the payment that waits for the person. */
  async letGo(): Promise<void> {
    const { payment } = this.#state;
    if (!payment) return;
    this.#set({ bank: false });
    try {
      this.#take(await this.parts.api.cancelPayment(payment.id));
    } catch (error) {
      this.#set({ code: codeOf(error) });
    }
  }

  /** Look now: the person is back on this page. */
  soon(): void {
    this.#soon();
  }

  // -- the card and the rule -----------------------------------------------------------------------------------

  forgetCard(): Promise<boolean> {
    return this.#change(() => this.parts.api.forgetCard());
  }

  setRule(rule: Rule): Promise<boolean> {
    return this.#change(() => this.parts.api.setAutoTopUp(rule));
  }

  async #change(ask: () => Promise<WalletPayments>): Promise<boolean> {
    if (this.#state.working) return false;
    this.#set({ working: true, code: "" });
    try {
      const known = await insist(ask, this.parts.pause);
      this.#set({ working: false, known });
      return true;
    } catch (error) {
      this.#set({ working: false, code: codeOf(error) });
      return false;
    }
  }

  // -- following -----------------------------------------------------------------------------------------------

  /** A payment as the server just told it, to somebody who is there. */
  #take(payment: Payment): void {
    const shown = payment.state === "action" && payment.url !== "";
    this.#set({ payment, bank: shown });
    if (payment.state === "action" && !payment.url) void this.toBank();
    if (isUnderWay(payment)) {
      this.#waitMs = FIRST_MS;
      this.#again();
    } else void this.#settled(payment);
  }

  /** The wallet is another one now, or the rule rests: ask first, then tell that money came. */
  async #settled(payment: Payment): Promise<void> {
    await this.look();
    if (payment.state === "succeeded") this.#set({ came: this.#state.came + 1 });
  }

  #follow(payment: Payment): void {
    this.#set({ payment, bank: false });
    this.#waitMs = FIRST_MS;
    this.#again();
  }

  #again(): void {
    this.parts.timers.clear(this.#timer);
    this.#timer = this.parts.timers.set(() => void this.#poll(), this.#waitMs);
    this.#waitMs = Math.min(MOST_MS, this.#waitMs * 1.4);
  }

  #soon(): void {
    const { payment } = this.#state;
    if (!payment || !isUnderWay(payment)) return;
    this.#waitMs = FIRST_MS;
    this.#again();
  }

  async #poll(): Promise<void> {
    const { payment } = this.#state;
    if (!payment || !isUnderWay(payment)) return;
    let now: Payment = payment;
    try {
      now = await this.parts.api.payment(payment.id);
    } catch {
      // The next look is soon enough.
    }
    if (this.#state.payment?.id !== payment.id) return;
    this.#set({ payment: now, bank: this.#state.bank && now.state === "action" });
    if (isUnderWay(now)) this.#again();
    else void this.#settled(now);
  }

  async #giveUp(payment: Payment): Promise<void> {
    try {
      await this.parts.api.cancelPayment(payment.id);
    } catch {
      // It ends by itself in a day.
    }
  }

  #set(part: Partial<PurseState>): void {
    this.#state = { ...this.#state, ...part };
    for (const listener of this.#listeners) listener();
  }
}

function codeOf(error: unknown): string {
  return error instanceof Refusal ? error.code : "network";
}
