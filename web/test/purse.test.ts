// @vitest-environment happy-dom

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Api, Refusal } from "../src/core/api";
import { Purse, type PurseParts } from "../src/core/purse";
import { pause, realTimers } from "../src/core/timers";
import type { TopUp } from "../src/elements/top-up";
import "../src/elements/top-up";
import type { CreatePayment, Payment, Wallet, WalletPayments } from "../src/protocol/api";
import { settle } from "./world";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
  document.body.replaceChildren();
});

const wallet: Wallet = { currency: "USD", available_minor: 1500, held_minor: 0, test_money: false };
const visa = { brand: "visa", last4: "4242", exp_month: 12, exp_year: 2034 };
const known = (part: Partial<WalletPayments> = {}): WalletPayments => ({
  mode: "test",
  wallet,
  payments: [],
  card: visa,
  auto: null,
  ...part,
});
const paid = (part: Partial<Payment> = {}): Payment => ({
  id: "p1",
  kind: "card",
  amount_minor: 1000,
  currency: "USD",
  state: "succeeded",
  created_at: "2026-11-21T08:00:00Z",
  url: "",
  reason: "",
  ...part,
});

class Shop {
  readonly asked: CreatePayment[] = [];
  readonly tabs: string[] = [];
  readonly left: string[] = [];
  readonly canceled: string[] = [];
  confirmed = 0;
  everything = known();
  pays: (body: CreatePayment) => Promise<Payment> = () => Promise.resolve(paid());
  state: () => Promise<Payment> = () => Promise.resolve(paid());
  #ids = 0;

  readonly api = {
    payments: () => Promise.resolve(this.everything),
    pay: (body: CreatePayment) => {
      this.asked.push(body);
      return this.pays(body);
    },
    payment: () => this.state(),
    confirmPayment: () => {
      this.confirmed++;
      return Promise.resolve(paid({ state: "action", url: "https://bank.example/" }));
    },
    cancelPayment: (id: string) => {
      this.canceled.push(id);
      return Promise.resolve(paid({ id, state: "canceled" }));
    },
    forgetCard: () => Promise.resolve(known({ card: null })),
    setAutoTopUp: () => Promise.resolve(this.everything),
  };

  readonly parts: PurseParts = {
    api: this.api,
    timers: realTimers,
    pause,
    newId: () => `id-${this.#ids++}`,
    leave: (url) => this.left.push(url),
    openTab: () => {
      const at = this.tabs.push("") - 1;
      return {
        go: (url) => {
          this.tabs[at] = url;
        },
        close: () => {
          this.tabs[at] = "closed";
        },
      };
    },
  };
}

async function open(shop: Shop): Promise<Purse> {
  const purse = new Purse(shop.parts);
  await purse.look();
  return purse;
}

describe("a purse", () => {
  it("takes up what a page before it asked for, so that a reload does not pay twice", async () => {
    const shop = new Shop();
    shop.everything = known({ payments: [paid({ id: "before", state: "asked" })] });
    shop.state = () => Promise.resolve(paid({ id: "before", state: "asked" }));
    const purse = await open(shop);
    expect(purse.state.payment?.id).toBe("before");
    shop.state = () => Promise.resolve(paid({ id: "before" }));
    shop.everything = known({ payments: [paid({ id: "before" })] });
    await vi.advanceTimersByTimeAsync(5_000);
    expect([purse.state.payment?.state, purse.state.came]).toEqual(["succeeded", 1]);
  });

  it("is not held up by a processor's page that was never opened", async () => {
    const shop = new Shop();
    shop.everything = known({ payments: [paid({ kind: "checkout", state: "asked" })] });
    expect((await open(shop)).state.payment).toBeNull();
  });

  it("keeps a payment's id while nothing is known of the outcome, so that it is paid once", async () => {
    const shop = new Shop();
    let up = false;
    shop.pays = () => (up ? Promise.resolve(paid()) : Promise.reject(new Refusal("network", 0, "")));
    const purse = await open(shop);
    const tap = async (): Promise<void> => {
      void purse.pay(1000, "card", "beside", "/");
      await vi.runAllTimersAsync();
    };
    await tap();
    expect(purse.state.code).toBe("network");
    up = true;
    await tap();
    expect(shop.asked.length).toBe(5);
    expect(new Set(shop.asked.map((each) => each.id)).size).toBe(1);
    expect(purse.state).toMatchObject({ code: "", came: 1 });
    await tap();
    expect(new Set(shop.asked.map((each) => each.id)).size).toBe(2);
  });

  it("asks what became of a payment before it charges the card for another amount", async () => {
    const shop = new Shop();
    const lost = new Refusal("network", 0, "");
    shop.pays = () => Promise.reject(lost);
    const purse = await open(shop);
    const tap = async (amount: number): Promise<void> => {
      void purse.pay(amount, "card", "beside", "/");
      await vi.runAllTimersAsync();
    };
    await tap(2000);
    shop.state = () => Promise.reject(lost);
    await tap(1000);
    expect(new Set(shop.asked.map((each) => each.amount_minor))).toEqual(new Set([2000]));
    expect(purse.state).toMatchObject({ working: false, code: "network" });
    // The first one went through.
    shop.state = () => Promise.resolve(paid({ id: "id-0", amount_minor: 2000 }));
    await tap(1000);
    expect(new Set(shop.asked.map((each) => each.amount_minor))).toEqual(new Set([2000]));
    expect(purse.state).toMatchObject({ code: "", came: 1, payment: { amount_minor: 2000 } });
    // And from here on it is another payment. One that never arrived is in nobody's way either.
    await tap(500);
    shop.state = () => Promise.reject(new Refusal("payment.unknown", 404, ""));
    shop.pays = () => Promise.resolve(paid());
    await tap(1000);
    expect(shop.asked.at(-1)?.amount_minor).toBe(1000);
  });

  it("leaves the page for the processor's, or opens a tab beside it", async () => {
    const shop = new Shop();
    shop.pays = () =>
      Promise.resolve(paid({ kind: "checkout", state: "open", url: "https://pay.example/1" }));
    shop.state = () =>
      Promise.resolve(paid({ kind: "checkout", state: "open", url: "https://pay.example/1" }));
    const purse = await open(shop);
    await purse.pay(1000, "checkout", "here", "/call/ada");
    expect([shop.left, shop.tabs]).toEqual([["https://pay.example/1"], []]);
    expect(shop.asked[0]?.back).toBe("/call/ada");
    await purse.pay(1000, "checkout", "beside", "/call/ada");
    expect(shop.tabs).toEqual(["https://pay.example/1"]);
    expect(shop.asked[1]?.back).toBe("/paid");
    await purse.pay(2000, "checkout", "beside", "/call/ada");
    expect(shop.canceled).toEqual(["p1"]);
  });

  it("closes the tab again when nothing came of it", async () => {
    const shop = new Shop();
    shop.pays = () => Promise.reject(new Refusal("payment.refused", 409, ""));
    const purse = await open(shop);
    await purse.pay(1000, "checkout", "beside", "/");
    expect(shop.tabs).toEqual(["closed"]);
    expect(purse.state).toMatchObject({ working: false, code: "payment.refused" });
  });

  it("shows the bank's page when it asks, and follows the payment until it is settled", async () => {
    const shop = new Shop();
    const waiting = paid({ state: "action", url: "https://bank.example/" });
    shop.pays = () => Promise.resolve(waiting);
    shop.state = () => Promise.resolve(waiting);
    const purse = await open(shop);
    await purse.pay(1000, "card", "beside", "/");
    expect(purse.state.bank).toBe(true);
    await vi.advanceTimersByTimeAsync(3_000);
    expect(purse.state.bank).toBe(true);
    shop.state = () => Promise.resolve(paid());
    await vi.advanceTimersByTimeAsync(6_000);
    expect(purse.state).toMatchObject({ bank: false, came: 1, payment: { state: "succeeded" } });
  });

  it("takes up what the automatic rule left to the person, and asks the bank only when they are there", async () => {
    const shop = new Shop();
    const waiting = paid({ kind: "auto", state: "action" });
    shop.everything = known({ payments: [waiting] });
    shop.state = () => Promise.resolve(waiting);
    const purse = await open(shop);
    expect(purse.state).toMatchObject({ payment: waiting, bank: false });
    expect(shop.confirmed).toBe(0);
    await purse.toBank();
    expect(shop.confirmed).toBe(1);
    expect(purse.state.bank).toBe(true);
    purse.hideBank();
    expect(purse.state.bank).toBe(false);
  });

  it("looks again and again while one talks, if the rule works", async () => {
    const shop = new Shop();
    let looks = 0;
    const rule = {
      on: true,
      threshold_minor: 500,
      amount_minor: 1000,
      cap_minor: 5000,
      spent_minor: 0,
      stopped: "",
    };
    shop.api.payments = () => {
      looks++;
      return Promise.resolve(known({ auto: rule }));
    };
    const stop = new Purse(shop.parts).attend();
    await vi.advanceTimersByTimeAsync(35_000);
    expect(looks).toBe(4);
    stop();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(looks).toBe(4);
  });
});

describe("a top-up", () => {
  async function panel(shop: Shop): Promise<TopUp> {
    const made = document.createElement("tt-top-up");
    made.api = shop.api as unknown as Api;
    made.currency = "USD";
    document.body.append(made);
    await shown(made);
    return made;
  }
  async function shown(made: TopUp): Promise<void> {
    await vi.advanceTimersByTimeAsync(10);
    await settle();
    await made.updateComplete;
  }
  const see = (made: TopUp, testId: string): HTMLElement | null =>
    made.renderRoot.querySelector(`[data-testid="${testId}"]`);

  it("says that money is not real, and whose card is charged", async () => {
    const shop = new Shop();
    const made = await panel(shop);
    expect(see(made, "with-card")?.textContent).toContain("Visa •••• 4242");
    expect(see(made, "test-mode")).not.toBeNull();
    shop.everything = known({ mode: "sandbox" });
    const other = new Shop();
    other.everything = known({ mode: "sandbox" });
    expect(see(await panel(other), "sandbox")?.textContent).toContain("Test money");
    const none = new Shop();
    none.everything = known({ mode: "none" });
    const poor = await panel(none);
    expect(see(poor, "no-payments")).not.toBeNull();
    expect(see(poor, "top-up")).toBeNull();
  });

  it("hands the new wallet on when money came", async () => {
    const shop = new Shop();
    const made = await panel(shop);
    const heard: Wallet[] = [];
    made.addEventListener("tt-topped-up", (event) => heard.push((event as CustomEvent<Wallet>).detail));
    shop.everything = known({ wallet: { ...wallet, available_minor: 2500 } });
    see(made, "top-up")?.click();
    await shown(made);
    expect(heard.map((each) => each.available_minor)).toEqual([2500]);
    expect(see(made, "paid")?.textContent).toContain("$10.00 added");
  });

  it("says why a card was declined, and that nothing was charged", async () => {
    const shop = new Shop();
    shop.pays = () => Promise.resolve(paid({ state: "failed", reason: "insufficient_funds" }));
    const made = await panel(shop);
    see(made, "top-up")?.click();
    await shown(made);
    expect(see(made, "declined")?.textContent).toContain(
      "Nothing was charged. The card has not enough money.",
    );
  });

  it("cannot be tapped twice while a payment is under way", async () => {
    const shop = new Shop();
    shop.pays = () => Promise.resolve(paid({ state: "processing" }));
    shop.state = () => Promise.resolve(paid({ state: "processing" }));
    const made = await panel(shop);
    see(made, "top-up")?.click();
    await shown(made);
    see(made, "top-up")?.click();
    await shown(made);
    expect(shop.asked.length).toBe(1);
  });
});
