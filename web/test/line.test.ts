/** A caller's stay in a line: told of every change, fetched when it is their turn, and never charged for absence. */

// @vitest-environment happy-dom

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Api } from "../src/core/api";
import { Refusal } from "../src/core/api";
import type { LinkHandlers } from "../src/core/link";
import { soon } from "../src/core/moment";
import { Waiting } from "../src/core/waiting";
import { added, minuteOf, onWorkdays, replaced, textOf } from "../src/core/week";
import { LineVisit } from "../src/pages/line-visit";
import type { LinePlace } from "../src/protocol/api";
import type { LineServerMessage, PlaceView } from "../src/protocol/messages";
import { Crank, settle, tariff } from "./world";

const waiting: PlaceView = {
  id: "place-1",
  host_name: "Ada",
  host_slug: "ada",
  media: "voice",
  wish: "",
  tariff,
  state: "waiting",
  position: 2,
  wait_ms: 240_000,
  host: "busy",
  back_at: "",
  call: "",
  reserved_left_ms: 0,
  why: null,
  asleep: false,
};
const called: PlaceView = { ...waiting, state: "called", position: 1, call: "c1", reserved_left_ms: 120_000 };
const ended = (why: NonNullable<PlaceView["why"]>): PlaceView => ({ ...waiting, state: "ended", why });

/** The server's side of one place: connections that are opened, and what HTTP answers. */
class Server {
  readonly crank = new Crank();
  readonly links: LinkHandlers<LineServerMessage>[] = [];
  place: PlaceView | Refusal = waiting;
  refuses: Refusal | null = null;
  readonly parts = {
    api: {
      connectLine: () =>
        this.refuses ? Promise.reject(this.refuses) : Promise.resolve({ token: "t", expires_at: "" }),
      place: () => this.#place(),
      leaveLine: () => Promise.resolve({ place: ended("left") }),
    },
    openLink: (_token: string, handlers: LinkHandlers<LineServerMessage>) => {
      this.links.push(handlers);
      return { send: () => undefined, close: () => undefined };
    },
    timers: this.crank,
    random: () => 0.5,
  };

  say(place: PlaceView): void {
    this.links.at(-1)?.message({ type: "place", v: 1, place });
  }

  #place(): Promise<LinePlace> {
    return this.place instanceof Refusal
      ? Promise.reject(this.place)
      : Promise.resolve({ place: this.place });
  }
}

describe("a place in line", () => {
  let server: Server;
  let place: Waiting;

  beforeEach(async () => {
    server = new Server();
    place = new Waiting(server.parts, waiting, () => undefined);
    place.start();
    await settle();
  });

  it("is what the server said last", () => {
    server.say({ ...waiting, position: 1 });
    expect([place.state.phase, place.state.place.position]).toEqual(["live", 1]);
    server.say(ended("declined"));
    expect([place.state.phase, place.state.place.why]).toEqual(["ended", "declined"]);
  });

  it("is kept through a lost connection and a server that starts anew", async () => {
    server.say(waiting);
    server.links.at(-1)?.lost({ code: "network", message: "" });
    expect(place.state.phase).toBe("lost");
    server.refuses = new Refusal("server.stopping", 503, "");
    await server.crank.pass(60_000);
    expect(place.state.phase).toBe("lost");
    server.refuses = null;
    await server.crank.pass(60_000);
    server.say({ ...waiting, position: 1 });
    expect([place.state.phase, place.state.place.position]).toEqual(["live", 1]);
  });

  it.each([
    ["served", ended("served"), "served"],
    ["not known any more", new Refusal("line.unknown", 404, ""), "expired"],
  ] as const)("that ended while one was away (%s) says so", async (_, answer, why) => {
    server.refuses = new Refusal("line.ended", 409, "");
    server.place = answer;
    server.links.at(-1)?.lost({ code: "network", message: "" });
    await server.crank.pass(60_000);
    expect([place.state.phase, place.state.place.why]).toEqual(["ended", why]);
  });

  it("whose login was ended says so, and asks no more", async () => {
    server.refuses = server.place = new Refusal("auth.expired", 401, "");
    server.links.at(-1)?.lost({ code: "network", message: "" });
    await server.crank.pass(60_000);
    expect([place.state.phase, place.state.code]).toEqual(["refused", "auth.expired"]);
    server.refuses = null;
    const links = server.links.length;
    await server.crank.pass(600_000);
    expect(server.links.length).toBe(links);
  });

  it("is left over HTTP", async () => {
    await place.leave();
    expect([place.state.phase, place.state.place.why]).toEqual(["ended", "left"]);
  });
});

describe("a turn", () => {
  let server: Server;
  let visit: LineVisit;
  let begun: string[];
  let shown: string[];
  let now: number;

  beforeEach(async () => {
    [server, begun, shown, now] = [new Server(), [], [], 1_000];
    vi.spyOn(performance, "now").mockImplementation(() => now);
    vi.stubGlobal(
      "Notification",
      class {
        static permission = "granted";
        constructor(title: string) {
          shown.push(title);
        }
        close(): void {}
      },
    );
    vi.stubGlobal("AudioContext", undefined);
    document.title = "Ada";
    const handlers = {
      changed: () => undefined,
      begin: (place: PlaceView) => begun.push(place.call),
      refused: (code: string) => shown.push(code),
    };
    visit = new LineVisit(handlers, () => server.parts);
    visit.enter({} as Api, waiting);
    await settle();
    server.say(waiting);
  });

  afterEach(() => {
    visit.stop();
    vi.restoreAllMocks();
    vi.unstubAllGlobals();
  });

  const hide = (hidden: boolean): void => {
    vi.spyOn(document, "visibilityState", "get").mockReturnValue(hidden ? "hidden" : "visible");
  };

  it("begins by itself, once, for whoever sits before the page", () => {
    server.say(called);
    server.say({ ...called, reserved_left_ms: 100_000 });
    expect(begun).toEqual(["c1"]);
    server.say(waiting);
    server.say({ ...called, call: "c2" });
    expect(begun).toEqual(["c1", "c2"]);
    expect(shown).toEqual([]);
  });

  it("rings for an empty chair, and begins with a click", () => {
    now += 10 * 60_000;
    server.say(called);
    expect(begun).toEqual([]);
    expect(document.title).toContain("Your turn");
    visit.begin();
    expect(begun).toEqual(["c1"]);
    expect(document.title).toBe("Ada");
  });

  it("wakes its place, once, when somebody is there again after a turn that passed", async () => {
    server.say({ ...waiting, asleep: true });
    expect(server.links).toHaveLength(1);
    for (let move = 0; move < 3; move++) dispatchEvent(new Event("pointermove"));
    await settle();
    expect(server.links).toHaveLength(2);
    server.say(waiting);
    dispatchEvent(new Event("pointermove"));
    await settle();
    expect(server.links).toHaveLength(2);
  });

  it("notifies whoever is in another tab, and begins when they are back", () => {
    hide(true);
    server.say(called);
    expect(begun).toEqual([]);
    expect(shown).toEqual(["It is your turn: Ada is free"]);
    now += 90_000;
    hide(false);
    visit.back();
    expect(begun).toEqual(["c1"]);
  });

  it("never comes for a login that was ended, which is said once", async () => {
    server.refuses = server.place = new Refusal("auth.expired", 401, "");
    server.links.at(-1)?.lost({ code: "network", message: "" });
    await server.crank.pass(60_000);
    expect(shown).toEqual(["auth.expired"]);
    expect(visit.place).toBeNull();
  });

  it("that passes stops ringing", () => {
    hide(true);
    server.say(called);
    server.say(waiting);
    expect(document.title).toBe("Ada");
    visit.begin();
    expect(begun).toEqual([]);
  });

  it("waits for money, and only for that", () => {
    server.say(called);
    expect(visit.refused("host.offline")).toBe(false);
    expect(visit.refused("wallet.insufficient")).toBe(true);
    expect(visit.poor).toBe(true);
    visit.begin();
    expect([visit.poor, begun]).toEqual([false, ["c1", "c1"]]);
  });
});

describe("weekly hours", () => {
  it("are minutes and texts", () => {
    expect([textOf(570), textOf(1_440)]).toEqual(["09:30", "00:00"]);
    expect([minuteOf("09:30", false), minuteOf("00:00", false), minuteOf("00:00", true)]).toEqual([
      570, 0, 1_440,
    ]);
    expect(minuteOf("", false)).toBeNaN();
  });

  it("grow by a stretch after the last one, within the day", () => {
    const first = added([], 2);
    expect(first).toEqual([{ weekday: 2, from_min: 540, to_min: 1_020 }]);
    expect(added(first, 2)[1]).toEqual({ weekday: 2, from_min: 1_020, to_min: 1_140 });
    const full = [{ weekday: 2, from_min: 0, to_min: 1_440 }];
    expect(added(full, 2)).toEqual(full);
    expect(replaced(first, 0, null)).toEqual([]);
    expect(onWorkdays(added([], 0)).map((each) => each.weekday)).toEqual([0, 1, 2, 3, 4]);
  });
});

describe("a time soon", () => {
  const now = new Date(2026, 10, 21, 8, 0);

  it.each([
    [new Date(2026, 10, 21, 8, 20), "8:20 AM"],
    [new Date(2026, 10, 23, 14, 0), "Monday 2:00 PM"],
    [new Date(2026, 11, 24, 14, 0), "Dec 24, 2:00 PM"],
  ])("%s is %s", (at, text) => {
    expect(soon(at.toISOString(), now).replace(/,? (at )?|\u202f/g, " ")).toBe(text.replace(", ", " "));
  });
});
