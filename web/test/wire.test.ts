import { describe, expect, it } from "vitest";
import { received, VERSION } from "../src/embed/wire";

const US = "https://talk.example";
const frame = {} as Window;
const message = { talktime: VERSION, type: "ended", cost_minor: 0 };

function event(data: unknown, origin = US, source: Window | null = frame): MessageEvent<unknown> {
  return { data, origin, source } as MessageEvent<unknown>;
}

describe("what the widget and its frame take from each other", () => {
  it("comes from exactly that window and origin", () => {
    expect(received(event(message), frame, US)).toEqual(message);
    expect(received(event(message, "https://talk.example.evil.example"), frame, US)).toBeNull();
    expect(received(event(message, "http://talk.example"), frame, US)).toBeNull();
    expect(received(event(message, "null"), frame, US)).toBeNull();
    expect(received(event(message, US, {} as Window), frame, US)).toBeNull();
  });

  it("is nothing while there is no frame", () => {
    expect(received(event(message, US, null), null, US)).toBeNull();
  });

  it.each([
    null,
    undefined,
    "ended",
    7,
    [],
    {},
    { type: "ended" },
    { ...message, talktime: 2 },
    { talktime: VERSION },
  ])("is not %j", (data) => {
    expect(received(event(data), frame, US)).toBeNull();
  });
});
