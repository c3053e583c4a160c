/** A list that comes in pages. What was asked before and answers late changes nothing any more. */

import { Refusal, UNREACHABLE } from "./api";

export interface Page<T, Cursor> {
  readonly items: readonly T[];
  /** Where the next page begins; null on the last one. */
  readonly next: Cursor | null;
}

export class Paged<T, Cursor> {
  /** Null until the first page came. */
  items: readonly T[] | null = null;
  loading = false;
  /** The code of what went wrong last. */
  problem = "";
  readonly #load: (cursor: Cursor | null) => Promise<Page<T, Cursor>>;
  readonly #changed: () => void;
  #next: Cursor | null = null;
  #asked = 0;

  constructor(load: (cursor: Cursor | null) => Promise<Page<T, Cursor>>, changed: () => void) {
    this.#load = load;
    this.#changed = changed;
  }

  get hasMore(): boolean {
    return this.#next !== null;
  }

  /** From the first page again; what is shown stays until it is there. */
  restart(): Promise<void> {
    return this.#ask(null);
  }

  async more(): Promise<void> {
    if (!this.loading && this.#next !== null) await this.#ask(this.#next);
  }

  /** Put `item` in the place of the one that is the same. */
  replace(same: (each: T) => boolean, item: T): void {
    this.items = this.items?.map((each) => (same(each) ? item : each)) ?? null;
    this.#changed();
  }

  async #ask(cursor: Cursor | null): Promise<void> {
    const asked = ++this.#asked;
    this.loading = true;
    this.problem = "";
    this.#changed();
    try {
      const page = await this.#load(cursor);
      if (asked !== this.#asked) return;
      this.items = cursor === null ? page.items : [...(this.items ?? []), ...page.items];
      this.#next = page.next;
    } catch (error) {
      if (asked !== this.#asked) return;
      this.problem = error instanceof Refusal ? error.code : UNREACHABLE;
    }
    this.loading = false;
    this.#changed();
  }
}
