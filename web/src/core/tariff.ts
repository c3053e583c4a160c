/**
 * How time becomes money, by the same formula as the server's `metering/tariff.py`:
 *
 *     charge(t)   = floor(billable(t) * price_minor / per_ms)
 *     billable(t) = 0                                                    when t <= free_ms
 *                 = round_up(max(t - free_ms, minimum_ms), increment_ms) otherwise
 */

import type { TariffView } from "../protocol/messages";

/** The time that is paid for when `usedMs` were used. */
export function billableMs(tariff: TariffView, usedMs: number): number {
  if (usedMs <= tariff.free_ms) return 0;
  const due = Math.max(usedMs - tariff.free_ms, tariff.minimum_ms);
  return Math.ceil(due / tariff.increment_ms) * tariff.increment_ms;
}

/** The price in minor units of the whole call after `usedMs` (whole milliseconds). */
export function charge(tariff: TariffView, usedMs: number): number {
  const product = billableMs(tariff, usedMs) * tariff.price_minor;
  return (product - (product % tariff.per_ms)) / tariff.per_ms;
}

/** The largest whole number of ms that `fundsMinor` can pay for; Infinity when nothing is charged. */
export function affordable(tariff: TariffView, fundsMinor: number): number {
  if (tariff.price_minor === 0) return Number.POSITIVE_INFINITY;
  const product = (fundsMinor + 1) * tariff.per_ms - 1;
  let billable = (product - (product % tariff.price_minor)) / tariff.price_minor;
  billable -= billable % tariff.increment_ms;
  const minimum = Math.ceil(tariff.minimum_ms / tariff.increment_ms) * tariff.increment_ms;
  return billable >= minimum ? tariff.free_ms + billable : tariff.free_ms;
}
