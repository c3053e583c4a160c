/** Which locale formats what the catalogue's words stand beside. */

/**
 * The first of the reader's locales that is of the catalogue's language: `en-GB` writes `21 Nov` where `en-US`
 * writes `Nov 21`. A reader of other languages gets the catalogue's plain one: words and figures go together.
 */
export function localeOf(language: string, preferred: readonly string[]): string {
  const mine = preferred.find((each) => each === language || each.startsWith(`${language}-`));
  if (!mine) return language;
  try {
    return Intl.getCanonicalLocales(mine)[0] ?? language;
  } catch {
    return language; // something that no Intl understands
  }
}
