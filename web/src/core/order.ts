/** An order that is made once, however often it is sent: its id stays until its outcome is known. */

import { Refusal } from "./api";

export class Order {
  #id = "";
  #what = "";

  /** The id for `what`; another order gets another id. */
  idFor(what: string): string {
    if (this.#what !== what || !this.#id) {
      this.#what = what;
      this.#id = crypto.randomUUID();
    }
    return this.#id;
  }

  /** The order was carried out, or refused for good: the next one is a new one. */
  done(error?: unknown): void {
    // Whatever else went wrong here, the order may have been carried out.
    if (error === undefined || (error instanceof Refusal && !error.passing)) this.#id = "";
  }
}
