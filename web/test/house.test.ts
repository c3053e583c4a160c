/** The operator's pages: orders that count once, amounts that are refused before they are sent, and the log. */

// @vitest-environment happy-dom

import { afterEach, describe, expect, it, vi } from "vitest";
import { Api, Refusal } from "../src/core/api";
import { House } from "../src/core/house";
import { Order } from "../src/core/order";
import "../src/elements/adjust-wallet";
import "../src/elements/decide-dispute";
import { detailOf } from "../src/elements/house-audit";
import "../src/elements/house-person";
import type { Adjust, DecideDispute, PersonCard } from "../src/protocol/api";
import { settle } from "./world";

afterEach(() => {
  document.body.replaceChildren();
  vi.useRealTimers();
});

describe("an order", () => {
  it("keeps its id until its outcome is known", () => {
    const order = new Order();
    const id = order.idFor("5 to sam");
    for (const error of [new Refusal("network", 0, ""), new TypeError("a slip of the page")]) {
      order.done(error);
      expect(order.idFor("5 to sam")).toBe(id);
    }
    order.done(new Refusal("wallet.insufficient", 409, ""));
    expect(order.idFor("5 to sam")).not.toBe(id);
  });

  it("has another id when something else is wanted, or the same once more", () => {
    const order = new Order();
    const first = order.idFor("5 to sam");
    const second = order.idFor("6 to sam");
    order.done();
    expect(new Set([first, second, order.idFor("6 to sam")]).size).toBe(3);
  });
});

it("details are words, and what is no object stays as it is", () => {
  expect(detailOf('{"amount_minor":-5,"reason":"a <b>"}')).toBe("amount minor -5 · reason a <b>");
  expect(detailOf("{}")).toBe("");
  expect(detailOf("nonsense")).toBe("nonsense");
});

const sam: PersonCard = {
  id: "sam",
  role: "client",
  name: "Sam",
  slug: "",
  address: "",
  currency: "USD",
  available_minor: 700,
  held_minor: 0,
  deleted_at: "",
};

/** A house that notes what it is sent and answers with what `answer` says. */
function house(answer: (path: string) => [number, object]) {
  const sent: unknown[] = [];
  const api = new Api(null, (path, init) => {
    if (init.method === "POST") sent.push(JSON.parse(String(init.body)));
    const [status, body] = answer(path.replace("/api/v1", ""));
    return Promise.resolve(new Response(JSON.stringify(body), { status }));
  });
  return { house: new House(api), sent };
}

async function send(made: HTMLElement & { updateComplete: Promise<boolean> }): Promise<string> {
  made.shadowRoot?.querySelector("form")?.dispatchEvent(new Event("submit", { cancelable: true }));
  await vi.runAllTimersAsync();
  await settle();
  await made.updateComplete;
  return made.shadowRoot?.querySelector("[role=alert]")?.textContent?.trim() ?? "";
}

function type(made: HTMLElement, id: string, words: string): void {
  const field = made.shadowRoot?.querySelector<HTMLInputElement>(`#${id}`);
  if (field) field.value = words;
}

describe("an adjustment", () => {
  async function form(answer: (path: string) => [number, object]) {
    vi.useFakeTimers();
    const { house: given, sent } = house(answer);
    const made = document.createElement("tt-adjust-wallet");
    [made.house, made.person] = [given, sam];
    document.body.append(made);
    await made.updateComplete;
    return { made, sent: sent as Adjust[] };
  }

  it.each([
    ["", "a reason", "amount"],
    ["0", "a reason", "amount"],
    ["1.234", "a reason", "amount"],
    ["-5", "a reason", "amount"],
    ["5", "", "reason"],
    ["5", "no", "reason"],
  ])("of %j because of %j is not sent", async (amount, reason, about) => {
    const { made, sent } = await form(() => [500, {}]);
    type(made, "amount", amount);
    type(made, "reason", reason);
    expect(await send(made)).toContain(about);
    expect(sent).toEqual([]);
  });

  it("is one order, however often its answer is lost", async () => {
    let tries = 0;
    const { made, sent } = await form(() => {
      tries += 1;
      return tries < 3 ? [503, { code: "server.unavailable" }] : [201, { person: sam, adjustments: [] }];
    });
    made.shadowRoot?.querySelector<HTMLElement>('[data-testid="take"]')?.click();
    type(made, "amount", "12,5");
    type(made, "reason", "Paid twice");
    expect(await send(made)).toBe("");
    expect(sent.length).toBe(3);
    expect(new Set(sent.map((each) => each.id)).size).toBe(1);
    expect(sent[0]).toMatchObject({ amount_minor: -1250, currency: "USD", reason: "Paid twice" });
  });

  it("says why it was refused, and keeps what was typed", async () => {
    const { made } = await form(() => [409, { code: "wallet.insufficient" }]);
    type(made, "amount", "9");
    type(made, "reason", "Too much");
    expect(await send(made)).toContain("does not have that much");
    expect(made.shadowRoot?.querySelector<HTMLInputElement>("#reason")?.value).toBe("Too much");
  });
});

describe("a decision", () => {
  async function form(status: number, code = "") {
    vi.useFakeTimers();
    const { house: given, sent } = house(() => [status, { code }]);
    const made = document.createElement("tt-decide-dispute");
    Object.assign(made, { house: given, call: "c1", currency: "USD", most: 1_000 });
    document.body.append(made);
    await made.updateComplete;
    const decided = vi.fn();
    made.addEventListener("tt-decided", decided);
    return { made, sent: sent as DecideDispute[], decided };
  }

  it("is refused here when it is more than the charge, or has no amount or no reason", async () => {
    const { made, sent } = await form(200);
    type(made, "answer", "Because");
    for (const amount of ["", "10.01", "x"]) {
      type(made, "amount", amount);
      expect(await send(made)).not.toBe("");
    }
    type(made, "amount", "1");
    type(made, "answer", " ");
    expect(await send(made)).toContain("why");
    expect(sent).toEqual([]);
  });

  it("may be nothing", async () => {
    const { made, sent, decided } = await form(200);
    type(made, "amount", "0");
    type(made, "answer", "The log is whole.");
    expect(await send(made)).toBe("");
    expect(sent).toEqual([{ refund_minor: 0, answer: "The log is whole." }]);
    expect(decided).toHaveBeenCalledOnce();
  });

  it("looks again when somebody was faster", async () => {
    const { made, decided } = await form(409, "dispute.decided");
    type(made, "amount", "1");
    type(made, "answer", "Yes");
    expect(await send(made)).toContain("already");
    expect(decided).toHaveBeenCalledOnce();
  });
});

it("a person's name is text, and somebody who is not there is said to be not there", async () => {
  const card = { ...sam, name: "<img src=x onerror=alert(1)>" };
  const { house: given } = house((path) => {
    if (path.endsWith("/logins")) return [200, { logins: [] }];
    if (path.includes("/calls")) return [200, { calls: [], next: null }];
    return path.endsWith("/sam")
      ? [200, { person: card, adjustments: [] }]
      : [404, { code: "person.unknown" }];
  });
  const shown = async (person: string) => {
    const made = document.createElement("tt-house-person");
    Object.assign(made, { house: given, person });
    document.body.append(made);
    await vi.waitFor(() => expect(made.shadowRoot?.querySelector("h1, tt-notice")).toBeTruthy());
    return made.shadowRoot;
  };
  expect((await shown("sam"))?.querySelector("h1")?.textContent).toBe(card.name);
  expect((await shown("nobody"))?.querySelector("tt-notice")?.code).toBe("person.unknown");
});
