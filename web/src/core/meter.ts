/**
 * The meter as the page draws it. The server sends a view on change only; between two views the figures
 * follow from the time that passed and the tariff, by the formula the ledger uses.
 */

import type { MeterState, MeterView, MeterWhy } from "../protocol/messages";
import { charge } from "./tariff";

/** The meter at one instant. Money in minor units, durations in ms; null where the person is not told. */
export interface Reading {
  readonly state: MeterState;
  readonly why: MeterWhy;
  readonly currency: string;
  readonly usedMs: number;
  readonly chargeMinor: number;
  readonly balanceMinor: number | null;
  readonly leftMs: number | null;
  readonly freeLeftMs: number;
  readonly earnedMinor: number | null;
  readonly softLeftMs: number | null;
  readonly low: boolean;
  readonly giftLeftMs: number;
  readonly pauseNote: string;
  readonly capMinor: number | null;
  readonly capBinds: boolean;
}

/** What `view`, received at `at`, has become at `now` (both in ms of one clock). */
export function read(view: MeterView, at: number, now: number): Reading {
  const passed = Math.max(0, Math.floor(now - at));
  const grown = view.state === "running" ? passed : 0;
  const usedMs = view.used_ms + grown;
  // What was given away is used up first, from now on, and not billed.
  const giftedMs = view.gifted_ms + Math.min(grown, view.gift_left_ms);
  const giftLeftMs = view.gift_left_ms - Math.min(grown, view.gift_left_ms);
  const billedMs = usedMs - giftedMs;
  const chargeMinor =
    grown > 0 ? Math.max(view.charge_minor, charge(view.tariff, billedMs)) : view.charge_minor;
  const more = chargeMinor - view.charge_minor;
  const freeLeftMs = Math.max(0, view.tariff.free_ms - billedMs);
  // A host that shares the room with the platform earns a part of each charge.
  const earnedMinor =
    view.earned_minor === null ? null : Math.max(view.earned_minor, earned(view, chargeMinor));
  return {
    state: view.state,
    why: whyNow(view, freeLeftMs, giftLeftMs),
    currency: view.tariff.currency,
    usedMs,
    chargeMinor,
    balanceMinor: view.balance_minor === null ? null : Math.max(0, view.balance_minor - more),
    leftMs: view.left_ms === null ? null : Math.max(0, view.left_ms - grown),
    freeLeftMs,
    earnedMinor,
    softLeftMs: view.soft_left_ms === null ? null : Math.max(0, view.soft_left_ms - passed),
    low: view.low,
    giftLeftMs,
    pauseNote: view.pause_note,
    capMinor: view.cap_minor,
    capBinds: view.cap_binds,
  };
}

/** Until the server says so itself: free time or a gift that has run out meanwhile is over. */
function whyNow(view: MeterView, freeLeftMs: number, giftLeftMs: number): MeterWhy {
  const gifts = view.why === "gift" && giftLeftMs === 0;
  if (gifts) return freeLeftMs > 0 ? "free" : "running";
  return view.why === "free" && freeLeftMs === 0 ? "running" : view.why;
}

function earned(view: MeterView, chargeMinor: number): number {
  const product = chargeMinor * (view.host_share_bp ?? 10_000);
  return (product - (product % 10_000)) / 10_000;
}
