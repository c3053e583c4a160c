/** Durations for people. */

import { t } from "../strings";
import { figure } from "./figure";

const two = (value: number): string => value.toString().padStart(2, "0");

/** A running or remaining time as a clock shows it: `0:07`, `12:40`, `1:02:03`. Rounds down. */
export function clock(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** A length of time in words: `40 s`, `2 min 5 s`, `1 h 4 min`. Rounds down. */
export function words(ms: number): string {
  const { hours, minutes, seconds } = t.units;
  const whole = Math.max(0, Math.floor(ms / 1000));
  if (whole < 60) return seconds(figure(whole));
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const [first, rest] =
    h > 0 ? [hours(figure(h)), m && minutes(figure(m))] : [minutes(figure(m)), s && seconds(figure(s))];
  return rest ? `${first} ${rest}` : first;
}

/** A length of time to the millisecond, as a receipt states it: `2 min 5.123 s`. */
export function exact(ms: number): string {
  const rest = ms % 60_000;
  const text = `${Math.floor(rest / 1000)}.${(rest % 1000).toString().padStart(3, "0")}`;
  // A decimal string is formatted exactly, with the locale's own sign between.
  const seconds = t.units.seconds(figure(text as `${number}`, 3));
  const minutes = Math.floor(ms / 60_000);
  return minutes > 0 ? `${t.units.minutes(figure(minutes))} ${seconds}` : seconds;
}
