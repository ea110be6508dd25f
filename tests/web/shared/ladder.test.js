import assert from "node:assert/strict";
import { test } from "node:test";

import { nextAmounts, stepAt } from "../../../saleroom/web/ladder.js";

const GALA = [
  [0, 500],
  [10_000, 1_000],
  [25_000, 2_500],
  [50_000, 5_000],
  [100_000, 10_000],
];

test("the step of a price is that of the greatest rung at or below it (rule 1)", () => {
  assert.deepEqual(
    [0, 9_999, 10_000, 24_999, 50_000, 10 ** 9].map((price) => stepAt(GALA, price)),
    [500, 500, 1_000, 1_000, 5_000, 10_000],
  );
});

test("the wheel goes from the least amount up the ladder", () => {
  assert.deepEqual(nextAmounts(9_500, GALA, 4), [9_500, 10_000, 11_000, 12_000]);
  assert.deepEqual(nextAmounts(24_300, GALA, 3), [24_300, 25_300, 27_800]);
});
