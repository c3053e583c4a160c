import { beforeEach, describe, expect, it } from "vitest";
import { Refusal } from "../src/core/api";
import type { LinkHandlers } from "../src/core/link";
import { Presence } from "../src/core/presence";
import type { JoinToken } from "../src/protocol/api";
import type { ClientMessage, IncomingCall, PresenceServerMessage } from "../src/protocol/messages";
import { Crank, settle, tariff } from "./world";

const ring = (id: string): IncomingCall => ({
  id,
  payer_name: "Sam",
  media: "video",
  tariff,
  ring_left_ms: 45_000,
});
const news = (ringing: IncomingCall[], openCall: string | null = null): PresenceServerMessage => ({
  type: "presence",
  v: 1,
  ringing,
  open_call: openCall,
  line: [],
  office: null,
});

let crank: Crank;
let handlers: LinkHandlers<PresenceServerMessage>[];
let sent: ClientMessage[];
let taken: string[];
let ask: () => Promise<JoinToken>;
let presence: Presence;

beforeEach(() => {
  crank = new Crank();
  handlers = [];
  sent = [];
  taken = [];
  ask = () => Promise.resolve({ token: "t", expires_at: "" });
  presence = new Presence(
    {
      api: { presence: () => ask() },
      openLink: (_token, handler) => {
        handlers.push(handler);
        return { send: (message) => sent.push(message), close: () => undefined };
      },
      timers: crank,
      random: () => 0.5,
    },
    () => undefined,
    (message) => taken.push(`${message.call} ${message.token}`),
  );
});

const say = (message: PresenceServerMessage): void => handlers.at(-1)?.message(message);

async function live(...ringing: IncomingCall[]): Promise<void> {
  presence.start();
  await settle();
  say(news(ringing));
}

describe("an expert's presence", () => {
  it("is live from the first message on", async () => {
    presence.start();
    await settle();
    expect(presence.state.phase).toBe("connecting");
    say(news([], "call-7"));
    expect(presence.state).toMatchObject({ phase: "live", openCall: "call-7" });
  });

  it("accepts, and hands the join token on", async () => {
    await live(ring("a"));
    presence.accept("a");
    expect(sent).toEqual([{ type: "accept", call: "a" }]);
    say({ type: "accepted", call: "a", token: "join" });
    expect(taken).toEqual(["a join"]);
    expect(presence.state.ringing).toEqual([]);
  });

  it("declines with a note, and stops ringing at once", async () => {
    await live(ring("a"), ring("b"));
    presence.decline("a", "later");
    expect(sent).toEqual([{ type: "decline", call: "a", note: "later", to_line: false }]);
    expect(presence.state.ringing.map((each) => each.id)).toEqual(["b"]);
  });

  it("says who gave up, until somebody else calls", async () => {
    await live(ring("a"));
    say({ type: "stopped_ringing", call: "a", why: "cancelled" });
    expect(presence.state).toMatchObject({ ringing: [], missed: { name: "Sam", why: "cancelled" } });
    say(news([ring("b")]));
    expect(presence.state.missed).toBeNull();
  });

  it("comes back by itself, and rings no more meanwhile", async () => {
    await live(ring("a"));
    handlers.at(-1)?.lost({ code: "network", message: "" });
    expect(presence.state).toMatchObject({ phase: "lost", ringing: [] });
    await crank.pass(10);
    say(news([]));
    expect(presence.state.phase).toBe("live");
    expect(handlers).toHaveLength(2);
  });

  it("comes back when the server says nothing at all", async () => {
    presence.start();
    await crank.pass(8_100);
    expect(handlers).toHaveLength(2);
  });

  it("keeps trying while the server is away, and stops when the link is refused", async () => {
    ask = () => Promise.reject(new Refusal("network", 0, ""));
    presence.start();
    await crank.pass(60_000);
    expect(presence.state.phase).toBe("lost");
    ask = () => Promise.reject(new Refusal("auth.expired", 401, ""));
    await crank.pass(10_000);
    expect(presence.state).toMatchObject({ phase: "failed", failure: { code: "auth.expired" } });
    expect(crank.pending).toBe(0);
  });

  it("rests while another tab is live, until it is used here", async () => {
    await live();
    say({ type: "superseded" });
    expect(presence.state.phase).toBe("superseded");
    await crank.pass(60_000);
    expect(handlers).toHaveLength(1);
    presence.useHere();
    await settle();
    expect(handlers).toHaveLength(2);
  });
});
