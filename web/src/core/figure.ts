/** Numbers for people, as their locale writes them: `figure(1234) === "1,234"`. */

import { t } from "../strings";

export function figure(value: number | `${number}`, digits = 0): string {
  const style = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  return new Intl.NumberFormat(t.locale, style).format(value as number);
}
