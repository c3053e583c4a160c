/** Names in addresses: what a person's name becomes, and what the server takes. */

const MOST = 40;
const SPELT: Readonly<Record<string, string>> = {
  ß: "ss",
  æ: "ae",
  ø: "o",
  œ: "oe",
  ł: "l",
  đ: "d",
  ð: "d",
  þ: "th",
};

/** `Dr. Ada Lovelace` → `dr-ada-lovelace`. Empty when nothing of it can stand in an address. */
export function slugOf(name: string): string {
  return name
    .toLowerCase()
    .normalize("NFKD")
    .replaceAll(/[ßæøœłđðþ]/g, (letter) => SPELT[letter] ?? "")
    .replaceAll(/\p{Mark}/gu, "")
    .replaceAll(/['’]/g, "")
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replace(/^-/, "")
    .slice(0, MOST)
    .replace(/-$/, "");
}

/** Whether the server takes it as an address. */
export function isSlug(text: string): boolean {
  return /^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/.test(text);
}
