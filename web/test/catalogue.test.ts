/** Every word that people read stands in src/strings: templates have none of their own. */

import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { parseAst } from "vite";
import { describe, expect, it } from "vitest";
import { money } from "../src/core/money";
import { localeOf } from "../src/strings/locale";

const SOURCES = join(import.meta.dirname, "../src");
const STRINGS = join(SOURCES, "strings");
/** Attributes and properties whose text is shown or read out. */
const READ = new Set([
  "alt",
  "aria-description",
  "aria-label",
  "aria-placeholder",
  "aria-roledescription",
  "aria-valuetext",
  "caption",
  "heading",
  "hint",
  "label",
  "lead",
  "placeholder",
  "text",
  "title",
  "who",
]);
/** What stands in these is for machines. */
const CODE = new Set(["code", "pre", "style", "script"]);
const LETTER = /\p{L}/u;
/** An address is no word. */
const ADDRESS = /^(https?:\/)?\/\S*$/;

interface Node {
  readonly type: string;
  readonly [key: string]: unknown;
}

function isNode(value: unknown): value is Node {
  return (
    typeof value === "object" && value !== null && typeof (value as { type?: unknown }).type === "string"
  );
}

function* nodes(value: unknown): Generator<Node> {
  if (Array.isArray(value)) for (const each of value) yield* nodes(each);
  else if (isNode(value)) {
    yield value;
    for (const key of Object.keys(value)) yield* nodes(value[key]);
  }
}

/** The literals that an expression can come to: through `?:`, `&&`, `||`, `??`, `+` and templates. */
function literals(value: unknown): string[] {
  if (!isNode(value)) return [];
  const { type } = value;
  if (type === "Literal") return typeof value["value"] === "string" ? [value["value"]] : [];
  if (type === "ConditionalExpression") return [value["consequent"], value["alternate"]].flatMap(literals);
  if (type === "LogicalExpression" || type === "BinaryExpression")
    return /^[=!<>]/.test(String(value["operator"])) ? [] : [value["left"], value["right"]].flatMap(literals);
  if (type === "TemplateLiteral")
    return [...pieces(value), ...(value["expressions"] as unknown[]).flatMap(literals)];
  if (type === "ParenthesizedExpression" || type.startsWith("TS")) return literals(value["expression"]);
  return [];
}

function pieces(template: Node): string[] {
  return (template["quasis"] as { value: { cooked: string | null; raw: string } }[]).map(
    (each) => each.value.cooked ?? each.value.raw,
  );
}

/** The words that stand in a template itself, as text or in an attribute that is read. */
function words(template: Node): string[] {
  const found: string[] = [];
  const open: string[] = [];
  const expressions = template["expressions"] as unknown[];
  let place: "text" | "tag" | "value" = "text";
  let [tag, attribute, quote, text] = ["", "", "", ""];
  const read = (): boolean =>
    place === "text" ? !open.some((each) => CODE.has(each)) : READ.has(attribute.replace(/^[.?@]/, ""));
  const take = (said: string): void => {
    const plain = said.replace(/&\w+;/g, "");
    if (LETTER.test(plain) && !ADDRESS.test(plain.trim())) found.push(plain.trim());
  };
  const flush = (): void => {
    if (place !== "tag" && read()) take(text);
    text = "";
  };
  const enter = (): void => {
    const name = /^\/?([\w-]+)/.exec(tag)?.[1] ?? "";
    if (tag.startsWith("/")) open.splice(open.lastIndexOf(name), 1);
    else if (!tag.endsWith("/") && !["input", "img", "br", "hr"].includes(name)) open.push(name);
  };
  pieces(template).forEach((piece, index) => {
    for (const letter of piece.replace(/<!--[\s\S]*?-->/g, "")) {
      if (place === "text" && letter === "<") {
        flush();
        place = "tag";
        tag = "";
      } else if (place === "tag" && letter === ">") {
        enter();
        place = "text";
      } else if (place === "tag" && (letter === '"' || letter === "'")) {
        place = "value";
        quote = letter;
        attribute = /([\w.?@-]+)=$/.exec(tag)?.[1] ?? "";
      } else if (place === "value" && letter === quote) {
        flush();
        place = "tag";
        tag += letter;
      } else if (place === "tag") tag += letter;
      else text += letter;
    }
    const bare = place === "tag";
    if (bare) attribute = /([\w.?@-]+)=$/.exec(tag)?.[1] ?? "";
    if (index < expressions.length && (bare ? READ.has(attribute.replace(/^[.?@]/, "")) : read()))
      for (const said of literals(expressions[index])) take(said);
  });
  flush();
  return found;
}

function check(source: string): string[] {
  return [...nodes(parseAst(source, { lang: "ts" }))]
    .filter((each) => each.type === "TaggedTemplateExpression")
    .filter((each) => ["html", "svg"].includes(String((each["tag"] as Node)["name"])))
    .flatMap((each) => words(each["quasi"] as Node));
}

const files = readdirSync(SOURCES, { recursive: true, encoding: "utf8" })
  .map((each) => join(SOURCES, each))
  .filter((each) => each.endsWith(".ts") && !each.startsWith(STRINGS));

describe("the locale", () => {
  it("is the reader's own, of the catalogue's language", () => {
    expect(localeOf("en", ["de-CH", "en-GB", "en-US"])).toBe("en-GB");
    expect(localeOf("en", ["en"])).toBe("en");
    expect(localeOf("en", ["de-CH", "eng"])).toBe("en");
    expect(localeOf("en", [])).toBe("en");
    expect(localeOf("en", ["en-nonsense-that-is-none"])).toBe("en");
  });

  it("decides how amounts are written", () => {
    expect([money(123_456, "GBP", "en-GB"), money(123_456, "USD", "en-GB")]).toEqual([
      "£1,234.56",
      "US$1,234.56",
    ]);
  });
});

describe("the catalogue", () => {
  it.each(files.map((each) => [relative(SOURCES, each), each]))("has the words of %s", (_, file) => {
    expect(check(readFileSync(file, "utf8"))).toEqual([]);
  });

  it.each(
    files.filter((each) => !/\/(core|embed)\//.test(each)).map((each) => [relative(SOURCES, each), each]),
  )("leaves figures to the locale in %s", (_, file) => {
    const source = readFileSync(file, "utf8");
    expect(source.match(/\.toLocale\w*String\(|Intl\.(Number|DateTime|List)Format\([^)]/g)).toBeNull();
    // What toFixed writes is for style sheets.
    expect(source.match(/\.toFixed\(/g) ?? []).toHaveLength(file.endsWith("level-bar.ts") ? 1 : 0);
  });

  it.each([
    ["text", "html`<p>Hello</p>`", ["Hello"]],
    ["text around a value", "html`<p>@{n} of them</p>`", ["of them"]],
    ["an attribute that is read out", 'html`<button aria-label="Close" class="big"></button>`', ["Close"]],
    ["a property that is shown", "html`<tt-x .heading=@{'Oh'} .kind=@{'big'}></tt-x>`", ["Oh"]],
    ["a choice", "html`<b>@{on ? 'Yes' : t.no}</b>`", ["Yes"]],
    ["a choice in a choice", "html`<b>@{a && (b ?? `@{n} left`)}</b>`", ["left"]],
    ["a template in a template", "html`<b>@{list.map((x) => html`<i>Each @{x}</i>`)}</b>`", ["Each"]],
    ["what machines read", "html`<code>webhook-id</code><p class=@{on ? 'a' : 'b'}>·</p>`", []],
    ["what only compares", "html`<b>@{state === 'open' ? t.open : nothing}</b>`", []],
    ["text behind code", "html`<code>x</code> and more`", ["and more"]],
  ])("sees %s", (_, source, expected) => {
    expect(check(source.replaceAll("@{", "${"))).toEqual(expected);
  });
});
