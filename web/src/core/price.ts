/** A tariff in words. */

import type { TariffView } from "../protocol/messages";
import { t } from "../strings";
import { words } from "./duration";
import { money } from "./money";

/** `$2.40 a minute` */
export function headline(tariff: TariffView): string {
  if (tariff.price_minor === 0) return t.price.nothing;
  const price = money(tariff.price_minor, tariff.currency);
  return tariff.per_ms === 60_000 ? t.price.perMinute(price) : t.price.per(price, words(tariff.per_ms));
}

/** `charged by the second`, and whatever else one must know, as sentences. */
export function conditions(tariff: TariffView): readonly string[] {
  if (tariff.price_minor === 0) return [];
  const list = [unit(tariff.increment_ms)];
  if (tariff.free_ms > 0) list.push(t.price.free(words(tariff.free_ms)));
  if (tariff.minimum_ms > 0) list.push(t.price.minimum(words(tariff.minimum_ms)));
  return list;
}

function unit(incrementMs: number): string {
  if (incrementMs === 1) return t.price.perMs;
  if (incrementMs === 1000) return t.price.perSecond;
  return t.price.perStarted(words(incrementMs));
}
