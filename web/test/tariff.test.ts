/** The price that a page promises is the price that the meter charges. */

import { describe, expect, it } from "vitest";
import { words } from "../src/core/duration";
import { money } from "../src/core/money";
import { charge } from "../src/core/tariff";
import known from "./tariff-vectors.json";
import { tariff } from "./world";

const lines = known.vectors.flatMap(({ tariff, charges }) =>
  charges.map(([ms = 0, minor = 0]) => ({ tariff, ms, minor })),
);

describe("a tariff", () => {
  it.each(lines)("$tariff.price_minor $tariff.currency: $ms ms cost $minor, as at the meter", (line) => {
    expect(charge(line.tariff, line.ms)).toBe(line.minor);
  });

  it("is told as an example: 7 min 20 s costs $17.60", () => {
    expect(`${words(440_000)} costs ${money(charge(tariff, 440_000), "USD")}`).toBe(
      "7 min 20 s costs $17.60",
    );
  });
});
