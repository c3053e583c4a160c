import { beforeEach, describe, expect, it } from "vitest";
import {
  all,
  Forgetful,
  forget,
  recall,
  remember,
  type Storages,
  settled,
  tokenOf,
} from "../src/core/logins";

let browser: Forgetful;
let tab: Storages;

beforeEach(() => {
  browser = new Forgetful();
  tab = { tab: new Forgetful(), browser };
});

describe("the link's token", () => {
  it("is read from the fragment only when it is there", () => {
    expect(tokenOf("#t=abc.def-_")).toBe("abc.def-_");
    expect(tokenOf("#t=")).toBeNull();
    expect(tokenOf("")).toBeNull();
  });

  it("is remembered for a reload and for a second tab", () => {
    remember(tab, "/call/ada", "sam");
    expect(recall(tab, "/call/ada")).toBe("sam");
    expect(recall({ tab: new Forgetful(), browser }, "/call/ada")).toBe("sam");
    expect(recall(tab, "/expert")).toBeNull();
  });

  it("stays a tab's own when another tab opens the same page as somebody else", () => {
    remember(tab, "/call/ada", "sam");
    remember({ tab: new Forgetful(), browser }, "/call/ada", "kim");
    expect(recall(tab, "/call/ada")).toBe("sam");
  });

  it("opens receipts with whoever it may be, this tab's own first", () => {
    remember(tab, "/call/ada", "sam");
    remember({ tab: new Forgetful(), browser }, "/expert", "ada");
    expect(all(tab)).toEqual(["sam", "ada"]);
  });

  it("is forgotten on every page when somebody signs in", () => {
    remember(tab, "/call/ada", "sam");
    remember(tab, "/expert", "ada");
    browser.setItem("tt.device:mic", "kept");
    forget(tab);
    expect(all(tab)).toEqual([]);
    expect(recall(tab, "/expert")).toBeNull();
    expect(browser.getItem("tt.device:mic")).toBe("kept");
  });

  it("is forgotten once it is no good, so that it does not stand in the way of the cookie", async () => {
    remember(tab, "/call/ada", "old");
    const good =
      (...tokens: string[]) =>
      (token: string) =>
        Promise.resolve(tokens.includes(token));
    expect(await settled(tab, "/call/ada", good("old"))).toBe("old");
    const other = { tab: new Forgetful(), browser };
    remember(other, "/call/ada", "new");
    expect(await settled(tab, "/call/ada", good("new"))).toBe("new");
    expect(await settled(tab, "/call/ada", good())).toBeNull();
    expect([recall(tab, "/call/ada"), recall(other, "/call/ada")]).toEqual([null, "new"]);
  });

  it("survives rubbish in the storage", () => {
    browser.setItem("tt.login", "{rubbish");
    expect(all(tab)).toEqual([]);
    remember(tab, "/expert", "ada");
    expect(all(tab)).toEqual(["ada"]);
  });
});
