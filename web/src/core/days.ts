/** Days as the API takes them, in the browser's own time zone. */

import { t } from "../strings";

export interface Span {
  readonly start: string;
  readonly end: string;
  readonly zone: string;
}

/** The time zone of this browser; UTC where it does not say. */
export function ownZone(): string {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return zone && zone !== "Etc/Unknown" ? zone : "UTC";
}

/** The day of a moment on the clock of this browser: `2026-05-31`. */
export function dayOf(date: Date): string {
  const [year, month, day] = [date.getFullYear(), date.getMonth() + 1, date.getDate()];
  return `${year}-${month.toString().padStart(2, "0")}-${day.toString().padStart(2, "0")}`;
}

/** The last `days` days, today included. */
export function lastDays(days: number, now = new Date()): Span {
  const first = new Date(now.getFullYear(), now.getMonth(), now.getDate() - (days - 1), 12);
  return { start: dayOf(first), end: dayOf(now), zone: ownZone() };
}

/** `2026-05-31` as `May 31`, with the year when it is not the present one. */
export function shortDay(day: string, now = new Date()): string {
  const date = new Date(`${day}T12:00:00Z`);
  if (Number.isNaN(date.getTime())) return day;
  const year = day.startsWith(`${now.getFullYear()}-`) ? {} : ({ year: "numeric" } as const);
  return new Intl.DateTimeFormat(t.locale, {
    day: "numeric",
    month: "short",
    timeZone: "UTC",
    ...year,
  }).format(date);
}
