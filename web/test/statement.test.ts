import { describe, expect, it } from "vitest";
import { spanOf } from "../src/core/statement";
import { t } from "../src/strings";

describe("the spans of a statement", () => {
  const day = (text: string) => new Date(`${text}T15:30:00`);

  it.each([
    ["month", "2026-05-31", "2026-05-01", "2026-05-31"],
    ["month", "2026-05-01", "2026-05-01", "2026-05-01"],
    ["before", "2026-05-31", "2026-04-01", "2026-04-30"],
    ["before", "2026-01-15", "2025-12-01", "2025-12-31"],
    ["before", "2028-03-31", "2028-02-01", "2028-02-29"],
    ["year", "2026-05-31", "2026-01-01", "2026-05-31"],
  ] as const)("%s on %s is from %s to %s", (preset, now, start, end) => {
    expect(spanOf(preset, day(now))).toMatchObject({ start, end });
  });

  it("name a time zone", () => {
    expect(spanOf("month").zone).not.toBe("");
  });
});

describe("the words for an entry", () => {
  const kinds = ["top_up", "call", "tip", "call_refund", "refund", "refund_returned", "adjustment"];

  it("are there for every kind, with and without a name", () => {
    for (const kind of [...kinds, "chargeback", "chargeback_returned", "withdrawal"]) {
      for (const note of ["", "Ada"]) expect(t.account.statement.kinds(kind, note)).not.toMatch(/_|^$/);
    }
    expect(t.account.statement.kinds("call", "Ada")).toBe("Call with Ada");
    expect(t.account.statement.kinds("unheard of", "")).toBe("unheard of");
  });
});
