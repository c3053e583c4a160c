/** What a visitor downloads: the widget before a click, and the scripts of every page. Built as for people. */

import { readdirSync } from "node:fs";
import { resolve } from "node:path";
import { gzipSync } from "node:zlib";
import { build, type Rolldown } from "vite";
import { beforeAll, describe, expect, it } from "vitest";

// Libraries have a build for developers and one for people.
process.env["NODE_ENV"] = "production";

const root = resolve(import.meta.dirname, "..");
/** The page for an address that is nothing has no script. */
const pages = readdirSync(root).filter((file) => file.endsWith(".html") && file !== "not-found.html");
const WIDGET_BYTES = 5_000;
const PAGE_BYTES = 100_000;

type Chunk = Rolldown.OutputChunk;

interface Built {
  readonly chunks: ReadonlyMap<string, Chunk>;
  readonly pages: ReadonlyMap<string, string>;
}

async function built(configFile: string): Promise<Built> {
  const made = await build({
    root,
    configFile: resolve(root, configFile),
    logLevel: "silent",
    build: { write: false },
  });
  const outputs = (Array.isArray(made) ? made : [made]) as Rolldown.RolldownOutput[];
  const [chunks, pages] = [new Map<string, Chunk>(), new Map<string, string>()];
  for (const each of outputs.flatMap((output) => output.output)) {
    if (each.type === "chunk") chunks.set(each.fileName, each);
    else if (each.fileName.endsWith(".html")) pages.set(each.fileName, String(each.source));
  }
  return { chunks, pages };
}

const weight = (chunk: Chunk): number => gzipSync(chunk.code, { level: 9 }).length;

/** These scripts and whatever they ever ask for, now or later. */
function reached(names: readonly string[], chunks: Built["chunks"], seen = new Set<Chunk>()): Set<Chunk> {
  for (const name of names) {
    const chunk = chunks.get(name);
    if (!chunk || seen.has(chunk)) continue;
    seen.add(chunk);
    reached([...chunk.imports, ...chunk.dynamicImports], chunks, seen);
  }
  return seen;
}

describe("weight", () => {
  let site: Built;

  beforeAll(async () => {
    site = await built("vite.config.ts");
  }, 120_000);

  it.each(pages)("of the scripts of %s", (page) => {
    const text = site.pages.get(page) ?? "";
    const names = [...text.matchAll(/(?:src|href)="\/(assets\/[^"]+\.js)"/g)].map((found) => found[1] ?? "");
    const bytes = [...reached(names, site.chunks)].reduce((sum, each) => sum + weight(each), 0);
    expect(bytes).toBeGreaterThan(1_000);
    expect(bytes).toBeLessThanOrEqual(PAGE_BYTES);
  });

  it("of the widget, which is one file", async () => {
    const { chunks } = await built("vite.embed.config.ts");
    const script = chunks.get("embed.js");
    expect([...chunks.keys()]).toEqual(["embed.js"]);
    expect([...(script?.imports ?? []), ...(script?.dynamicImports ?? [])]).toEqual([]);
    const bytes = script ? weight(script) : 0;
    expect(bytes).toBeGreaterThan(1_000);
    expect(bytes).toBeLessThanOrEqual(WIDGET_BYTES);
  }, 120_000);
});
