// What the ballroom's screen shows at a moment (issue 7, point 3).

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  FUND_MS,
  NO_MOMENTS,
  noteMoment,
  RESULT_MS,
  sceneOf,
  SILENT_ROWS,
  silentPage,
  sizeOf,
  sponsorsOf,
  thermometer,
  TURN_MS,
} from "../../../saleroom/web/house/scene.js";
import { releaseIn } from "../../../saleroom/web/house/release.js";

const LIVE = { lot: 1, mode: "live", state: "open" };
const FUND = { lot: 4, mode: "pledge", state: "open" };
const NOW = 1_000_000;

function scene(lots, moments = NO_MOMENTS, { status = "open", now = NOW } = {}) {
  const { kind, lot } = sceneOf({
    event: { status },
    ordered: lots,
    rings: new Map(),
    moments,
    now,
  });
  return [kind, lot?.lot ?? null];
}

const sold = { type: "item_sold", seq: 9, at: NOW, lot: 1 };
const pledged = { type: "pledge_made", seq: 10, at: NOW, lot: 4 };

test("the lot in the ring comes before everything", () => {
  assert.deepEqual(scene([FUND, LIVE], noteMoment(NO_MOMENTS, pledged, FUND)), ["live", 1]);
});

test("a result stays for its time", () => {
  const lots = [{ ...LIVE, state: "sold" }];
  const moments = noteMoment(NO_MOMENTS, sold, LIVE);
  assert.deepEqual(scene(lots, moments, { now: NOW + RESULT_MS - 1 }), ["result", 1]);
  assert.deepEqual(scene(lots, moments, { now: NOW + RESULT_MS }), ["overview", null]);
});

test("a result that was undone goes at once", () => {
  const undone = { type: "bid_undone", seq: 11, at: NOW, lot: 1 };
  assert.equal(noteMoment(noteMoment(NO_MOMENTS, sold, LIVE), undone, LIVE).result, null);
});

test("a silent lot's end does not take the stage", () => {
  assert.equal(noteMoment(NO_MOMENTS, sold, { ...LIVE, mode: "silent" }).result, null);
});

test("a fund follows a result while people pledge, and gives way to the next lot", () => {
  const lots = [{ ...LIVE, state: "sold" }, FUND];
  const moments = noteMoment(noteMoment(NO_MOMENTS, sold, LIVE), pledged, FUND);
  assert.deepEqual(scene(lots, moments), ["result", 1]);
  assert.deepEqual(scene(lots, moments, { now: NOW + RESULT_MS }), ["fund", 4]);
  assert.deepEqual(scene(lots, moments, { now: NOW + FUND_MS }), ["overview", null]);
  const opened = noteMoment(
    moments,
    { type: "lot_opened", seq: 12, at: NOW, lot: 2 },
    { mode: "live" },
  );
  assert.deepEqual([opened.fund, opened.result], [null, null]);
});

test("before and after the sale there is a word", () => {
  assert.deepEqual(scene([LIVE], NO_MOMENTS, { status: "published" }), ["before", null]);
  assert.deepEqual(scene([LIVE], NO_MOMENTS, { status: "closed" }), ["closed", null]);
});

test("silent lots are shown by their ends, page after page, and all in turn", () => {
  const lots = Array.from({ length: SILENT_ROWS + 2 }, (_, n) => ({
    lot: n + 1,
    mode: "silent",
    state: "open",
    ends_at: NOW - n,
  }));
  const first = silentPage(lots, 0);
  const second = silentPage(lots, TURN_MS);
  assert.equal(first.lots[0].lot, SILENT_ROWS + 2);
  assert.equal(new Set([...first.lots, ...second.lots]).size, lots.length);
  assert.deepEqual(silentPage(lots, 2 * TURN_MS).page, 0);
});

test("a thermometer shows pledges and match apart, and never overflows", () => {
  const half = thermometer({ total: 30, match: 20, goal: 100, challenge: null });
  assert.deepEqual(
    [half.sum, half.pledged, half.matched, half.goal, half.percent],
    [50, 0.3, 0.2, 1, 50],
  );
  const over = thermometer({ total: 150, match: 50, goal: 100, challenge: null });
  assert.deepEqual([over.pledged + over.matched, over.goal, over.percent], [1, 0.5, 200]);
  const empty = thermometer({ total: 0, match: 0, goal: null, challenge: null });
  assert.deepEqual([empty.pledged, empty.goal, empty.percent], [0, null, null]);
});

test("sponsors are a line of the description", () => {
  assert.equal(
    sponsorsOf("An evening.\n\nSponsors: Old Mill, Harbour Bank\nDinner at eight."),
    "Old Mill, Harbour Bank",
  );
  assert.equal(sponsorsOf("Our sponsors are kind."), null);
  assert.equal(sponsorsOf(null), null);
});

test("long amounts are written smaller", () => {
  const amounts = ["$25,000", "$125,000", "$1,234,567", "$1,000,004,999"];
  assert.deepEqual(amounts.map(sizeOf), ["", "long", "longest", "huge"]);
});

test("the release is read from an address", () => {
  assert.equal(releaseIn('<script src="/web/0f3a5c7e/display/main.js">'), "0f3a5c7e");
  assert.equal(releaseIn("file:///elsewhere/release.js"), null);
});
