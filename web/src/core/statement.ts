/** Spans of a statement, as days of this browser's own clock. */

import { dayOf, ownZone, type Span } from "./days";

export type Preset = "month" | "before" | "year";
export const PRESETS: readonly Preset[] = ["month", "before", "year"];

/** This month so far, the whole month before, this year so far. */
export function spanOf(preset: Preset, now = new Date()): Span {
  const [year, month] = [now.getFullYear(), now.getMonth()];
  // Noon: no change of the clock makes it another day.
  const day = (y: number, m: number, d: number): string => dayOf(new Date(y, m, d, 12));
  switch (preset) {
    case "month":
      return { start: day(year, month, 1), end: dayOf(now), zone: ownZone() };
    case "before":
      return { start: day(year, month - 1, 1), end: day(year, month, 0), zone: ownZone() };
    case "year":
      return { start: day(year, 0, 1), end: dayOf(now), zone: ownZone() };
  }
}
