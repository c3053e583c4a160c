// @vitest-environment happy-dom

import { afterEach, describe, expect, it } from "vitest";
import { type Api, Refusal, UNREACHABLE } from "../src/core/api";
import { type CallState, initial, reduce } from "../src/core/machine";
import "../src/elements/chat-file";
import "../src/elements/ended";
import type { MeterBadge } from "../src/elements/meter-badge";
import "../src/elements/meter-badge";
import { initials } from "../src/elements/video-tile";
import type { EndReason, MeterView, Role } from "../src/protocol/messages";
import { t } from "../src/strings";
import { ended, meter, welcome } from "./world";

afterEach(() => document.body.replaceChildren());

async function badge(view: MeterView, role: Role = "payer"): Promise<MeterBadge> {
  const message = welcome({ meter: view, role });
  const state: CallState = reduce(initial("call-1", role), {
    type: "server",
    message,
    at: performance.now(),
  });
  const made = document.createElement("tt-meter-badge");
  made.call = state;
  document.body.append(made);
  await made.updateComplete;
  return made;
}

const text = (element: MeterBadge, testId: string): string =>
  element.renderRoot.querySelector(`[data-testid="${testId}"]`)?.textContent?.trim() ?? "";

describe("the meter badge", () => {
  it("shows the payer the cost and how long the money lasts", async () => {
    const made = await badge(meter({ used_ms: 60_000, charge_minor: 240, left_ms: 130_900 }));
    expect(text(made, "meter-cost")).toBe("$2.40");
    expect(text(made, "meter-why")).toBe("2:10 left");
  });

  it("shows the host the earnings instead of the cost", async () => {
    const made = await badge(
      meter({ state: "paused", why: "payer_lost", balance_minor: null, left_ms: null, earned_minor: 192 }),
      "host",
    );
    expect(text(made, "meter-earned")).toBe("$1.92");
    expect(text(made, "meter-why")).toBe("Paused · Sam is reconnecting");
    expect(made.renderRoot.querySelector('[data-testid="meter-cost"]')).toBeNull();
  });

  it("tells screen readers of states, never of ticking figures", async () => {
    const made = await badge(meter({ left_ms: 60_000 }));
    const spoken = made.renderRoot.querySelector('[role="status"]')?.textContent ?? "";
    expect(spoken).toBe("The meter is running.");
    expect(spoken).not.toMatch(/\d/);
  });
});

describe("a file in the chat", () => {
  async function fileWhere(refusal: Refusal): Promise<Element | null | undefined> {
    const made = document.createElement("tt-chat-file");
    made.api = { file: () => Promise.reject(refusal) } as unknown as Api;
    made.file = { id: "f", name: "a.png", kind: "image/png", size: 9, width: 1, height: 1 };
    document.body.append(made);
    await new Promise((done) => setTimeout(done, 0));
    await made.updateComplete;
    return made.renderRoot.querySelector("[data-testid]");
  }
  const shown = async (refusal: Refusal): Promise<string | null | undefined> =>
    (await fileWhere(refusal))?.getAttribute("data-testid");

  it("is gone only when the server says so", async () => {
    expect(await shown(new Refusal("file.unknown", 404, ""))).toBe("file-gone");
    expect(await shown(new Refusal(UNREACHABLE, 0, ""))).toBe("chat-file");
  });
});

describe("initials", () => {
  it("are the first and the last name's", () => {
    expect([initials("Ada"), initials("Ada King Lovelace"), initials("  "), initials("élan vital")]).toEqual([
      "A",
      "AL",
      "",
      "ÉV",
    ]);
  });
});

describe("the end of a call", () => {
  it("offers no other call to a guest, whose link was for this one", async () => {
    const offered = async (role: Role): Promise<boolean> => {
      const page = document.createElement("tt-ended");
      const over = { type: "server", message: ended(), at: 0 } as const;
      page.call = reduce(reduce(initial("call-1", role), { ...over, message: welcome({ role }) }), over);
      document.body.append(page);
      await page.updateComplete;
      expect(page.renderRoot.querySelector("h1")).not.toBeNull();
      return page.renderRoot.querySelector('[data-testid="call-again"]') !== null;
    };
    expect(await Promise.all([offered("payer"), offered("host"), offered("guest")])).toEqual([
      true,
      true,
      false,
    ]);
  });

  it("tells nobody but the payer what they paid", () => {
    for (const reason of Object.keys(t.ended.titles) as EndReason[]) {
      for (const side of ["host", "guest"] as const) {
        expect(t.ended.reason(reason, side, "Sam", "Ada")).not.toMatch(/you (pay|paid)|your balance/i);
      }
      expect(t.ended.reason(reason, "payer", "Sam", "Ada"), "the title is not said twice").not.toContain(
        `${t.ended.titles[reason]}.`,
      );
    }
  });
});
