/** Time as an argument, so that a test can crank it. */

export interface Timers {
  /** Milliseconds of a clock that never goes back. */
  now(): number;
  set(run: () => void, ms: number): number;
  clear(id: number | undefined): void;
}

export const realTimers: Timers = {
  now: () => performance.now(),
  set: (run, ms) => setTimeout(run, ms) as unknown as number,
  clear: (id) => clearTimeout(id),
};

/** Wait so long. */
export function pause(ms: number): Promise<void> {
  return new Promise((done) => setTimeout(done, ms));
}
