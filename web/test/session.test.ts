import { beforeEach, describe, expect, it, vi } from "vitest";
import { Refusal } from "../src/core/api";
import { face } from "../src/core/machine";
import { CallSession } from "../src/core/session";
import { callView, ended, meter, participant, settle, track, World, welcome } from "./world";

class FakeStream {
  getTracks(): never[] {
    return [];
  }
}

let world: World;
let session: CallSession;

beforeEach(() => {
  vi.stubGlobal("MediaStream", FakeStream);
  world = new World();
  session = new CallSession("call-1", "payer", true, world.parts);
});

async function begin(): Promise<void> {
  session.start();
  await settle();
  await world.say(welcome());
  await world.answer();
  world.connection.up();
}

describe("the way in", () => {
  it("takes a join token, and offers at once with everything already subscribed", async () => {
    session.publish("mic", track("audio"));
    session.publish("camera", track("video"));
    session.start();
    await settle();
    expect(world.link.token).toBe("token-1");
    expect(world.link.sent).toEqual([]);
    await world.say(welcome());
    const [offer] = world.link.of("offer");
    expect(offer?.publish.map((each) => each.source)).toEqual(["mic", "camera"]);
    expect(offer?.subscribe.map((each) => each.track)).toEqual(["ada.mic", "ada.camera"]);
    expect(
      new Set([...(offer?.publish ?? []), ...(offer?.subscribe ?? [])].map((each) => each.mid)).size,
    ).toBe(4);
    await world.answer();
    expect(world.link.of("offer")).toHaveLength(1);
    world.connection.up();
    expect(face(session.state)).toBe("call");
  });

  it("uses a join token that was given", async () => {
    session.start("given");
    await settle();
    expect(world.joins).toBe(0);
    expect(world.link.token).toBe("given");
  });

  it("has no line for pictures in a voice call, even when it learns that late", async () => {
    session.start();
    await settle();
    await world.say(welcome({ call: callView({ media: "voice" }) }));
    const [offer] = world.link.of("offer");
    expect(offer?.sdp).not.toContain("video");
    expect(offer?.subscribe.map((each) => each.track)).toEqual(["ada.mic"]);
  });

  it("says that media seems blocked after eight seconds without any", async () => {
    session.start();
    await settle();
    await world.say(welcome());
    await world.answer();
    await world.crank.pass(7_900);
    expect(face(session.state)).toBe("connecting");
    await world.crank.pass(200);
    expect(face(session.state)).toBe("blocked");
    world.connection.up();
    expect(face(session.state)).toBe("call");
  });

  it("fails for good when the call is not this person's", async () => {
    world.join = () => Promise.reject(new Refusal("call.not_yours", 403, "no"));
    session.start();
    await settle();
    expect(session.state).toMatchObject({ phase: "failed", failure: { code: "call.not_yours" } });
    await world.crank.pass(60_000);
    expect(world.joins).toBe(1);
  });
});

describe("offers", () => {
  it("are never two in flight: what changes meanwhile goes into the next one", async () => {
    session.start();
    await settle();
    await world.say(welcome());
    session.publish("screen", track("video"));
    await world.say({
      type: "room",
      call: callView(),
      participants: [participant("sam"), participant("ada"), participant("kim", { role: "guest" })],
    });
    expect(world.link.of("offer")).toHaveLength(1);
    await world.answer();
    const offers = world.link.of("offer");
    expect(offers).toHaveLength(2);
    expect(offers[1]?.publish.map((each) => each.source)).toContain("screen");
    expect(offers[1]?.subscribe.map((each) => each.track)).toEqual([
      "ada.mic",
      "ada.camera",
      "kim.mic",
      "kim.camera",
    ]);
    await world.answer();
    expect(world.link.of("offer")).toHaveLength(2);
  });

  it("need none to mute, to unmute, or to switch a camera", async () => {
    await begin();
    session.publish("camera", null);
    session.publish("camera", track("video"));
    session.announce({ mic: false, camera: true, screen: false });
    await settle();
    expect(world.link.of("offer")).toHaveLength(1);
    expect(world.link.of("state").at(-1)).toMatchObject({ mic: false, camera: true });
  });

  it("take a screen back, and share again on the same line", async () => {
    await begin();
    session.publish("screen", track("video"));
    await settle();
    await world.answer();
    session.publish("screen", null);
    await settle();
    expect(
      world.link
        .of("offer")
        .at(-1)
        ?.publish.map((each) => each.source),
    ).not.toContain("screen");
    await world.answer();
    const lines = world.connection.transceivers.length;
    session.publish("screen", track("video"));
    await settle();
    expect(
      world.link
        .of("offer")
        .at(-1)
        ?.publish.map((each) => each.source),
    ).toContain("screen");
    expect(world.connection.transceivers).toHaveLength(lines);
  });

  it("give a line that a guest has left to the next one", async () => {
    await begin();
    const room = (...ids: string[]) =>
      world.say({ type: "room", call: callView(), participants: ids.map((id) => participant(id)) });
    await room("sam", "ada", "kim");
    await world.answer();
    const lines = world.connection.transceivers.length;
    await room("sam", "ada");
    await world.answer();
    await room("sam", "ada", "eve");
    await world.answer();
    expect(world.connection.transceivers).toHaveLength(lines);
    const offer = world.link.of("offer").at(-1);
    expect(offer?.subscribe.map((each) => each.track)).toEqual([
      "ada.mic",
      "ada.camera",
      "eve.mic",
      "eve.camera",
    ]);
  });

  it("that are not answered, or refused, lead to a new beginning", async () => {
    session.start();
    await settle();
    await world.say(welcome());
    await world.crank.pass(10_100);
    expect(world.links).toHaveLength(2);
    await world.say(welcome());
    const n = world.link.of("offer")[0]?.n ?? 0;
    await world.say({ type: "error", code: "media.bad_sdp", message: "", n, id: null });
    await world.crank.pass(5_000);
    expect(world.links).toHaveLength(3);
    expect(n).toBeGreaterThan(1);
  });
});

describe("the way back", () => {
  it("is a fresh token, a new socket and a new peer, while the old peer plays on", async () => {
    await begin();
    const first = world.connection;
    world.link.handlers.lost({ code: "network", message: "" });
    await world.crank.pass(1);
    expect(world.link.token).toBe("token-2");
    expect(session.connection).toBe(first);
    await world.say(welcome());
    expect(session.connection).toBe(first);
    await world.answer();
    world.connection.up();
    expect(session.connection).toBe(world.connection);
    expect(first.connectionState).toBe("closed");
    expect(face(session.state)).toBe("call");
  });

  it("notices within three seconds, without the server, that nothing is heard any more", async () => {
    await begin();
    const playing = world.connection;
    world.join = () => Promise.reject(new Refusal("network", 0, ""));
    world.link.handlers.lost({ code: "network", message: "" });
    for (let second = 0; second < 10; second++) {
      playing.heard++;
      await world.crank.pass(1_000);
    }
    expect(session.state).toMatchObject({ media: "up", stoppedAt: null });
    const last = world.crank.at;
    await world.crank.pass(3_000);
    expect(session.state.media).toBe("lost");
    expect(session.state.stoppedAt).toBeLessThanOrEqual(last + 3_000);
  });

  it("waits four seconds for a broken path to heal", async () => {
    await begin();
    world.connection.become("disconnected", "disconnected");
    expect(face(session.state)).toBe("reconnecting");
    await world.crank.pass(3_900);
    world.connection.up();
    await world.crank.pass(10_000);
    expect(face(session.state)).toBe("call");
    expect(world.links).toHaveLength(1);
    world.connection.become("disconnected", "disconnected");
    await world.crank.pass(4_100);
    expect(world.links).toHaveLength(2);
    expect(world.links[0]?.closed).toBe(true);
  });

  it("does not wait when the peer has failed", async () => {
    await begin();
    world.connection.become("failed", "failed");
    await world.crank.pass(1);
    expect(world.links).toHaveLength(2);
  });

  it("backs off up to about five seconds, and never gives up", async () => {
    await begin();
    world.join = () => Promise.reject(new Refusal("network", 0, ""));
    world.link.handlers.lost({ code: "network", message: "" });
    await world.crank.pass(1_000);
    const early = world.joins;
    expect(early).toBeGreaterThanOrEqual(3);
    await world.crank.pass(60_000);
    expect(world.joins - early).toBeLessThan(20);
    const late = world.joins;
    await world.crank.pass(600_000);
    expect(world.joins - late).toBeGreaterThan(80);
    expect(face(session.state)).toBe("reconnecting");
  });

  it("is tried at once when the network is back", async () => {
    await begin();
    world.join = () => Promise.reject(new Refusal("network", 0, ""));
    world.link.handlers.lost({ code: "network", message: "" });
    await world.crank.pass(30_000);
    const before = world.joins;
    session.retryNow();
    await world.crank.pass(1);
    expect(world.joins).toBe(before + 1);
  });

  it("ends with the settled call when the server was restarted meanwhile", async () => {
    await begin();
    world.join = () => Promise.reject(new Refusal("call.ended", 409, ""));
    world.call = () =>
      Promise.resolve({
        call: callView({ state: "ended", end_reason: "recovered" }),
        used_ms: 7_000,
        charge_minor: 28,
      });
    world.link.handlers.lost({ code: "network", message: "" });
    await world.crank.pass(1);
    expect(session.state.ended).toMatchObject({
      reason: "recovered",
      charge_minor: 28,
      receipt: "/receipt/call-1",
    });
    expect(world.crank.pending).toBe(0);
  });

  it("keeps trying while the restarted server has not settled yet", async () => {
    await begin();
    world.join = () => Promise.reject(new Refusal("call.ended", 409, ""));
    world.link.handlers.lost({ code: "network", message: "" });
    await world.crank.pass(3_000);
    expect(face(session.state)).toBe("reconnecting");
    world.call = () => Promise.resolve({ call: callView({ state: "ended" }), used_ms: 0, charge_minor: 0 });
    await world.crank.pass(10_000);
    expect(session.state.phase).toBe("ended");
  });

  it("publishes everything again, the shared screen too", async () => {
    session.publish("mic", track("audio"));
    session.publish("camera", track("video"));
    await begin();
    session.publish("screen", track("video"));
    await settle();
    await world.answer();
    world.link.handlers.lost({ code: "network", message: "" });
    await world.crank.pass(1);
    await world.say(welcome());
    const offer = world.link.of("offer").at(-1);
    expect(offer?.publish.map((each) => each.source)).toEqual(["mic", "camera", "screen"]);
  });
});

describe("the end", () => {
  it("says so first on hanging up, stops media in a moment, and waits for the server's word", async () => {
    await begin();
    const connection = world.connection;
    session.leave();
    expect(world.link.of("leave")).toHaveLength(1);
    expect(connection.connectionState).not.toBe("closed");
    await world.crank.pass(200);
    expect(connection.connectionState).toBe("closed");
    expect(session.state.phase).toBe("room");
    await world.say(ended({ reason: "payer_left" }));
    expect(session.state.ended?.reason).toBe("payer_left");
    expect(world.link.closed).toBe(true);
    expect(world.crank.pending).toBe(0);
  });

  it("asks the call itself when no word comes", async () => {
    await begin();
    session.leave();
    world.call = () =>
      Promise.resolve({
        call: callView({ state: "ended", end_reason: "payer_left" }),
        used_ms: 1,
        charge_minor: 0,
      });
    await world.crank.pass(3_100);
    expect(session.state.ended?.reason).toBe("payer_left");
  });

  it("says again what was decided without a link, and what nobody confirmed, until it is so", async () => {
    await begin();
    session.cap(3_000);
    expect(world.link.of("cap")).toHaveLength(1);
    // The word is lost with the link; the next one has none to go on.
    world.link.handlers.lost({ code: "network", message: "" });
    session.pause("The door");
    session.give(60_000);
    await world.crank.pass(1);
    await world.say(welcome());
    expect(world.link.of("cap").map((each) => each.cap_minor)).toEqual([3_000]);
    expect(world.link.of("pause").map((each) => each.note)).toEqual(["The door"]);
    expect(world.link.of("gift")).toHaveLength(1);
    await world.say({
      type: "meter",
      meter: meter({ state: "paused", why: "payer_paused", cap_minor: 3_000 }),
    });
    world.link.handlers.lost({ code: "network", message: "" });
    await world.crank.pass(10_000);
    await world.say(welcome());
    for (const type of ["cap", "pause", "gift"] as const) expect(world.link.of(type)).toHaveLength(0);
  });

  it("does not insist on what was refused, nor on what was taken back", async () => {
    await begin();
    session.cap(1);
    await world.say({ type: "error", code: "cap.too_low", message: "", n: null, id: null });
    session.pause();
    session.resume();
    world.link.handlers.lost({ code: "network", message: "" });
    await world.crank.pass(1);
    await world.say(welcome());
    expect(world.link.of("cap")).toHaveLength(0);
    expect(world.link.of("pause")).toHaveLength(0);
  });

  it("comes back to say goodbye when the link was lost", async () => {
    await begin();
    world.link.handlers.lost({ code: "network", message: "" });
    session.leave();
    await world.crank.pass(1);
    await world.say(welcome());
    expect(world.link.of("leave")).toHaveLength(1);
    expect(world.link.of("offer")).toHaveLength(0);
  });

  it("is at once for guests, for the call goes on without them", async () => {
    session = new CallSession("call-1", "guest", true, world.parts);
    session.start();
    await settle();
    await world.say(welcome({ role: "guest", you: "kim" }));
    session.leave();
    expect(session.state.phase).toBe("left");
    expect(world.link.of("leave")).toHaveLength(1);
  });

  it("closes everything without leaving when the page goes", async () => {
    await begin();
    session.suspend();
    expect(world.connection.connectionState).toBe("closed");
    expect(world.link.closed).toBe(true);
    expect(world.link.of("leave")).toHaveLength(0);
    await world.crank.pass(60_000);
    expect(world.links).toHaveLength(1);
  });
});

describe("another tab", () => {
  it("takes over for good, until this one is used again", async () => {
    await begin();
    await world.say({ type: "superseded" });
    expect(session.state.phase).toBe("superseded");
    expect(world.connections.every((each) => each.connectionState === "closed")).toBe(true);
    await world.crank.pass(60_000);
    expect(world.links).toHaveLength(1);
    session.useHere();
    await settle();
    await world.say(welcome());
    await world.answer();
    world.connection.up();
    expect(face(session.state)).toBe("call");
  });
});
