import { describe, expect, it } from "vitest";
import { nextPage } from "../src/core/next-page";

describe("the page after signing in", () => {
  it("is where one came from", () => {
    expect(nextPage("/call/ada?x=1", "client")).toBe("/call/ada?x=1");
  });

  it("is the home of one's role else", () => {
    expect(nextPage(null, "expert")).toBe("/expert");
    expect(nextPage("", "operator")).toBe("/operator");
    expect(nextPage(null, "client")).toBe("/account");
  });

  it("never leads to another server", () => {
    const traps = [
      "https://evil.example",
      "//evil.example",
      "/\\evil.example",
      "/\t/evil.example",
      "javascript:alert(1)",
    ];
    for (const trap of traps) expect(nextPage(trap, "expert"), trap).toBe("/expert");
  });
});
