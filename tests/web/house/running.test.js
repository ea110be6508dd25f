// Which lot is in the ring, and which comes next (rule 12).

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  inOrder,
  lotAtHand,
  lotInRing,
  neighbour,
  nextLot,
} from "../../../saleroom/web/house/running.js";

const live = (lot, state = "queued") => ({ lot, mode: "live", state });
const numbers = (lots) => lots.map((lot) => lot.lot);

test("lots stand in the catalogue's order, new ones after them", () => {
  assert.deepEqual(numbers(inOrder([live(1), live(2), live(3), live(9)], [3, 1, 2])), [3, 1, 2, 9]);
});

test("each ring has its own lot and its own next one", () => {
  const lots = [live(1, "open"), live(2), live(3, "final_call"), live(4)];
  const rings = new Map([
    [3, "blue"],
    [4, "blue"],
  ]);
  assert.equal(lotInRing(lots, rings).lot, 1);
  assert.equal(lotInRing(lots, rings, "blue").lot, 3);
  assert.equal(nextLot(lots, rings, lots[0]).lot, 2);
  assert.equal(nextLot(lots, rings, lots[2]).lot, 4);
});

test("the next lot follows the one at hand, and then those passed over", () => {
  const lots = [live(1), live(2, "sold"), live(3)];
  assert.equal(nextLot(lots, new Map(), lots[1]).lot, 3);
  lots[2] = live(3, "passed");
  assert.equal(nextLot(lots, new Map(), lots[1]).lot, 1);
  assert.equal(nextLot([live(1, "sold")]), null);
});

test("the eye goes to what was chosen, the ring, what left it, what comes next", () => {
  const lots = [live(1, "sold"), live(2, "open"), live(3)];
  assert.equal(lotAtHand(lots, 3, 1).lot, 3);
  assert.equal(lotAtHand(lots, null, 1).lot, 2);
  const idle = [live(1, "sold"), live(2, "sold"), live(3)];
  assert.equal(lotAtHand(idle, null, 2).lot, 2);
  assert.equal(lotAtHand(idle, null, null).lot, 3);
  assert.equal(lotAtHand([], null, null), null);
});

test("steps through the order end at its ends", () => {
  const lots = [live(5), live(1), live(7)];
  assert.equal(neighbour(lots, 1, 1).lot, 7);
  assert.equal(neighbour(lots, 7, 1).lot, 7);
  assert.equal(neighbour(lots, 5, -1).lot, 5);
});
