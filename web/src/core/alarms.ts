/** Named alarms: setting one anew moves it, and none outlives its owner unnoticed. */

import type { Timers } from "./timers";

export class Alarms<Name extends string> {
  readonly #timers: Timers;
  readonly #set = new Map<Name, number>();

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  has(name: Name): boolean {
    return this.#set.has(name);
  }

  set(name: Name, ms: number, run: () => void): void {
    this.clear(name);
    const id = this.#timers.set(() => {
      this.#set.delete(name);
      run();
    }, ms);
    this.#set.set(name, id);
  }

  clear(...names: Name[]): void {
    for (const name of names) {
      this.#timers.clear(this.#set.get(name));
      this.#set.delete(name);
    }
  }

  clearAll(): void {
    this.clear(...this.#set.keys());
  }
}
