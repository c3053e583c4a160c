/** The core of a console: pages of a list, columns of a chart, days, queries. */

// @vitest-environment happy-dom

import { afterEach, describe, expect, it, vi } from "vitest";
import { Api, Refusal } from "../src/core/api";
import { axisOf, columnsOf } from "../src/core/columns";
import { dayOf, lastDays, ownZone, shortDay } from "../src/core/days";
import { Desk, query } from "../src/core/desk";
import { type Page, Paged } from "../src/core/paged";
import type { ClientCard, DayEarnings, Earnings } from "../src/protocol/api";
import "../src/elements/client-note";
import "../src/elements/desk-earnings";
import { settle } from "./world";

afterEach(() => document.body.replaceChildren());

describe("a list in pages", () => {
  function list() {
    const asked: { cursor: number | null; answer: (page: Page<string, number> | Error) => void }[] = [];
    const paged = new Paged<string, number>(
      (cursor) =>
        new Promise((done, failed) => {
          asked.push({
            cursor,
            answer: (page) => (page instanceof Error ? failed(page) : done(page)),
          });
        }),
      () => undefined,
    );
    return { asked, paged };
  }

  it("adds one page to the other, and asks for each once", async () => {
    const { asked, paged } = list();
    void paged.restart();
    expect([paged.items, paged.loading]).toEqual([null, true]);
    asked[0]?.answer({ items: ["a", "b"], next: 7 });
    await settle();
    expect([paged.items, paged.hasMore]).toEqual([["a", "b"], true]);
    void paged.more();
    void paged.more();
    expect(asked.map((each) => each.cursor)).toEqual([null, 7]);
    asked[1]?.answer({ items: ["c"], next: null });
    await settle();
    expect([paged.items, paged.hasMore, paged.loading]).toEqual([["a", "b", "c"], false, false]);
    await paged.more();
    expect(asked).toHaveLength(2);
  });

  it("forgets what answers after a newer question", async () => {
    const { asked, paged } = list();
    void paged.restart();
    void paged.restart();
    asked[1]?.answer({ items: ["new"], next: null });
    await settle();
    asked[0]?.answer({ items: ["old"], next: 3 });
    await settle();
    expect([paged.items, paged.hasMore]).toEqual([["new"], false]);
  });

  it("keeps what it has when the next page does not come, and can ask again", async () => {
    const { asked, paged } = list();
    void paged.restart();
    asked[0]?.answer({ items: ["a"], next: 1 });
    await settle();
    void paged.more();
    asked[1]?.answer(new Refusal("server.unavailable", 503, ""));
    await settle();
    expect([paged.items, paged.problem, paged.hasMore]).toEqual([["a"], "server.unavailable", true]);
    void paged.more();
    asked[2]?.answer({ items: ["b"], next: null });
    await settle();
    expect([paged.items, paged.problem]).toEqual([["a", "b"], ""]);
  });
});

const day = (at: number, minor: number): DayEarnings => ({
  day: new Date(Date.UTC(2026, 0, 1 + at)).toISOString().slice(0, 10),
  earned_minor: minor,
  calls: minor === 0 ? 0 : 1,
  used_ms: minor * 10,
});

describe("the columns of a chart", () => {
  it.each([1, 7, 30, 53, 54, 90, 365, 366, 1100])("are few, and add up: %d days", (count) => {
    const days = Array.from({ length: count }, (_, at) => day(at, (at * 7919) % 10_007));
    const columns = columnsOf(days);
    expect(columns.length).toBeLessThanOrEqual(53);
    expect(columns.reduce((sum, each) => sum + each.minor, 0)).toBe(
      days.reduce((sum, each) => sum + each.earned_minor, 0),
    );
    expect(columns[0]?.first).toBe(days[0]?.day);
    expect(columns.at(-1)?.last).toBe(days.at(-1)?.day);
    for (const [at, each] of columns.entries()) {
      const next = columns[at + 1];
      if (next) expect(Date.parse(next.first) - Date.parse(each.last)).toBe(86_400_000);
    }
  });

  it.each([
    [[0, 0], 10, 0],
    [[11, 3], 20, 0],
    [[1_000, 999], 1_000, 0],
    [[1_001], 2_000, 0],
    [[120, -30], 200, -50],
    [[-5], 10, -10],
  ])("%j stand between round amounts", (amounts, top, bottom) => {
    const columns = columnsOf(amounts.map((minor, at) => day(at, minor)));
    expect(axisOf(columns)).toEqual({ top, bottom });
  });
});

describe("days", () => {
  it("are those of this browser's clock", () => {
    const now = new Date(2026, 2, 1, 0, 5);
    expect(lastDays(1, now)).toEqual({ start: "2026-03-01", end: "2026-03-01", zone: ownZone() });
    expect(lastDays(30, now).start).toBe("2026-01-31");
    expect(dayOf(new Date(2026, 11, 31, 23, 59))).toBe("2026-12-31");
  });

  it("are short, and say the year only when it is another one", () => {
    const now = new Date(2026, 5, 1);
    expect(shortDay("2026-05-31", now)).toBe("May 31");
    expect(shortDay("2025-05-31", now)).toContain("2025");
    expect(shortDay("nonsense", now)).toBe("nonsense");
  });
});

it("a query leaves out what is empty and escapes the rest", () => {
  expect(query({ words: "a&b ü", before: null, zone: "" })).toBe("words=a%26b+%C3%BC");
  expect(query({ before: 0 })).toBe("before=0");
});

function desk(answers: Record<string, object | string>): { desk: Desk; asked: string[] } {
  const asked: string[] = [];
  const api = new Api(null, (path, init) => {
    asked.push(`${init.method} ${path} ${typeof init.body === "string" ? init.body : ""}`.trim());
    const found = answers[`${init.method} ${path.replace("/api/v1", "").replace(/\?.*/, "")}`];
    if (typeof found === "object") return Promise.resolve(new Response(JSON.stringify(found)));
    return Promise.resolve(new Response(JSON.stringify({ code: found }), { status: 503 }));
  });
  return { desk: new Desk(api), asked };
}

const text = (element: HTMLElement): string =>
  (element.shadowRoot?.textContent ?? "").replaceAll(/\s+/g, " ").trim();

describe("earnings", () => {
  const earnings: Earnings = {
    currency: "USD",
    zone: "UTC",
    start: "2026-01-01",
    end: "2026-01-03",
    total_minor: 470,
    calls: 3,
    used_ms: 180_000,
    days: [day(0, 500), day(1, 0), day(2, -30)],
    offers: [
      { title: "<b>Proofs</b>", earned_minor: 500, calls: 2, used_ms: 170_000 },
      { title: "", earned_minor: -30, calls: 1, used_ms: 10_000 },
    ],
    today: "2026-01-03",
  };
  async function shown(answer: object | string) {
    const made = document.createElement("tt-desk-earnings");
    made.desk = desk({ "GET /console/earnings": answer }).desk;
    document.body.append(made);
    await vi.waitFor(() => expect(text(made)).toMatch(/Time talked|Try again/));
    return made;
  }

  it("are the same in the sum, by day, by offer, and in the chart", async () => {
    const made = await shown(earnings);
    const sums = [...(made.shadowRoot?.querySelectorAll('[data-testid="table-sum"]') ?? [])];
    expect(sums.map((each) => each.getAttribute("data-minor"))).toEqual(["470", "470"]);
    expect(made.shadowRoot?.querySelector('[data-testid="sum-earned"]')?.textContent).toBe("$4.70");
    expect(text(made)).toContain("<b>Proofs</b>");
    const chart = made.shadowRoot?.querySelector("tt-earnings-chart");
    await chart?.updateComplete;
    const columns = [...(chart?.shadowRoot?.querySelectorAll('[data-testid="column"]') ?? [])];
    expect(columns.map((each) => Number(each.getAttribute("data-minor")))).toEqual([500, 0, -30]);
    expect(chart?.shadowRoot?.querySelector("svg")?.getAttribute("aria-label")).toContain("$4.70");
  });

  it("say that there are none", async () => {
    const made = await shown({ ...earnings, total_minor: 0, days: [day(0, 0)], offers: [] });
    expect(text(made)).toContain("Nothing earned in these days");
    expect(made.shadowRoot?.querySelector("tt-earnings-chart")).toBeNull();
  });

  it("say that they could not be fetched", async () => {
    expect(text(await shown("server.unavailable"))).toContain("could not be fetched");
  });
});

describe("a private note", () => {
  const client: ClientCard = {
    id: "sam/1",
    name: "Sam",
    calls: 1,
    used_ms: 1000,
    earned_minor: 10,
    currency: "USD",
    last_at: "2026-01-01T00:00:00.000Z",
    note: "",
    blocked_since: "",
  };
  async function write(answer: object | string, words: string) {
    const { desk: given, asked } = desk({ "POST /console/clients/sam%2F1/note": answer });
    const made = document.createElement("tt-client-note");
    [made.desk, made.client] = [given, client];
    document.body.append(made);
    await made.updateComplete;
    const noted: string[] = [];
    made.addEventListener("tt-noted", (event) => noted.push((event as CustomEvent<ClientCard>).detail.note));
    made.shadowRoot?.querySelector<HTMLElement>('[data-testid="write-note"]')?.click();
    await made.updateComplete;
    const field = made.shadowRoot?.querySelector("textarea");
    if (field) field.value = words;
    made.shadowRoot?.querySelector("form")?.dispatchEvent(new Event("submit", { cancelable: true }));
    await settle();
    await new Promise((done) => setTimeout(done));
    await made.updateComplete;
    return { made, asked, noted };
  }

  it("is kept, and shown as text", async () => {
    const note = "<i>late</i>";
    const { made, asked, noted } = await write({ ...client, note }, note);
    expect(asked).toEqual([`POST /api/v1/console/clients/sam%2F1/note ${JSON.stringify({ text: note })}`]);
    expect(noted).toEqual([note]);
    expect(made.shadowRoot?.querySelector('[data-testid="client-note"]')?.textContent).toBe(note);
  });

  it("is not lost when it cannot be kept", async () => {
    const { made, noted } = await write("server.unavailable", "a long thought");
    expect(noted).toEqual([]);
    expect(made.shadowRoot?.querySelector("textarea")?.value).toBe("a long thought");
    expect(text(made)).toContain("That did not work");
  });
});
