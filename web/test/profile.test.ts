/** An expert's public face in the browser: addresses, the live badge, and what the form makes of what is typed. */

// @vitest-environment happy-dom

import { afterEach, describe, expect, it, vi } from "vitest";
import { Api, Refusal } from "../src/core/api";
import { ownLanguages } from "../src/core/languages";
import { type LiveParts, watchLive } from "../src/core/live";
import { isSlug, slugOf } from "../src/core/slug";
import { Caller } from "../src/elements/caller";
import { Entry } from "../src/elements/entry";
import { type OfferDraft, OfferFields, tariffOf } from "../src/elements/offer-fields";
import { listed } from "../src/elements/profile-fields";
import type { Expert, Live, OfferView } from "../src/protocol/api";
import { Crank, settle, tariff } from "./world";

describe("an address", () => {
  it.each([
    ["Ada Lovelace", "ada-lovelace"],
    ["  Dr. Émilie du Châtelet ", "dr-emilie-du-chatelet"],
    ["Søren O’Neill", "soren-oneill"],
    ["Weiß & Söhne", "weiss-sohne"],
    ["日本", ""],
    ["x".repeat(50), "x".repeat(40)],
    [`${"x".repeat(39)} y`, "x".repeat(39)],
  ])("%j becomes %j", (name, slug) => {
    expect(slugOf(name)).toBe(slug);
    if (slug) expect(isSlug(slug)).toBe(true);
  });

  it.each(["", "-a", "a-", "A", "a b", "a".repeat(41)])("%j is none", (text) => {
    expect(isSlug(text)).toBe(false);
  });
});

describe("what is typed", () => {
  it("becomes words, each once and eight at most", () => {
    expect(listed(" a, b ,,a, C++")).toEqual(["a", "b", "C++"]);
    expect(listed("1,2,3,4,5,6,7,8,9")).toHaveLength(8);
    expect(listed("x".repeat(60))[0]).toHaveLength(40);
  });

  it("begins with the browser's own languages, as far as they are listed", () => {
    expect(ownLanguages(["de-AT", "de", "pt-BR", "tlh"])).toEqual(["de", "pt-BR"]);
  });
});

class FakeSource {
  static readonly CLOSED = 2;
  readyState = 1;
  onmessage: ((event: MessageEvent<string>) => void) | null = null;
  onerror: (() => void) | null = null;
  closed = false;
  close(): void {
    this.closed = true;
  }
  say(live: Partial<Live>): void {
    this.onmessage?.(new MessageEvent("message", { data: JSON.stringify(live) }));
  }
}

const here: Live = { state: "available", wait_ms: 0, line: 0, back_at: "" };

function follow(ask: () => Promise<Live>) {
  vi.stubGlobal("EventSource", FakeSource);
  const [source, timers, told] = [new FakeSource(), new Crank(), [] as (Live | null)[]];
  const opened: FakeSource[] = [];
  let [visible, changed] = [true, (): void => {}];
  const parts: LiveParts = {
    open: () => {
      opened.push(opened.length === 0 ? source : new FakeSource());
      return opened.at(-1) as unknown as EventSource;
    },
    ask,
    timers,
    sight: {
      seen: () => visible,
      watch: (run) => {
        changed = run;
        return () => {
          changed = () => {};
        };
      },
    },
  };
  const stop = watchLive(parts, "ada", (live) => told.push(live));
  const look = (now: boolean): void => {
    visible = now;
    changed();
  };
  return { source, opened, timers, told, stop, look };
}

describe("the live badge", () => {
  afterEach(() => vi.unstubAllGlobals());

  it("says what it is told, as it is told", () => {
    const { source, told, stop } = follow(() => Promise.reject(new Error("not asked")));
    source.say(here);
    source.onmessage?.(new MessageEvent("message", { data: "not json" }));
    source.say({ ...here, state: "busy" });
    expect(told.map((each) => each?.state)).toEqual(["available", "busy"]);
    stop();
    expect(source.closed).toBe(true);
  });

  it("listens only while somebody looks", () => {
    const { source, opened, told, stop, look } = follow(() => Promise.reject(new Error("not asked")));
    source.say(here);
    look(false);
    expect(source.closed).toBe(true);
    look(true);
    expect(opened).toHaveLength(2);
    opened[1]?.say({ ...here, state: "paused" });
    expect(told.at(-1)?.state).toBe("paused");
    stop();
    look(true);
    expect(opened).toHaveLength(2);
    expect(opened[1]?.closed).toBe(true);
  });

  it("is unknown while the stream is broken, and asks when it is refused", async () => {
    let reached = true;
    const { source, timers, told, stop } = follow(async () => {
      if (reached) return here;
      throw new Refusal("network", 0, "");
    });
    source.onerror?.();
    expect(told).toEqual([null]);
    expect(source.closed).toBe(false);
    source.readyState = FakeSource.CLOSED;
    source.onerror?.();
    await settle();
    expect(told.at(-1)).toEqual(here);
    reached = false;
    await timers.pass(4_000);
    expect(told.at(-1)).toBeNull();
    stop();
    const count = told.length;
    await timers.pass(60_000);
    expect(told).toHaveLength(count);
  });
});

const voice: OfferView = {
  id: "voice-offer",
  title: "Voice call",
  media: "voice",
  tariff: { ...tariff, price_minor: 120 },
  is_default: false,
};
const ada: Expert = {
  slug: "ada",
  name: "Ada",
  headline: "",
  tariff,
  online: true,
  busy: false,
  live: here,
  bio: "",
  languages: [],
  specialities: [],
  time_zone: "UTC",
  photo: "",
  offers: [{ id: "video-offer", title: "Video call", media: "video", tariff, is_default: true }, voice],
};

/** Answers each path with a body, or with a problem when it is a string. */
function world(answers: Record<string, object | string>): Api {
  return new Api(null, (path, init) => {
    const found = answers[`${init.method} ${path.replace("/api/v1", "")}`];
    if (typeof found === "object") return Promise.resolve(new Response(JSON.stringify(found)));
    const problem = { code: found ?? "request.not_found", title: "", status: 401 };
    return Promise.resolve(new Response(JSON.stringify(problem), { status: found ? 401 : 404 }));
  });
}

async function shown<T extends HTMLElement & { updateComplete: Promise<boolean> }>(element: T): Promise<T> {
  document.body.append(element);
  await vi.waitFor(() => expect(element.shadowRoot?.textContent).toBeTruthy());
  await element.updateComplete;
  return element;
}

const text = (element: HTMLElement): string =>
  (element.shadowRoot?.textContent ?? "").replaceAll(/\s+/g, " ").trim();

describe("the way to call", () => {
  afterEach(() => {
    vi.unstubAllGlobals();
    document.body.replaceChildren();
  });

  async function caller(live: Partial<Live>, offers = ada.offers): Promise<Caller> {
    vi.stubGlobal("EventSource", FakeSource);
    const element = new Caller();
    element.slug = "ada";
    document.body.append(element);
    await element.begin(world({ "GET /experts/ada": { ...ada, offers, live: { ...here, ...live } } }));
    return shown(element);
  }

  it.each([
    [{}, "Available now · $2.40 a minute", "call-now", true],
    [{ state: "busy", wait_ms: 240_000 }, "In a call · $2.40 a minute · wait about 4 min", "join-line", true],
    [{ state: "busy", line: 1 }, "1 person waits", "join-line", true],
    [{ state: "paused" }, "Back soon", "join-line", true],
    [{ state: "away" }, "Away", "call-now", false],
  ] as const)("%j: %s", async (live, words, button, enabled) => {
    const element = await caller(live);
    expect(text(element)).toContain(words);
    const found = element.shadowRoot?.querySelector<HTMLButtonElement>(`[data-testid="${button}"]`);
    expect(found?.disabled).toBe(!enabled);
  });

  it("is for the offer that is chosen", async () => {
    const element = await caller({});
    const called: string[] = [];
    element.addEventListener("tt-call", (event) =>
      called.push((event as CustomEvent<{ offer: OfferView }>).detail.offer.id),
    );
    const press = (): void =>
      element.shadowRoot?.querySelector<HTMLButtonElement>('[data-testid="call-now"]')?.click();
    press();
    element.shadowRoot?.querySelectorAll<HTMLInputElement>("input")[1]?.dispatchEvent(new Event("change"));
    await element.updateComplete;
    expect(text(element)).toContain("7 min 20 s costs $8.80.");
    press();
    expect(called).toEqual(["video-offer", "voice-offer"]);
  });

  it("is closed without offers", async () => {
    const element = await caller({}, []);
    expect(text(element)).toContain("Takes no calls at the moment");
    expect(element.shadowRoot?.querySelector("button")).toBeNull();
  });

  async function entry(answers: Record<string, object | string>): Promise<{ element: Entry; went: number }> {
    const element = new Entry();
    const seen = { element, went: 0 };
    element.api = world(answers);
    element.expert = ada;
    element.offer = ada.offers[0] ?? null;
    element.addEventListener("tt-go", () => {
      seen.went += 1;
    });
    await shown(element);
    return seen;
  }
  const wallet = { currency: "USD", available_minor: 500, held_minor: 0, test_money: true };

  it("asks a stranger for a name", async () => {
    const { element } = await entry({ "GET /me": "auth.missing" });
    await vi.waitFor(() => expect(text(element)).toContain("Who shall Ada see?"));
  });

  it("lets somebody with enough money through at once", async () => {
    const seen = await entry({ "GET /me": { role: "client" }, "GET /wallet": wallet });
    await vi.waitFor(() => expect(seen.went).toBe(1));
  });

  it("asks somebody without enough for money", async () => {
    const seen = await entry({
      "GET /me": { role: "client" },
      "GET /wallet": { ...wallet, available_minor: 239 },
    });
    await vi.waitFor(() => expect(text(seen.element)).toContain("Fill your balance"));
    expect(seen.went).toBe(0);
  });

  it.each([
    [{ "GET /me": { role: "expert" } }, "You are signed in as an expert here."],
    [
      { "GET /me": { role: "client" }, "GET /wallet": { ...wallet, currency: "EUR" } },
      "Your balance is in EUR",
    ],
  ])("says why it does not go on: %j", async (answers, words) => {
    const { element } = await entry(answers);
    await vi.waitFor(() => expect(text(element)).toContain(words));
  });
});

describe("the fields of an offer", () => {
  async function typed(price: string, currency = "USD"): Promise<OfferDraft | undefined> {
    const element = new OfferFields();
    element.currency = currency;
    let draft: OfferDraft | undefined;
    element.addEventListener("tt-offer", (event) => {
      draft = (event as CustomEvent<OfferDraft>).detail;
    });
    await shown(element);
    const input = element.shadowRoot?.querySelector<HTMLInputElement>("#price");
    if (input) input.value = price;
    input?.dispatchEvent(new Event("input"));
    element.remove();
    return draft;
  }

  it.each([
    ["2.40", "USD", 240],
    ["2,4", "EUR", 240],
    ["300", "JPY", 300],
    ["0", "USD", 0],
  ])("%s %s is %d", async (price, currency, minor) => {
    const draft = await typed(price, currency);
    expect(draft?.terms).toMatchObject({ price_minor: minor, media: "video", title: "Video call" });
    expect(draft && tariffOf(draft)).toMatchObject({ currency, price_minor: minor, per_ms: 60_000 });
  });

  it.each(["", "two", "2.405", "-1", "1e3"])("%j is no price", async (price) => {
    expect((await typed(price))?.terms ?? null).toBeNull();
  });
});
