/**
 * Who I am: the login token of a person's link. It comes in the fragment (which no server sees), moves into
 * storage so that a reload and a second tab work, and leaves the address bar.
 */

export interface KeyValue {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

/** The two storages of a page: `tab` lives as long as the tab, `browser` is shared by all tabs. */
export interface Storages {
  readonly tab: KeyValue;
  readonly browser: KeyValue;
}

const PREFIX = "tt.login:";
const LAST = "tt.login";

/** The token in a fragment like `#t=abc`, or null. */
export function tokenOf(fragment: string): string | null {
  const token = new URLSearchParams(fragment.replace(/^#/, "")).get("t");
  return token || null;
}

/** Remember `token` for the page at `path`. */
export function remember(stores: Storages, path: string, token: string): void {
  stores.tab.setItem(LAST, token);
  stores.tab.setItem(PREFIX + path, token);
  stores.browser.setItem(PREFIX + path, token);
  const known = paths(stores).filter((each) => each !== path);
  stores.browser.setItem(LAST, JSON.stringify([path, ...known].slice(0, 20)));
}

/** Remember `token` for the page at `path` in this tab alone, whatever any other tab uses there. */
export function rememberHere(stores: Storages, path: string, token: string): void {
  stores.tab.setItem(PREFIX + path, token);
}

/** The token for the page at `path`: this tab's own first, then the last one any tab used there. */
export function recall(stores: Storages, path: string): string | null {
  return stores.tab.getItem(PREFIX + path) ?? stores.browser.getItem(PREFIX + path);
}

/**
 * The token for the page at `path`, null for the login cookie. One that `works` no more (it expired, the server
 * has new keys) is forgotten: else it would stand in the way of the cookie for ever.
 */
export async function settled(
  stores: Storages,
  path: string,
  works: (token: string) => Promise<boolean>,
): Promise<string | null> {
  const token = recall(stores, path);
  if (token === null || (await works(token))) return token;
  stores.tab.removeItem(PREFIX + path);
  if (stores.browser.getItem(PREFIX + path) === token) stores.browser.removeItem(PREFIX + path);
  if (stores.tab.getItem(LAST) === token) stores.tab.removeItem(LAST);
  return settled(stores, path, works);
}

/** Every token known here, the likeliest first: a receipt belongs to one of them. */
export function all(stores: Storages): string[] {
  const tokens = [
    stores.tab.getItem(LAST),
    ...paths(stores).map((path) => stores.browser.getItem(PREFIX + path)),
  ];
  return [...new Set(tokens.filter((token): token is string => token !== null))];
}

/** The token of the link that was opened last in this tab. */
export function last(stores: Storages): string | null {
  return stores.tab.getItem(LAST);
}

/** Forget every link: from now on the login cookie says who one is. */
export function forget(stores: Storages): void {
  for (const path of paths(stores)) {
    stores.browser.removeItem(PREFIX + path);
    stores.tab.removeItem(PREFIX + path);
  }
  stores.browser.removeItem(LAST);
  stores.tab.removeItem(LAST);
}

function paths(stores: Storages): string[] {
  try {
    const list: unknown = JSON.parse(stores.browser.getItem(LAST) ?? "[]");
    return Array.isArray(list) ? list.filter((each): each is string => typeof each === "string") : [];
  } catch {
    return [];
  }
}

/** A storage that forgets, for browsers that forbid the real one. */
export class Forgetful implements KeyValue {
  readonly #values = new Map<string, string>();
  getItem(key: string): string | null {
    return this.#values.get(key) ?? null;
  }
  setItem(key: string, value: string): void {
    this.#values.set(key, value);
  }
  removeItem(key: string): void {
    this.#values.delete(key);
  }
}
