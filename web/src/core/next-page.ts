/** Where to go after signing in: back to where one came from, else to the page of one's role. */

const HOMES: Readonly<Record<string, string>> = {
  client: "/account",
  expert: "/expert",
  operator: "/operator",
};

/** `next` if it is a path of this server, else the home of `role`. An address elsewhere would be a trap. */
export function nextPage(next: string | null, role: string): string {
  const home = HOMES[role] ?? "/";
  if (!next?.startsWith("/")) return home;
  try {
    const base = "https://here.invalid";
    const url = new URL(next, base);
    return url.origin === base ? url.pathname + url.search + url.hash : home;
  } catch {
    return home;
  }
}
