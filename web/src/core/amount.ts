/** Reading an amount that a person typed. Digits are shifted in the text, so no float ever holds money. */

import { exponent } from "./money";

const MOST_DIGITS = 9;

/** `amountOf("12.5", "USD") === 1250`; null for what is no amount, or finer than the currency's minor unit. */
export function amountOf(text: string, currency: string): number | null {
  const digits = exponent(currency);
  const found = /^(\d*)(?:[.,](\d*))?$/.exec(text.trim());
  if (!found) return null;
  const [, whole = "", part = ""] = found;
  if (whole + part === "" || part.length > digits || whole.length + digits > MOST_DIGITS) return null;
  return Number(`${whole}${part.padEnd(digits, "0")}`);
}
