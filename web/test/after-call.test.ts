// @vitest-environment happy-dom

import { afterEach, describe, expect, it, vi } from "vitest";
import { type Api, Refusal } from "../src/core/api";
import { initial, reduce } from "../src/core/machine";
import type { AfterCallElement } from "../src/elements/after-call";
import "../src/elements/after-call";
import type { Tip } from "../src/elements/tip";
import "../src/elements/tip";
import type { AfterCall, GiveTip } from "../src/protocol/api";
import { settle } from "./world";

afterEach(() => {
  document.body.replaceChildren();
  vi.useRealTimers();
});

const nothing: AfterCall = {
  call: "c",
  side: "payer",
  currency: "USD",
  charge_minor: 360,
  refunded_minor: 0,
  refundable_minor: 0,
  tips: [],
  refunds: [],
  rating: null,
  dispute: null,
  may_rate: true,
  may_tip: true,
  may_dispute: true,
  may_answer: false,
  dispute_until: "2026-01-03T00:00:00.000Z",
};

async function show(api: Partial<Api>): Promise<AfterCallElement> {
  const made = document.createElement("tt-after-call");
  made.api = api as Api;
  made.call = "c";
  made.payer = "Sam";
  made.host = "Ada";
  document.body.append(made);
  await made.updateComplete;
  await settle();
  await made.updateComplete;
  return made;
}

describe("a tip", () => {
  async function form(tip: (call: string, body: GiveTip) => Promise<AfterCall>): Promise<Tip> {
    const made = document.createElement("tt-tip");
    made.api = { tip } as unknown as Api;
    Object.assign(made, { call: "c", currency: "USD", name: "Ada" });
    document.body.append(made);
    await made.updateComplete;
    return made;
  }
  const click = async (made: Tip, testId: string): Promise<void> => {
    made.renderRoot.querySelector<HTMLButtonElement>(`[data-testid="${testId}"]`)?.click();
    await vi.runAllTimersAsync();
    await made.updateComplete;
  };

  it("keeps its id while nothing is known of the outcome, so that it is given once", async () => {
    vi.useFakeTimers();
    const ids: string[] = [];
    let up = false;
    const made = await form((_call, body) => {
      ids.push(body.id);
      return up
        ? Promise.resolve({ ...nothing, tips: [{ amount_minor: 200, at: "" }] })
        : Promise.reject(new Refusal("network", 0, ""));
    });
    await click(made, "tip-200");
    await click(made, "give-tip");
    expect(new Set(ids).size).toBe(1);
    up = true;
    await click(made, "give-tip");
    expect(new Set(ids).size).toBe(1);
    expect(made.given).toBe(200);
    await click(made, "tip-200");
    await click(made, "give-tip");
    expect(new Set(ids).size).toBe(2);
  });

  it("says that the balance does not suffice, and takes no amount that is none", async () => {
    vi.useFakeTimers();
    const made = await form(() => Promise.reject(new Refusal("wallet.insufficient", 402, "")));
    await click(made, "tip-500");
    await click(made, "give-tip");
    expect(made.renderRoot.textContent).toContain("does not suffice");
    await click(made, "tip-other");
    const input = made.renderRoot.querySelector("input");
    for (const wrong of ["x", "0", "-1", "1.234", "99999999"]) {
      if (input) input.value = wrong;
      input?.dispatchEvent(new Event("input"));
      await made.updateComplete;
      expect(made.renderRoot.querySelector('[data-testid="give-tip"]')).toBeNull();
    }
  });

  it("is shown to the expert in the call", () => {
    const message = { type: "tip", amount_minor: 160, currency: "USD" } as const;
    const state = reduce(initial("c", "host"), { type: "server", message, at: 5 });
    expect(state.tip).toEqual({ minor: 160, currency: "USD", at: 5 });
  });
});

describe("what comes after a call", () => {
  const seen = (made: AfterCallElement, tag: string): boolean => made.renderRoot.querySelector(tag) !== null;

  it("lets the payer do what may be done, and no more", async () => {
    const made = await show({ after: () => Promise.resolve(nothing) });
    expect([seen(made, "tt-rating"), seen(made, "tt-tip"), seen(made, "tt-dispute")]).toEqual([
      true,
      true,
      true,
    ]);
    const over = { ...nothing, may_rate: false, may_tip: false, may_dispute: false };
    const later = await show({ after: () => Promise.resolve(over) });
    expect([seen(later, "tt-rating"), seen(later, "tt-tip"), seen(later, "tt-dispute")]).toEqual([
      false,
      false,
      false,
    ]);
  });

  it("shows the expert what was given, and offers to give back", async () => {
    const hers: AfterCall = {
      ...nothing,
      side: "host",
      may_rate: false,
      may_tip: false,
      may_dispute: false,
      refundable_minor: 360,
      tips: [{ amount_minor: 160, at: "" }],
      rating: { stars: 4, text: "Kind.", given_at: "", until: "" },
    };
    const made = await show({ after: () => Promise.resolve(hers) });
    expect(made.renderRoot.textContent).toContain("$1.60");
    expect(made.renderRoot.textContent).toContain("“Kind.”");
    expect(seen(made, "tt-refund")).toBe(true);
    expect(seen(made, "tt-tip")).toBe(false);
  });

  it("is silent when it may not be read", async () => {
    const made = await show({ after: () => Promise.reject(new Refusal("call.unknown", 404, "")) });
    expect(made.renderRoot.textContent?.trim()).toBe("");
  });
});
