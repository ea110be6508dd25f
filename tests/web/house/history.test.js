// What a desk knows of what was done to a lot, and what an undo would take back (rules 12 and 17).

import assert from "node:assert/strict";
import { test } from "node:test";
import { entryWords, History, LOG_MAX } from "../../../saleroom/web/auctioneer/history.js";

const OPEN = { lot: 1, state: "open" };
const SOLD = { lot: 1, state: "sold" };
const bid = (seq, fields = {}) => ({ seq, type: "bid_placed", lot: 1, source: "floor", ...fields });

function historyOf(...facts) {
  const history = new History();
  for (const fact of facts) history.take(fact);
  return history;
}

const opened = { seq: 1, type: "lot_opened", lot: 1 };

test("an undo names the newest action that was seen", () => {
  const history = historyOf(opened, bid(2), {
    seq: 3,
    type: "lot_warned",
    lot: 1,
    stage: "fair_warning",
  });
  assert.deepEqual(history.newestUndoable(OPEN), { seq: 3, kind: "warn" });
});

test("what was undone is not undone again", () => {
  const history = historyOf(opened, bid(2), bid(3), {
    seq: 4,
    type: "bid_undone",
    lot: 1,
    undone: 3,
  });
  assert.deepEqual(history.newestUndoable(OPEN), { seq: 2, kind: "bid" });
});

test("the bid that came with the opening is no action", () => {
  assert.equal(historyOf(opened, bid(2, { source: "absentee" })).newestUndoable(OPEN), null);
});

test("before the opening was seen, nobody guesses", () => {
  assert.equal(new History().newestUndoable(OPEN), undefined);
  const history = historyOf(opened, bid(2));
  history.forgetActions();
  assert.equal(history.newestUndoable(OPEN), undefined);
});

test("after a hammer only the hammer is undone, and an end by the clock not at all", () => {
  const sold = { seq: 3, type: "item_sold", lot: 1, how: "hammer" };
  assert.deepEqual(historyOf(opened, bid(2), sold).newestUndoable(SOLD), { seq: 3, kind: "sell" });
  const ended = { ...sold, how: "clock" };
  assert.equal(historyOf(opened, bid(2), ended).newestUndoable(SOLD), null);
});

test("a lot that was opened again is undone as before its sale", () => {
  const sold = { seq: 3, type: "item_sold", lot: 1, how: "hammer" };
  const again = { seq: 4, type: "lot_reopened", lot: 1, fresh: false };
  assert.deepEqual(historyOf(opened, bid(2), sold, again).newestUndoable(OPEN), {
    seq: 2,
    kind: "bid",
  });
  assert.equal(historyOf(opened, bid(2), { ...again, fresh: true }).newestUndoable(OPEN), null);
});

test("units chosen stand between a sale and its undo", () => {
  const sold = { seq: 3, type: "item_sold", lot: 1, how: "hammer" };
  const chosen = { seq: 4, type: "units_chosen", lot: 1, paddle: 101, units: 2, remaining: 1 };
  assert.equal(historyOf(opened, bid(2), sold, chosen).newestUndoable(SOLD), null);
});

test("a log is bounded and keeps the newest", () => {
  const history = historyOf(...Array.from({ length: LOG_MAX + 5 }, (_, n) => bid(n + 1)));
  assert.equal(history.log(1).length, LOG_MAX);
  assert.equal(history.log(1)[0].seq, LOG_MAX + 5);
});

test("earlier bids are filled in once, behind what was seen", () => {
  const history = historyOf(bid(5));
  const earlier = [5, 4, 3].map((seq) => ({
    seq,
    at: seq,
    bidder: 101,
    leader: 101,
    amount: 100,
    source: "online",
  }));
  history.fill(1, earlier);
  history.fill(1, earlier);
  assert.deepEqual(
    history.log(1).map((entry) => entry.seq),
    [5, 4, 3],
  );
});

test("entries are told in words", () => {
  const money = (amount) => `$${amount}`;
  const held = bid(2, { amount: 500, bidder: 102, paddle: 101, source: "online" });
  assert.equal(entryWords(held, money), "$500, paddle 102 (online), paddle 101 leads");
  const floor = bid(3, { amount: 600, bidder: null, paddle: null });
  assert.equal(entryWords(floor, money), "$600, no paddle yet (floor)");
});
