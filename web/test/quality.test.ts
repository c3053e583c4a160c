import { describe, expect, it } from "vitest";
import { verdict } from "../src/core/quality";
import type { QualityLevel, SideQuality } from "../src/protocol/messages";

const side = (level: QualityLevel): SideQuality => ({
  level,
  loss_up_permille: 0,
  loss_down_permille: null,
  rtt_ms: 20,
  jitter_ms: 2,
  up_kbps: 900,
  down_kbps: 900,
});

describe("quality", () => {
  it.each([
    ["good", "good", "payer", "good", "none"],
    ["good", "fair", "payer", "fair", "none"],
    ["weak", "good", "payer", "weak", "mine"],
    ["weak", "good", "host", "weak", "theirs"],
    ["fair", "weak", "host", "weak", "mine"],
    ["weak", "weak", "host", "weak", "both"],
  ] as const)("payer %s and host %s, for the %s: %s, %s", (payer, host, role, level, whose) => {
    const found = verdict({ type: "quality", payer: side(payer), host: side(host) }, role);
    expect([found?.level, found?.whose]).toEqual([level, whose]);
    expect(found?.mine?.level).toBe(role === "payer" ? payer : host);
  });

  it("is nothing while nothing is known, and nothing to guests", () => {
    expect(verdict(null, "payer")).toBeNull();
    expect(verdict({ type: "quality", payer: null, host: null }, "payer")).toBeNull();
    expect(verdict({ type: "quality", payer: side("weak"), host: null }, "guest")).toBeNull();
    expect(verdict({ type: "quality", payer: null, host: side("weak") }, "payer")?.whose).toBe("theirs");
  });
});
