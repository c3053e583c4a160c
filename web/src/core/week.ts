/** Weekly hours as they are edited: minutes after midnight as the text of a time field, and back. */

import type { OpeningHours } from "../protocol/api";

export const DAY_MIN = 1440;

/** `09:30`; the end of a day is `00:00`, as a time field knows no 24:00. */
export function textOf(minute: number): string {
  const within = minute % DAY_MIN;
  const two = (value: number): string => value.toString().padStart(2, "0");
  return `${two(Math.floor(within / 60))}:${two(within % 60)}`;
}

/** The minute of a time field; as an end, midnight is that of the day's end. NaN for what is no time. */
export function minuteOf(text: string, isEnd: boolean): number {
  const [hours, minutes] = text.split(":").map(Number);
  const minute = (hours ?? Number.NaN) * 60 + (minutes ?? Number.NaN);
  return isEnd && minute === 0 ? DAY_MIN : minute;
}

export function replaced(
  openings: readonly OpeningHours[],
  index: number,
  by: OpeningHours | null,
): OpeningHours[] {
  return openings.flatMap((each, at) => (at === index ? (by ? [by] : []) : [each]));
}

/** Monday's hours on the other working days too, which have none yet. */
export function onWorkdays(openings: readonly OpeningHours[]): OpeningHours[] {
  const monday = openings.filter((each) => each.weekday === 0);
  return [...openings, ...[1, 2, 3, 4].flatMap((weekday) => monday.map((each) => ({ ...each, weekday })))];
}

/** One more stretch on a day: ordinary hours first, then an hour after the last one, if there is room. */
export function added(openings: readonly OpeningHours[], weekday: number): OpeningHours[] {
  const ends = openings.filter((each) => each.weekday === weekday).map((each) => each.to_min);
  const last = Math.max(...ends, -1);
  if (last < 0) return [...openings, { weekday, from_min: 9 * 60, to_min: 17 * 60 }];
  if (last > DAY_MIN - 60) return [...openings];
  return [...openings, { weekday, from_min: last, to_min: Math.min(last + 120, DAY_MIN) }];
}
