/** tokens.css is the only place with a colour, a size or a duration, and every token that is used exists. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "../src");
const tokens = readFileSync(join(root, "styles/tokens.css"), "utf8");
const files = readdirSync(root, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"));

/** The css`…` templates of a file. */
function styles(file: string): string {
  const text = readFileSync(join(root, file), "utf8");
  return [...text.matchAll(/css`([^`]*)`/g)].map((found) => found[1]).join("\n");
}

const plain = readdirSync(join(root, "styles"))
  .filter((file) => file.endsWith(".css") && file !== "tokens.css")
  .map((file) => [file, readFileSync(join(root, "styles", file), "utf8")] as const);
const sheets = [
  ...files.map((file) => [file, styles(file)] as const).filter(([, css]) => css.trim() !== ""),
  ...plain,
];

describe("styles", () => {
  it("are found at all", () => {
    expect(sheets.length).toBeGreaterThan(15);
  });

  it.each(sheets)("%s names no colour, size or duration of its own", (_file, css) => {
    const plain = css.replaceAll(/var\(--[\w-]+\)/g, "");
    expect(plain).not.toMatch(/#[0-9a-f]{3,8}\b|\b(rgb|hsl|oklch|oklab)a?\(/i);
    expect(plain).not.toMatch(/\d(px|r?em|pt|v[hw]|dv[hw]|ch|ms|s)\b/);
  });

  it.each(sheets)("%s uses only tokens that exist", (_file, css) => {
    for (const [, name] of css.matchAll(/var\((--[\w-]+)/g)) expect(tokens).toContain(`${name}:`);
  });

  it("know no token that nobody uses", () => {
    const all = tokens + sheets.map(([, css]) => css).join("\n");
    const names = new Set([...tokens.matchAll(/^\s*(--[\w-]+):/gm)].map((found) => found[1] ?? ""));
    const unused = [...names].filter((name) => !all.includes(`var(${name})`));
    expect(unused).toEqual([]);
  });
});

describe("pages", () => {
  it("have neither inline styles nor inline scripts, which the policy forbids", () => {
    const pages = readdirSync(join(root, "..")).filter((file) => file.endsWith(".html"));
    expect(pages.length).toBeGreaterThanOrEqual(7);
    for (const page of pages) {
      const text = readFileSync(join(root, "..", page), "utf8");
      expect(text).not.toMatch(/\sstyle=|<style|<script(?![^>]*\ssrc=)|\son\w+=/);
    }
    for (const file of files)
      expect(readFileSync(join(root, file), "utf8")).not.toMatch(/\sstyle=["$]|styleMap/);
  });
});
