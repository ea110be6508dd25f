// The operator's tree and figures.

import assert from "node:assert/strict";
import { test } from "node:test";
import { linePath, POINTS_MAX, sayFigure, Series } from "../../../saleroom/web/operator/figures.js";
import { statsOf } from "../../../saleroom/web/operator/states.js";
import {
  changedTree,
  eventOf,
  eventsOf,
  faultsBetween,
  nodeAt,
  rowsOf,
} from "../../../saleroom/web/operator/tree.js";

function node(path, children = [], more = {}) {
  const kind = children.length > 0 ? "supervisor" : "worker";
  return {
    path,
    kind,
    state: "running",
    restarts: 0,
    last_error: null,
    stats: {},
    children,
    ...more,
  };
}

const TREE = node("s", [
  node("s/events", [
    node("s/events/event:a", [
      node("s/events/event:a/mailbox", [], { stats: { mailbox: 2 } }),
      node("s/events/event:a/engine", [], { stats: { seq: 7 }, restarts: 1 }),
    ]),
  ]),
  node("s/doors"),
]);

test("a change reaches its node and no other", () => {
  const { children: _, ...change } = node("s/events/event:a/engine", [], { state: "failed" });
  const after = changedTree(TREE, [change]);
  assert.equal(nodeAt(after, change.path).state, "failed");
  assert.equal(nodeAt(TREE, change.path).state, "running");
  assert.equal(after.children[1], TREE.children[1]);
});

test("a change of an inner node leaves what is below it", () => {
  const after = changedTree(TREE, [{ path: "s/events", state: "stopping" }]);
  assert.equal(nodeAt(after, "s/events").state, "stopping");
  assert.equal(rowsOf(after).length, rowsOf(TREE).length);
});

test("nodes come and go, one below the other", () => {
  const came = changedTree(TREE, [
    { path: "s/events/event:ab", kind: "supervisor", state: "starting" },
    { path: "s/events/event:ab/engine", kind: "worker", state: "starting" },
  ]);
  assert.equal(nodeAt(came, "s/events/event:ab").children.length, 1);
  const went = changedTree(came, [
    { path: "s/events/event:ab", removed: true },
    { path: "s/events/event:ab/engine", removed: true },
    { path: "s/nowhere/at/all", removed: true },
  ]);
  assert.deepEqual(went, TREE);
});

test("the root changes too", () => {
  assert.equal(changedTree(TREE, [{ path: "s", state: "stopping" }]).state, "stopping");
});

test("an event is one line with the figures of all its children", () => {
  assert.deepEqual(eventsOf(TREE), [
    {
      id: "a",
      path: "s/events/event:a",
      state: "running",
      restarts: 1,
      stats: { mailbox: 2, seq: 7 },
    },
  ]);
  assert.equal(eventOf("s/events/event:a/engine"), "a");
  assert.equal(eventOf("s/doors"), null);
});

test("faults are what fell between two pictures", () => {
  const path = "s/events/event:a/engine";
  const change = (fields) => changedTree(TREE, [{ path, ...fields }]);
  assert.deepEqual(faultsBetween(TREE, TREE), []);
  assert.deepEqual(faultsBetween(TREE, change({ restarts: 2, last_error: "boom" })), [
    { path, what: "restarted", error: "boom" },
  ]);
  assert.deepEqual(
    faultsBetween(TREE, change({ state: "failed", restarts: 2, last_error: "boom" })),
    [{ path, what: "failed", error: "boom" }],
  );
  assert.deepEqual(faultsBetween(TREE, change({ last_error: "store away" })), [
    { path, what: "waits", error: "store away" },
  ]);
});

test("a counter's points are its rate, and a restart is a hole", () => {
  const series = new Series({ isCounter: true });
  for (const [at, value] of [
    [0, 10],
    [1_000, 30],
    [3_000, 40],
    [4_000, 2],
    [5_000, 5],
    [6_000, null],
  ]) {
    series.add(at, value);
  }
  assert.deepEqual(series.points, [null, 20, 5, null, 3, null]);
  assert.equal(series.most, 20);
  assert.equal(series.newest, null);
});

test("only so many points are kept", () => {
  const series = new Series();
  for (let at = 0; at < POINTS_MAX + 5; at += 1) series.add(at, at);
  assert.equal(series.points.length, POINTS_MAX);
  assert.equal(series.newest, POINTS_MAX + 4);
});

test("the line ends at the right edge, and breaks where there is no point", () => {
  assert.equal(linePath([0, 10, null, 5], 119, 12, 10), "M116 11L117 1M119 6");
  assert.equal(linePath([], 119, 12, 0), "");
  assert.equal(linePath([0], 119, 12, 0), "M119 11");
});

for (const [value, text] of [
  [null, "–"],
  [0, "0"],
  [2, "2"],
  [2.34, "2.3"],
  [12.6, "13"],
  [12_345, "12\u202f345"],
]) {
  test(`${value} is written ${text}`, () => assert.equal(sayFigure(value), text));
}

test("statistics come with the first ones first, and without noughts", () => {
  const stats = {
    commits: 0,
    lag_ms: 1.25,
    seq: 0,
    mailbox: 3,
    degraded: false,
    rss_bytes: 3_145_728,
  };
  assert.deepEqual(statsOf({ stats }), [
    ["mailbox", "3"],
    ["seq", "0"],
    ["lag ms", "1.3"],
    ["rss bytes", "3.0 MiB"],
  ]);
});
