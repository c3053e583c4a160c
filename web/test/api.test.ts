import { describe, expect, it } from "vitest";
import { Api, insist, Refusal } from "../src/core/api";

const answer = (status: number, body: unknown, headers: Record<string, string> = {}): Response =>
  new Response(JSON.stringify(body), { status, headers });
const soon = (): Promise<void> => Promise.resolve();

describe("the API", () => {
  it("sends the login and the body", async () => {
    const asked: [string, RequestInit][] = [];
    const api = new Api("secret", (url, init) => {
      asked.push([url, init]);
      return Promise.resolve(answer(201, { available_minor: 5 }));
    });
    await api.pay({ id: "x", amount_minor: 500, currency: "USD", how: "card" });
    expect(asked[0]?.[0]).toBe("/api/v1/wallet/payments");
    expect(asked[0]?.[1]).toMatchObject({
      method: "POST",
      headers: { Authorization: "Bearer secret", "Content-Type": "application/json" },
      body: '{"id":"x","amount_minor":500,"currency":"USD","how":"card"}',
    });
  });

  it("relies on the cookie without a link, and marks what it writes as coming from our pages", async () => {
    const asked: RequestInit[] = [];
    const api = new Api(null, (_, init) => {
      asked.push(init);
      return Promise.resolve(answer(200, { revoked: 1 }));
    });
    await api.signOut();
    await api.me();
    expect(asked[0]).toMatchObject({ method: "POST", credentials: "same-origin" });
    expect(asked[0]?.headers).toEqual({ "X-Talktime-Csrf": "1" });
    expect(asked[1]?.headers).toEqual({});
  });

  it("tells a refusal by its stable code", async () => {
    const problem = { code: "host.offline", title: "The expert is not online.", detail: "" };
    const api = new Api("t", () => Promise.resolve(answer(409, problem)));
    await expect(api.me()).rejects.toMatchObject({ code: "host.offline", status: 409, passing: false });
  });

  it("tells silence from a no, and knows what may pass", async () => {
    const dead = new Api("t", () => Promise.reject(new TypeError("offline")));
    await expect(dead.me()).rejects.toMatchObject({ code: "network", passing: true });
    const html = new Api("t", () => Promise.resolve(new Response("<h1>Bad gateway", { status: 502 })));
    await expect(html.me()).rejects.toMatchObject({ code: "server.error", passing: true });
    const busy = new Api("t", () =>
      Promise.resolve(answer(429, { code: "request.rate", title: "", detail: "" }, { "Retry-After": "2" })),
    );
    await expect(busy.me()).rejects.toMatchObject({
      code: "request.rate",
      passing: true,
      retryAfterMs: 2000,
    });
  });
});

describe("insisting", () => {
  it("repeats while the outcome is unknown", async () => {
    let tries = 0;
    const found = await insist(() => {
      tries++;
      return tries < 3 ? Promise.reject(new Refusal("network", 0, "")) : Promise.resolve("done");
    }, soon);
    expect([found, tries]).toEqual(["done", 3]);
  });

  it("takes a no for a no, and gives up in the end", async () => {
    let tries = 0;
    const refuse = (code: string, status: number) => () => {
      tries++;
      return Promise.reject(new Refusal(code, status, ""));
    };
    await expect(insist(refuse("wallet.insufficient", 402), soon)).rejects.toThrow(Refusal);
    expect(tries).toBe(1);
    await expect(insist(refuse("network", 0), soon)).rejects.toThrow(Refusal);
    expect(tries).toBe(5);
  });
});
