import { describe, expect, it } from "vitest";
import { type CallEvent, type CallState, drawAt, face, initial, reduce } from "../src/core/machine";
import type { CallServerMessage } from "../src/protocol/messages";
import { callView, ended, meter, welcome } from "./world";

const says = (message: CallServerMessage, at = 0): CallEvent => ({ type: "server", message, at });
const played = (...events: CallEvent[]): CallState => events.reduce(reduce, initial("call-1", "payer"));
const inCall = [says(welcome()), { type: "media", media: "up", at: 1 } as const];

describe("the call machine", () => {
  it("goes from joining over ringing and connecting to the call", () => {
    expect(face(initial("call-1", "payer"))).toBe("joining");
    const ringing = played(says(welcome({ call: callView({ state: "ringing" }) })));
    expect(face(ringing)).toBe("ringing");
    const taken = reduce(ringing, says({ type: "room", call: callView(), participants: [] }));
    expect(face(taken)).toBe("connecting");
    expect(face(reduce(taken, { type: "media", media: "up", at: 1 }))).toBe("call");
  });

  it("says that media is blocked when it never came, and reconnecting when it was there", () => {
    expect(face(played(says(welcome()), { type: "media", media: "blocked", at: 1 }))).toBe("blocked");
    expect(face(played(...inCall, { type: "media", media: "lost", at: 2 }))).toBe("reconnecting");
    expect(face(played(...inCall, { type: "link_lost", at: 2 }))).toBe("reconnecting");
  });

  it("stays reconnecting through the new welcome until media is back", () => {
    const lost = played(...inCall, { type: "media", media: "lost", at: 2 }, { type: "link_lost", at: 3 });
    const joined = reduce(lost, says(welcome()));
    expect(face(joined)).toBe("reconnecting");
    expect(face(reduce(joined, { type: "media", media: "up", at: 4 }))).toBe("call");
  });

  it("shows the soft landing while the funds are used up", () => {
    const state = played(
      ...inCall,
      says({ type: "meter", meter: meter({ state: "exhausted", why: "funds" }) }),
    );
    expect(face(state)).toBe("soft_landing");
  });

  it("goes on drawing while one of link and media is there, and stops when both are gone", () => {
    const noLink = played(...inCall, { type: "link_lost", at: 100 });
    expect(drawAt(noLink, 5_000)).toBe(5_000);
    const neither = reduce(noLink, { type: "media", media: "lost", at: 200 });
    expect(drawAt(neither, 5_000)).toBe(200);
    const still = reduce(neither, { type: "retry", attempt: 3 });
    expect(drawAt(still, 5_000)).toBe(200);
    expect(drawAt(reduce(still, says(welcome(), 6_000)), 7_000)).toBe(7_000);
  });

  it("does not stop drawing for lost media while the server can tell", () => {
    expect(drawAt(played(...inCall, { type: "media", media: "lost", at: 200 }), 5_000)).toBe(5_000);
  });

  it("counts attempts until media is up on a live link", () => {
    const trying = played(...inCall, { type: "link_lost", at: 2 }, { type: "retry", attempt: 4 });
    expect(trying.attempt).toBe(4);
    // The old peer going on is no success of the new one.
    expect(reduce(trying, { type: "media", media: "up", at: 3 }).attempt).toBe(4);
    expect(reduce(reduce(trying, says(welcome())), { type: "media", media: "up", at: 4 }).attempt).toBe(0);
  });

  it("hears nothing after the end", () => {
    const over = played(...inCall, says(ended()));
    expect(face(over)).toBe("ended");
    expect(reduce(over, says(welcome()))).toBe(over);
    expect(reduce(over, { type: "link_lost", at: 9 })).toBe(over);
  });

  it("keeps quiet while superseded, but hears that the call ended, and can be taken back", () => {
    const away = played(...inCall, says({ type: "superseded" }));
    expect(face(away)).toBe("superseded");
    expect(reduce(away, says(welcome()))).toBe(away);
    expect(face(reduce(away, says(ended())))).toBe("ended");
    const back = reduce(away, { type: "use_here" });
    expect(face(back)).toBe("reconnecting");
    expect(face(reduce(reduce(back, says(welcome())), { type: "media", media: "up", at: 2 }))).toBe("call");
  });

  it("keeps a refusal as a notice until it was read", () => {
    const state = played(
      ...inCall,
      says({ type: "error", code: "signaling.rate", message: "slow", n: null, id: null }),
    );
    expect(state.notice?.code).toBe("signaling.rate");
    expect(reduce(state, { type: "notice_read" }).notice).toBeNull();
  });
});
