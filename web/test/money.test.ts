import { describe, expect, it } from "vitest";
import { amountOf } from "../src/core/amount";
import { clock, exact, words } from "../src/core/duration";
import { decimal, exponent, money } from "../src/core/money";
import { affordable, billableMs, charge } from "../src/core/tariff";
import type { TariffView } from "../src/protocol/messages";
import { tariff } from "./world";

describe("money", () => {
  it("knows each currency's minor unit", () => {
    expect([exponent("USD"), exponent("JPY"), exponent("KWD")]).toEqual([2, 0, 3]);
  });

  it("is read from what people type, and never guessed", () => {
    expect(["30", "12.5", "12,50", " .05 ", "0"].map((text) => amountOf(text, "USD"))).toEqual([
      3000, 1250, 1250, 5, 0,
    ]);
    expect(["$30", "30 $", "USD 12.5", "12,50USD"].map((text) => amountOf(text, "USD"))).toEqual([
      3000, 3000, 1250, 1250,
    ]);
    expect([
      amountOf("€30", "USD"),
      amountOf("€30", "EUR"),
      amountOf("$$3", "USD"),
      amountOf("$", "USD"),
    ]).toEqual([null, 3000, null, null]);
    expect(["", ".", "1.234", "-3", "1e3", "12345678"].map((text) => amountOf(text, "USD"))).toEqual(
      Array(6).fill(null),
    );
    expect([amountOf("500", "JPY"), amountOf("5.0", "JPY")]).toEqual([500, null]);
  });

  it("is written exactly, whatever the amount", () => {
    expect(decimal(5, 2)).toBe("0.05");
    expect(decimal(-1234, 2)).toBe("-12.34");
    expect(decimal(7, 0)).toBe("7");
    expect(money(240, "USD")).toBe("$2.40");
    expect(money(1234, "JPY")).toBe("¥1,234");
    expect(money(1, "KWD")).toContain("0.001");
  });

  it("loses no cent where a float would", () => {
    expect(money(9_007_199_254_740_991, "USD")).toBe("$90,071,992,547,409.91");
  });
});

describe("durations", () => {
  it("round down, so that nobody is told of time that is not there", () => {
    expect([clock(999), clock(59_999), clock(3_723_999)]).toEqual(["0:00", "0:59", "1:02:03"]);
    expect([words(40_999), words(125_000), words(120_000), words(3_840_000)]).toEqual([
      "40 s",
      "2 min 5 s",
      "2 min",
      "1 h 4 min",
    ]);
  });

  it("are exact on a receipt", () => {
    expect([exact(7_575), exact(60_000), exact(125_123)]).toEqual([
      "7.575 s",
      "1 min 0.000 s",
      "2 min 5.123 s",
    ]);
  });
});

// The same examples as the server's: tests/unit/metering_tariff.
describe("tariff", () => {
  const perMinute: TariffView = { ...tariff, increment_ms: 60_000 };
  const withFree: TariffView = { ...tariff, free_ms: 60_000, minimum_ms: 30_000 };

  it("charges to the millisecond, rounded down", () => {
    expect(charge(tariff, 249)).toBe(0);
    expect(charge(tariff, 250)).toBe(1);
    expect(charge(tariff, 7_575)).toBe(30);
    expect(charge(tariff, 60_000)).toBe(240);
  });

  it("charges each started minute", () => {
    expect(charge(perMinute, 1)).toBe(240);
    expect(charge(perMinute, 60_000)).toBe(240);
    expect(charge(perMinute, 60_001)).toBe(480);
  });

  it("has free time, and a minimum after it", () => {
    expect(billableMs(withFree, 60_000)).toBe(0);
    expect(billableMs(withFree, 60_001)).toBe(30_000);
    expect(billableMs(withFree, 100_000)).toBe(40_000);
  });

  it("never decreases, and funds are spent to the last affordable millisecond and no further", () => {
    for (const each of [tariff, perMinute, withFree, { ...tariff, price_minor: 7, increment_ms: 1000 }]) {
      let before = 0;
      for (let ms = 0; ms < 200_000; ms += 617) {
        const now = charge(each, ms);
        expect(now).toBeGreaterThanOrEqual(before);
        before = now;
      }
      for (const funds of [0, 1, 5, 120, 239, 240, 241, 5000]) {
        const last = affordable(each, funds);
        expect(charge(each, last)).toBeLessThanOrEqual(funds);
        expect(charge(each, last + 1)).toBeGreaterThan(funds);
      }
    }
  });

  it("lasts for ever when nothing is charged", () => {
    expect(affordable({ ...tariff, price_minor: 0 }, 0)).toBe(Number.POSITIVE_INFINITY);
  });
});
