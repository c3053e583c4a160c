import { beforeEach, describe, expect, it } from "vitest";
import { Refusal } from "../src/core/api";
import { Chat, MAX_TEXT, tidy } from "../src/core/chat";
import { textParts } from "../src/core/text-links";
import type { ChatFile, ChatLine, ChatMessage } from "../src/protocol/messages";
import { settle, World } from "./world";

let world: World;
let sent: ChatMessage[];
let up: boolean;
let chat: Chat;

function make(): Chat {
  return new Chat({
    ...world.chat,
    timers: world.crank,
    send: (message) => {
      if (up) sent.push(message);
      return up;
    },
  });
}

function line(seq: number, part: Partial<ChatLine> = {}): ChatLine {
  return {
    seq,
    id: `o-${seq}`,
    sender: "host",
    text: `line ${seq}`,
    at: "2026-01-01T00:00:00Z",
    file: null,
    ...part,
  };
}

/** The server kept what was sent last. */
function keep(seq: number): void {
  const { id, text } = sent.at(-1) as ChatMessage;
  chat.take({ type: "chat_line", line: line(seq, { id, sender: "payer", text: text ?? "" }) });
}

const file: ChatFile = { id: "id-1", name: "a.png", kind: "image/png", size: 5, width: 2, height: 2 };
const blob = (): File => new File(["12345"], "a.png");

beforeEach(() => {
  world = new World();
  sent = [];
  up = true;
  chat = make();
  chat.linked("payer");
});

describe("sending", () => {
  it("has one message under way at a time, so that the order stays", () => {
    for (const text of ["one", "two", "three"]) chat.say(text);
    expect(sent.map((each) => each.text)).toEqual(["one"]);
    expect(chat.drafts.map((each) => each.text)).toEqual(["one", "two", "three"]);
    keep(1);
    keep(2);
    keep(3);
    expect(sent.map((each) => each.text)).toEqual(["one", "two", "three"]);
    expect(chat.lines.map((each) => each.text)).toEqual(["one", "two", "three"]);
    expect(chat.drafts).toEqual([]);
  });

  it("sends again under the same id when no word comes", async () => {
    chat.say("hello");
    await world.crank.pass(7_000);
    expect(sent.map((each) => each.id)).toEqual(["id-1", "id-1"]);
    keep(1);
    keep(1);
    await world.crank.pass(60_000);
    expect(sent.length).toBe(2);
    expect(chat.lines.length).toBe(1);
  });

  it("waits without a link, and goes on with the next one", async () => {
    chat.say("under way");
    up = false;
    chat.unlinked();
    chat.say("later");
    expect(chat.waits).toBe(true);
    await world.crank.pass(60_000);
    expect(sent.length).toBe(1);
    up = true;
    chat.linked("payer");
    expect(sent.map((each) => each.id)).toEqual(["id-1", "id-1"]);
    keep(1);
    expect(sent.at(-1)?.text).toBe("later");
  });

  it("learns from the history that a message was kept before the link was lost", async () => {
    chat.say("hello");
    chat.unlinked();
    chat.linked("payer");
    const before = sent.length;
    chat.take({
      type: "chat_history",
      lines: [line(1, { id: "id-1", sender: "payer", text: "hello" })],
      more: false,
    });
    expect(chat.drafts).toEqual([]);
    await world.crank.pass(60_000);
    expect(sent.length).toBe(before);
  });

  it("is not the other's message that has the same id", () => {
    chat.say("hello");
    chat.take({ type: "chat_line", line: line(1, { id: "id-1", sender: "host" }) });
    expect(chat.drafts.length).toBe(1);
  });

  it.each(["chat.rate", "chat.unavailable", "call.not_open"])("waits a little after %s", async (code) => {
    chat.say("hello");
    chat.refused("id-1", code);
    expect(sent.length).toBe(1);
    await world.crank.pass(2_500);
    expect(sent.length).toBe(2);
    expect(chat.drafts[0]?.code).toBe("");
  });

  it("gives up what is refused for good, and goes on with the next", () => {
    chat.say("one");
    chat.say("two");
    chat.refused("id-1", "chat.full");
    expect(chat.drafts[0]?.code).toBe("chat.full");
    expect(sent.at(-1)?.text).toBe("two");
    chat.drop("id-1");
    expect(chat.drafts.map((each) => each.text)).toEqual(["two"]);
  });

  it("outlives a reload of the tab", () => {
    up = false;
    chat.unlinked();
    chat.say("written in a tunnel");
    const again = make();
    expect(again.drafts.map((each) => each.text)).toEqual(["written in a tunnel"]);
    up = true;
    again.linked("payer");
    expect(sent).toEqual([{ type: "chat", id: "id-1", text: "written in a tunnel", file: null }]);
  });

  it.each(["{", "5", '{"waiting":5}', "null"])("begins with nothing when the tab kept %s", (text) => {
    world.remembered = text;
    expect(make().drafts).toEqual([]);
  });

  it("sends nothing after the end", () => {
    up = false;
    chat.unlinked();
    chat.say("too late");
    chat.end();
    chat.linked("payer");
    chat.say("later still");
    expect(sent).toEqual([]);
    expect(chat.drafts.map((each) => each.code)).toEqual(["call.ended"]);
  });

  it("sends what the server takes", () => {
    expect(tidy("  a\r\nb\u0007\u0000\ud800  ")).toBe("a\nb");
    expect([...tidy("👋".repeat(3_000))].length).toBe(MAX_TEXT);
    chat.say(" \n ");
    expect(sent).toEqual([]);
  });
});

describe("files", () => {
  it("are named in a message when they are there; texts pass them meanwhile", async () => {
    chat.attach(blob());
    chat.say("a picture comes");
    expect(sent.map((each) => each.text)).toEqual(["a picture comes"]);
    keep(1);
    world.files[0]?.done(file);
    await settle();
    expect(sent.at(-1)).toEqual({ type: "chat", id: "id-1", text: "", file: "id-1" });
    keep(2);
    expect(chat.drafts).toEqual([]);
  });

  it("are sent again when the network was gone", async () => {
    chat.attach(blob());
    world.files[0]?.fail(new Refusal("network", 0, ""));
    await settle();
    await world.crank.pass(2_500);
    expect(world.files.map((each) => each.id)).toEqual(["id-1", "id-1"]);
    expect(chat.drafts[0]?.upload?.part).toBe(0);
  });

  it("are not sent for ever into nothing", async () => {
    chat.attach(blob());
    for (let at = 0; at < 10; at++) {
      world.files.at(-1)?.fail(new Refusal("network", 0, ""));
      await settle();
      await world.crank.pass(2_500);
    }
    expect(world.files.length).toBe(4);
    expect(chat.drafts[0]?.code).toBe("network");
  });

  it("go on with the next link", async () => {
    chat.attach(blob());
    world.files[0]?.fail(new Refusal("network", 0, ""));
    await settle();
    chat.close();
    chat.linked("payer");
    expect(world.files.length).toBe(2);
    chat.linked("payer");
    expect(world.files.length).toBe(2);
  });

  it("say why they were refused", async () => {
    chat.attach(blob());
    world.files[0]?.fail(new Refusal("file.type", 415, ""));
    await settle();
    expect(chat.drafts[0]?.code).toBe("file.type");
    await world.crank.pass(60_000);
    expect(world.files.length).toBe(1);
  });

  it("can be cancelled", async () => {
    chat.attach(blob());
    chat.drop("id-1");
    world.files[0]?.done(file);
    await settle();
    expect(chat.drafts).toEqual([]);
    expect(sent).toEqual([]);
  });
});

describe("unread", () => {
  it("counts what the other wrote while nobody looked", () => {
    chat.take({ type: "chat_line", line: line(1) });
    chat.take({ type: "chat_line", line: line(2, { sender: "payer" }) });
    chat.take({ type: "chat_line", line: line(3) });
    expect(chat.unread).toBe(2);
    chat.look(true);
    chat.take({ type: "chat_line", line: line(4) });
    expect(chat.unread).toBe(0);
    chat.look(false);
    chat.take({ type: "chat_line", line: line(5) });
    expect(chat.unread).toBe(1);
    const again = make();
    again.linked("payer");
    again.take({ type: "chat_history", lines: [1, 3, 4, 5].map((seq) => line(seq)), more: false });
    expect(again.unread).toBe(1);
  });

  it("is in order, however it comes", () => {
    for (const seq of [3, 1, 2, 3]) chat.take({ type: "chat_line", line: line(seq) });
    chat.older([line(0)], true);
    expect(chat.lines.map((each) => each.seq)).toEqual([0, 1, 2, 3]);
    expect(chat.more).toBe(true);
  });
});

describe("links", () => {
  const links = (text: string): string[] => textParts(text).flatMap((part) => part.href ?? []);

  it.each([
    ["see https://example.org/a?b=c#d.", "https://example.org/a?b=c#d"],
    ["(http://example.org)", "http://example.org/"],
    ["https://en.wikipedia.org/wiki/A_(b)!", "https://en.wikipedia.org/wiki/A_(b)"],
    ["HTTPS://EXAMPLE.ORG/X,", "https://example.org/X"],
    ['<a href="https://example.org/"onclick=alert(1)>', "https://example.org/"],
  ])("are found in %s", (text, href) => {
    expect(links(text)).toEqual([href]);
  });

  it.each([
    "javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "https://",
    "https://bank.example@evil.example/",
    "ftp://example.org",
    "xhttps://example.org",
    "vbscript:https",
  ])("are not found in %s", (text) => {
    expect(links(text)).toEqual([]);
  });

  it("leave the text as it was", () => {
    const text = "a https://example.org/x, b\nhttp://x.example (c) https://@ end";
    expect(
      textParts(text)
        .map((part) => part.text)
        .join(""),
    ).toBe(text);
  });
});
