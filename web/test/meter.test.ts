import { describe, expect, it } from "vitest";
import { read } from "../src/core/meter";
import { meter, tariff } from "./world";

describe("the meter on the screen", () => {
  it("grows while it runs, by the ledger's formula", () => {
    const now = read(
      meter({ used_ms: 10_000, charge_minor: 40, balance_minor: 460, left_ms: 115_000 }),
      0,
      2_600,
    );
    expect(now).toMatchObject({
      usedMs: 12_600,
      chargeMinor: 50,
      balanceMinor: 450,
      leftMs: 112_400,
    });
  });

  it.each(["waiting", "paused", "reconnecting", "exhausted", "ended"] as const)(
    "stands while %s",
    (state) => {
      const view = meter({ state, used_ms: 10_000, charge_minor: 40, balance_minor: 460, left_ms: 115_000 });
      expect(read(view, 0, 9_999)).toMatchObject({
        usedMs: 10_000,
        chargeMinor: 40,
        balanceMinor: 460,
        leftMs: 115_000,
      });
    },
  );

  it("shows the server's charge until it is certain to be more", () => {
    expect(read(meter({ used_ms: 10_000, charge_minor: 41 }), 0, 100).chargeMinor).toBe(41);
  });

  it("counts free time down and then says that it runs", () => {
    const view = meter({ why: "free", tariff: { ...tariff, free_ms: 60_000 }, used_ms: 50_000 });
    expect(read(view, 0, 4_000)).toMatchObject({ why: "free", freeLeftMs: 6_000, chargeMinor: 0 });
    expect(read(view, 0, 10_250)).toMatchObject({ why: "running", freeLeftMs: 0, chargeMinor: 1 });
  });

  it("does not charge what was given away, and says so until it is used up", () => {
    const view = meter({ why: "gift", used_ms: 10_000, charge_minor: 40, gifted_ms: 0, gift_left_ms: 5_000 });
    expect(read(view, 0, 3_000)).toMatchObject({
      why: "gift",
      giftLeftMs: 2_000,
      chargeMinor: 40,
      usedMs: 13_000,
    });
    expect(read(view, 0, 6_000)).toMatchObject({ why: "running", giftLeftMs: 0, chargeMinor: 44 });
  });

  it("counts the soft landing down in real time", () => {
    const view = meter({ state: "exhausted", why: "funds", soft_left_ms: 60_000, left_ms: 0 });
    expect(read(view, 0, 15_000).softLeftMs).toBe(45_000);
    expect(read(view, 0, 99_000).softLeftMs).toBe(0);
  });

  it("draws a host's earnings by its share, never less than it was told", () => {
    const view = meter({ balance_minor: null, left_ms: null, earned_minor: 0, host_share_bp: 8_000 });
    expect(read(view, 0, 60_000).earnedMinor).toBe(192);
    expect(read({ ...view, earned_minor: 200 }, 0, 60_000).earnedMinor).toBe(200);
    expect(read(view, 0, 60_000).balanceMinor).toBeNull();
  });

  it("never goes back in time nor below zero", () => {
    expect(read(meter({ used_ms: 5_000 }), 1_000, 0).usedMs).toBe(5_000);
    const short = read(meter({ left_ms: 100, balance_minor: 1 }), 0, 60_000);
    expect(short).toMatchObject({ leftMs: 0, balanceMinor: 0 });
  });
});
