/** How long to wait before coming back: at once, then doubling from a quarter second to five, with jitter. */

const FIRST_MS = 250;
const LONGEST_MS = 5_000;

/** The wait in ms before attempt `attempt` (0 is the first); `random` in [0, 1) spreads it by a quarter. */
export function backoff(attempt: number, random: number): number {
  if (attempt <= 0) return 0;
  const plain = Math.min(LONGEST_MS, FIRST_MS * 2 ** (attempt - 1));
  return Math.round(plain * (0.75 + random / 2));
}
