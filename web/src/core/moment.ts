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

/** `Nov 18, 14:05` */
export function moment(iso: string): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return iso;
  return format({
    day: "numeric",
    month: "short",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  }).format(date);
}

/** A time soon: `14:05` today, `Monday, 14:05` within a week, else with the date. */
export function soon(iso: string, now = new Date()): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return iso;
  const time = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" } as const;
  if (date.toDateString() === now.toDateString()) return format(time).format(date);
  const inAWeek = Math.abs(date.getTime() - now.getTime()) < 6 * 86_400_000;
  return inAWeek ? format({ weekday: "long", ...time }).format(date) : moment(iso);
}

/** The day and the minute in full, with the time zone: for a receipt's head. */
export function fully(iso: string): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return iso;
  return format({ dateStyle: "long", timeStyle: "long", hourCycle: "h23" }).format(date);
}

/** The time of day to the millisecond: for a receipt's lines. */
export function timeOfDay(iso: string): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return iso;
  return format({
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    fractionalSecondDigits: 3,
    hourCycle: "h23",
  }).format(date);
}
