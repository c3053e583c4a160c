/** Money on the screen. Amounts are integer minor units; no float ever holds one. */

import { t } from "../strings";

const exponents = new Map<string, number>();

/** How many decimal digits the currency's minor unit has (USD 2, JPY 0, KWD 3). */
export function exponent(currency: string): number {
  let digits = exponents.get(currency);
  if (digits === undefined) {
    digits =
      new Intl.NumberFormat("en", { style: "currency", currency }).resolvedOptions().maximumFractionDigits ??
      2;
    exponents.set(currency, digits);
  }
  return digits;
}

/** The currency's own sign, `$` or `€`; its code when it has none. */
export function signOf(currency: string): string {
  const style = { style: "currency", currency, currencyDisplay: "narrowSymbol" } as const;
  const parts = new Intl.NumberFormat("en", style).formatToParts(0);
  return parts.find((each) => each.type === "currency")?.value ?? currency;
}

/** The amount as an exact decimal: `decimal(1234, 2) === "12.34"`. */
export function decimal(minor: number, digits: number): string {
  const text = Math.abs(minor)
    .toString()
    .padStart(digits + 1, "0");
  const whole = text.slice(0, text.length - digits);
  const sign = minor < 0 ? "-" : "";
  return digits === 0 ? sign + whole : `${sign}${whole}.${text.slice(-digits)}`;
}

/** The amount for people: `money(240, "USD") === "$2.40"`. */
export function money(minor: number, currency: string, locale = t.locale): string {
  const format = new Intl.NumberFormat(locale, { style: "currency", currency });
  // A decimal string is formatted exactly; a division would pass through a float.
  return format.format(decimal(minor, exponent(currency)) as `${number}`);
}
