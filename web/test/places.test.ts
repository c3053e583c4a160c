// @vitest-environment happy-dom

import { afterEach, describe, expect, it } from "vitest";
import { placeAt, placesOf } from "../src/core/places";
import "../src/elements/shell";
import type { Shell } from "../src/elements/shell";

afterEach(() => document.body.replaceChildren());

describe("the places of a role", () => {
  it("are different ones, and none for whoever has no pages", () => {
    for (const role of ["client", "expert", "operator"]) {
      const paths = placesOf(role).map((each) => each.path);
      expect(paths.length).toBeGreaterThan(1);
      expect(new Set(paths).size).toBe(paths.length);
    }
    expect(placesOf("guest")).toEqual([]);
    expect(placesOf("")).toEqual([]);
  });

  it.each([
    ["expert", "/expert", "line"],
    ["expert", "/expert/", "line"],
    ["expert", "/console", "today"],
    ["expert", "/console/clients", "clients"],
    ["expert", "/console/nothing", "today"],
    ["expert", "/expert/profile", "profile"],
    ["expert", "/logins", "logins"],
    ["operator", "/operator", "live"],
    ["client", "/account", "account"],
    ["client", "/account/calls", "calls"],
    ["client", "/account/nonsense", "account"],
    ["client", "/wallet", "wallet"],
    ["operator", "/operator/people/sam", "people"],
    ["operator", "/operator/audit", "audit"],
    ["expert", "/elsewhere", undefined],
    ["expert", "/experts", undefined],
    ["guest", "/expert", undefined],
  ])("of %s: %s is %s", (role, path, name) => {
    expect(placeAt(role, path)?.name).toBe(name);
  });
});

describe("the frame", () => {
  async function frame(part: Partial<Shell>): Promise<Shell> {
    const made = Object.assign(document.createElement("tt-shell"), part);
    document.body.append(made);
    await made.updateComplete;
    return made;
  }
  const links = (made: Shell): HTMLAnchorElement[] => [...made.renderRoot.querySelectorAll("a")];

  it("has no navigation for a visitor", async () => {
    const made = await frame({});
    expect(made.renderRoot.querySelector("nav")).toBeNull();
  });

  it("says which page is open, once", async () => {
    const made = await frame({ area: "expert", path: "/expert/profile" });
    const current = links(made).filter((each) => each.ariaCurrent ?? each.getAttribute("aria-current"));
    expect(current.map((each) => each.getAttribute("href"))).toEqual(["/expert/profile"]);
  });

  it("keeps what must stay open, and says so", async () => {
    const made = await frame({ area: "expert", path: "/expert", staying: true });
    const away = links(made).filter((each) => each.target === "_blank");
    expect(away.map((each) => each.getAttribute("href"))).toContain("/logins");
    expect(away.map((each) => each.getAttribute("href"))).not.toContain("/expert");
    expect(away[0]?.textContent).toContain("new tab");
  });

  it("asks the page before it goes, unless another tab is wanted", async () => {
    const made = await frame({ area: "expert", path: "/expert/profile" });
    const asked: string[] = [];
    made.addEventListener("tt-go", (event) => {
      asked.push((event as CustomEvent<string>).detail);
      event.preventDefault();
    });
    const click = (init: MouseEventInit): boolean =>
      links(made)[0]?.dispatchEvent(new MouseEvent("click", { cancelable: true, ...init })) ?? true;
    expect(click({})).toBe(false);
    click({ ctrlKey: true });
    expect(asked).toEqual(["/console"]);
  });
});
