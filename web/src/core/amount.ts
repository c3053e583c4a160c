/** Reading an amount that a person typed. Digits are shifted in the text, so no float ever holds money. */

import { exponent, signOf } from "./money";

const MOST_DIGITS = 9;

/**
 * `amountOf("12.5", "USD") === 1250`, and `"$12.50"` as well; null for what is no amount, has another currency's
 * sign, or is finer than the currency's minor unit.
 */
export function amountOf(text: string, currency: string): number | null {
  const digits = exponent(currency);
  const found = /^(\d*)(?:[.,](\d*))?$/.exec(bare(text.trim(), currency));
  if (!found) return null;
  const [, whole = "", part = ""] = found;
  if (whole + part === "" || part.length > digits || whole.length + digits > MOST_DIGITS) return null;
  return Number(`${whole}${part.padEnd(digits, "0")}`);
}

/** Without the sign or the code of the currency, before or after the figures. */
function bare(text: string, currency: string): string {
  for (const sign of [signOf(currency), currency]) {
    if (text.startsWith(sign)) return text.slice(sign.length).trim();
    if (text.endsWith(sign)) return text.slice(0, -sign.length).trim();
  }
  return text;
}
