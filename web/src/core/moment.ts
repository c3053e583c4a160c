/** Moments for people, from ISO 8601 UTC. */

import { t } from "../strings";

const cache = new Map<string, Intl.DateTimeFormat>();

function format(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = JSON.stringify(options);
  let found = cache.get(key);
  if (!found) {
    found = new Intl.DateTimeFormat(t.locale, options);
    cache.set(key, found);
  }
  return found;
}

/** `Nov 18, 2:05 PM`, or `18 Nov, 14:05`: as the locale writes it. */
export function moment(iso: string): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return iso;
  return format({ day: "numeric", month: "short", hour: "numeric", minute: "2-digit" }).format(date);
}

/** A time soon: `2:05 PM` today, `Monday 2:05 PM` within a week, else with the date. */
export function soon(iso: string, now = new Date()): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return iso;
  const time = { hour: "numeric", minute: "2-digit" } as const;
  if (date.toDateString() === now.toDateString()) return format(time).format(date);
  const inAWeek = Math.abs(date.getTime() - now.getTime()) < 6 * 86_400_000;
  return inAWeek ? format({ weekday: "long", ...time }).format(date) : moment(iso);
}

/** The day and the minute in full, with the time zone: for a receipt's head. */
export function fully(iso: string): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return iso;
  return format({ dateStyle: "long", timeStyle: "long" }).format(date);
}

/** The time of day: `2:05 PM`. */
export function minuteOfDay(iso: string): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return iso;
  return format({ hour: "numeric", minute: "2-digit" }).format(date);
}

/** The time of day in another time zone; empty for a zone that this browser does not know. */
export function minuteIn(zone: string, date: Date, weekday?: "long"): string {
  try {
    const style = { hour: "numeric", minute: "2-digit", timeZone: zone } as const;
    return format(weekday ? { weekday, ...style } : style).format(date);
  } catch {
    return "";
  }
}

/** The time of day to the millisecond: for a receipt's lines. */
export function timeOfDay(iso: string): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return iso;
  return format({
    hour: "numeric",
    minute: "2-digit",
    second: "2-digit",
    fractionalSecondDigits: 3,
  }).format(date);
}
