// Merging two people's changes, moving rows, places of the pages, and the checklist.

import assert from "node:assert/strict";
import { test } from "node:test";
import { isSame, merge, withoutFields } from "../../../saleroom/web/admin/merge.js";
import { moved, movedAmong, placesTo } from "../../../saleroom/web/admin/moving.js";
import { checklist, isReady } from "../../../saleroom/web/admin/readiness.js";
import { hashOf, readRoute } from "../../../saleroom/web/admin/route.js";

test("both changed the same field, differently: it is asked about", () => {
  const base = { title: "Gala", venue: null, ladder: [[0, 5]] };
  const now = { title: "Theirs", venue: "Hall", ladder: [[0, 5]], version: 3 };
  assert.deepEqual(merge(base, { title: "Mine", ladder: [[0, 9]] }, now, Object.keys(base)), {
    theirs: ["venue"],
    conflicts: ["title"],
  });
});

test("both changed it alike: nothing is asked", () => {
  assert.deepEqual(merge({ title: "A" }, { title: "B" }, { title: "B" }, ["title"]), {
    theirs: [],
    conflicts: [],
  });
});

test("what is theirs is no change of mine", () => {
  assert.deepEqual(withoutFields({ title: "Mine", venue: "Hall" }, ["title"]), { venue: "Hall" });
});

for (const [a, b, same] of [
  [null, undefined, true],
  [{ a: 1 }, { a: 1, b: null }, true],
  [[1, 2], [1, 2], true],
  [[1, 2], [2, 1], false],
  [[], {}, false],
  [0, null, false],
  ["1", 1, false],
]) {
  test(`${JSON.stringify(a)} and ${JSON.stringify(b)} are ${same ? "" : "not "}the same`, () => {
    assert.equal(isSame(a, b), same);
  });
}

for (const [from, to, wanted] of [
  [0, 2, "bcad"],
  [3, 0, "dabc"],
  [1, 1, "abcd"],
  [1, Infinity, "acdb"],
  [2, -Infinity, "cabd"],
]) {
  test(`the row at ${from} goes to ${to}`, () => {
    assert.equal(moved([..."abcd"], from, to).join(""), wanted);
  });
}

const isFree = (letter) => letter === letter.toLowerCase();

for (const [row, by, wanted] of [
  ["a", 1, "XbYacZ"],
  ["c", -1, "XaYcbZ"],
  ["a", Infinity, "XbYcaZ"],
  ["X", 1, "XaYbcZ"],
]) {
  test(`${row} moves by ${by} among those that are free`, () => {
    assert.equal(movedAmong([..."XaYbcZ"], row, by, isFree).join(""), wanted);
  });
}

test("a row that is dropped on another takes its place", () => {
  const rows = [..."XaYbcZ"];
  assert.equal(placesTo(rows, "a", "c", isFree), 2);
  assert.equal(placesTo(rows, "c", "a", isFree), -2);
  assert.equal(placesTo(rows, "a", "Y", isFree), 0);
});

for (const [hash, view, event, item] of [
  ["", "events", null, null],
  ["#/accounts", "accounts", null, null],
  ["#/nowhere", "events", null, null],
  ["#/events/gala", "overview", "gala", null],
  ["#/events/a%2Fb/lots/7", "lots", "a/b", "7"],
  ["#/events/gala/nowhere/7", "overview", "gala", null],
  ["#/events/%E0%A4%A", "events", null, null],
]) {
  test(`${hash || "no hash"} is ${view}`, () => {
    const { view: found, event: of, item: at } = readRoute(hash);
    assert.deepEqual([found, of, at], [view, event, item]);
  });
}

test("a place's hash leads back to it", () => {
  for (const place of [
    ["events", null, null],
    ["lots", "a/b", "7"],
    ["overview", "gala", null],
  ]) {
    const { view, event, item } = readRoute(hashOf(...place));
    assert.deepEqual([view, event, item], place);
  }
});

const EVENT = {
  id: "gala",
  starts_at: 1,
  terms: "Pay.",
  contact: "desk",
  organisation: "The friends",
};
const LOT = { lot: 1, mode: "silent", ends_at: 500, description: "Old", images: [1], levels: [] };

for (const [name, lots, ready, open] of [
  ["without lots", [], false, ["There are lots"]],
  ["whole", [LOT], true, []],
  ["without an end", [{ ...LOT, ends_at: null }], false, ["Every silent lot has an end"]],
  ["that has ended", [{ ...LOT, ends_at: 50 }], false, ["No silent lot has ended already"]],
  ["without a picture", [{ ...LOT, images: [] }], true, ["Every lot has a picture"]],
  [
    "a pledge without levels",
    [LOT, { ...LOT, lot: 2, mode: "pledge" }],
    true,
    ["Pledge lots have levels"],
  ],
]) {
  test(`an event ${name} is ${ready ? "" : "not "}ready`, () => {
    const points = checklist(EVENT, lots, 100);
    assert.equal(isReady(points), ready);
    assert.deepEqual(
      points.filter(({ isDone }) => !isDone).map(({ text }) => text),
      open,
    );
  });
}
