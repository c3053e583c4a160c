/** Languages that an expert can say to speak, as codes of BCP 47. What they are called, the browser knows. */

import { t } from "../strings";

export const LANGUAGES = [
  "ar",
  "bg",
  "bn",
  "ca",
  "cs",
  "da",
  "de",
  "el",
  "en",
  "es",
  "et",
  "fa",
  "fi",
  "fr",
  "he",
  "hi",
  "hr",
  "hu",
  "id",
  "it",
  "ja",
  "ko",
  "lt",
  "lv",
  "ms",
  "nb",
  "nl",
  "pl",
  "pt",
  "pt-BR",
  "ro",
  "ru",
  "sk",
  "sl",
  "sr",
  "sv",
  "sw",
  "ta",
  "th",
  "tr",
  "uk",
  "ur",
  "vi",
  "zh-Hans",
  "zh-Hant",
] as const;

/** `German` for `de`. */
export function languageName(code: string): string {
  try {
    return new Intl.DisplayNames(t.locale, { type: "language" }).of(code) ?? code;
  } catch {
    return code;
  }
}

/** The languages of this browser that stand in the list. */
export function ownLanguages(wanted: readonly string[]): string[] {
  const known: readonly string[] = LANGUAGES;
  const found = wanted.map((each) => (known.includes(each) ? each : (each.split("-")[0] ?? "")));
  return [...new Set(found.filter((each) => known.includes(each)))].slice(0, 3);
}
