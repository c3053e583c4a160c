import { describe, expect, it } from "vitest";
import { backoff } from "../src/core/backoff";
import { loudness } from "../src/core/level";

describe("backing off", () => {
  it("begins at once, doubles, and stays near five seconds", () => {
    const waits = [0, 1, 2, 3, 4, 5, 6, 30].map((attempt) => backoff(attempt, 0.5));
    expect(waits).toEqual([0, 250, 500, 1_000, 2_000, 4_000, 5_000, 5_000]);
  });

  it("is spread by a quarter either way, so that not everybody comes at once", () => {
    expect(backoff(3, 0)).toBe(750);
    expect(backoff(3, 0.999)).toBeGreaterThan(1_240);
  });
});

describe("the level bar", () => {
  it("is empty in silence and full when one shouts", () => {
    expect(loudness(0)).toBe(0);
    expect(loudness(0.0001)).toBe(0);
    expect(loudness(1)).toBe(1);
    expect(loudness(0.05)).toBeGreaterThan(0.5);
  });
});
