import assert from "node:assert/strict";
import { test } from "node:test";

import { EventStore } from "../../../saleroom/web/event_store.js";
import { effect } from "../../../saleroom/web/vendor/signals-core.js";

const LOT = {
  lot: 1,
  title: "A kayak",
  mode: "silent",
  state: "open",
  price: null,
  leader: null,
  min_next: 1_000,
  bid_count: 0,
  ends_at: 90_000,
  ask: null,
  reserve_met: null,
  buy_now: null,
  remaining: null,
  total: null,
  match: null,
  donors: null,
};
const YOU = {
  role: "donor",
  paddle: 7,
  name: "Ann",
  locked: false,
  maxes: {},
  leading: [],
  won: [],
};

function welcome({
  lots = [LOT, { ...LOT, lot: 2, mode: "live", state: "queued", ends_at: null }],
  seq = 10,
  you = YOU,
} = {}) {
  const event = { id: "e", title: "Gala", status: "open", currency: "USD", server_time: 1 };
  return {
    type: "welcome",
    event: "e",
    epoch: "x",
    seq,
    server_time: 1,
    recovered: false,
    you,
    heartbeat_ms: 30_000,
    snapshot: { event, lots, leaderboard: [], raised: 0, you },
  };
}

function opened(options) {
  const store = new EventStore();
  assert.ok(store.take(welcome(options)));
  return store;
}

function feed(store, ...facts) {
  const from = store.seq + 1;
  const events = facts.map((fact, index) => ({ seq: from + index, at: 5, ...fact }));
  return store.take({ type: "feed", from, to: from + facts.length - 1, events });
}

const bid = (paddle, amount, more = {}) => ({
  type: "bid_placed",
  lot: 1,
  paddle,
  bidder: paddle,
  amount,
  min_next: amount + 500,
  bid_count: 1,
  source: "online",
  reserve_met: null,
  ends_at: 95_000,
  bids: 1,
  ...more,
});

test("a bid moves its lot, and no other lot's signal", () => {
  const store = opened();
  const drawn = { 1: 0, 2: 0 };
  for (const number of [1, 2]) {
    effect(() => {
      drawn[number] += store.lot(number).value ? 1 : 0;
    });
  }
  assert.ok(feed(store, bid(7, 1_000)));
  const lot = store.lot(1).value;
  assert.deepEqual(
    [lot.price, lot.leader, lot.min_next, lot.ends_at, lot.bid_count],
    [1_000, 7, 1_500, 95_000, 1],
  );
  assert.ok(store.leads(lot));
  assert.deepEqual(drawn, { 1: 2, 2: 1 });
});

test("several facts of one feed draw a lot once", () => {
  const store = opened();
  let drawn = 0;
  effect(() => {
    drawn += store.lot(1).value ? 1 : 0;
  });
  feed(store, bid(7, 1_000), bid(8, 1_500), { type: "lot_extended", lot: 1, ends_at: 99_000 });
  assert.equal(drawn, 2);
  assert.equal(store.lot(1).value.ends_at, 99_000);
});

test("a gap is told, and nothing of what comes after it is applied", () => {
  const store = opened();
  assert.equal(
    store.take({ type: "feed", from: 12, to: 12, events: [{ seq: 12, at: 1, ...bid(8, 9_000) }] }),
    false,
  );
  assert.equal(store.lot(1).value.price, null);
  assert.deepEqual(store.resume(), { resume: { epoch: "x", seq: 10 } });
});

test("what came already is not applied again", () => {
  const store = opened();
  feed(store, bid(8, 1_000));
  assert.ok(
    store.take({ type: "feed", from: 11, to: 11, events: [{ seq: 11, at: 1, ...bid(9, 7_000) }] }),
  );
  assert.equal(store.lot(1).value.leader, 8);
});

test("one's own max is kept while one leads, and gone when outbid", () => {
  const store = opened({ you: { ...YOU, maxes: { 1: 5_000 } } });
  assert.equal(store.lot(1).value.max, 5_000);
  feed(store, bid(7, 1_000, { bidder: 8 }));
  assert.equal(store.lot(1).value.max, 5_000);
  feed(store, bid(8, 6_000));
  assert.equal(store.lot(1).value.max, null);
});

test("a sold lot is won by its paddle; undo takes it back", () => {
  const store = opened();
  feed(store, { type: "item_sold", lot: 2, paddle: 7, amount: 4_000, units: 1, how: "hammer" });
  assert.deepEqual([store.lot(2).value.state, store.lot(2).value.won], ["sold", true]);
  feed(store, {
    type: "bid_undone",
    lot: 2,
    undone: 11,
    price: 4_000,
    leader: 7,
    min_next: 4_500,
    state: "final_call",
  });
  const lot = store.lot(2).value;
  assert.deepEqual(
    [lot.state, lot.won, lot.ask, lot.bid_count],
    ["final_call", false, 4_500, null],
  );
});

test("a purchase leaves a sale lot open until the last unit", () => {
  const store = opened({ lots: [{ ...LOT, mode: "sale", remaining: 2, ends_at: null }] });
  const sold = (remaining) => ({
    type: "item_sold",
    lot: 1,
    paddle: 9,
    amount: 1_000,
    units: 1,
    how: "purchase",
    remaining,
  });
  feed(store, sold(1));
  assert.deepEqual(
    [store.lot(1).value.state, store.lot(1).value.remaining, store.lot(1).value.leader],
    ["open", 1, null],
  );
  feed(store, sold(0));
  assert.equal(store.lot(1).value.state, "sold");
});

test("the winner of a choice lot chooses, and the next one is offered the rest (rule 20)", () => {
  const store = opened({
    lots: [{ ...LOT, lot: 2, mode: "live", ask: 1_000, remaining: 3, ends_at: null }],
  });
  feed(store, {
    type: "item_sold",
    lot: 2,
    paddle: 7,
    amount: 2_000,
    units: 1,
    how: "hammer",
    remaining: 2,
  });
  assert.deepEqual(store.lot(2).value.choice, { paddle: 7, units: 3 });
  feed(
    store,
    { type: "units_chosen", lot: 2, paddle: 7, units: 2, remaining: 1 },
    { type: "offer_made", lot: 2, paddle: 8, amount: 1_900 },
  );
  assert.equal(store.lot(2).value.choice, null);
  assert.deepEqual(store.lot(2).value.offer, { paddle: 8, amount: 1_900 });
  feed(store, { type: "offer_answered", lot: 2, paddle: 8, accepted: false });
  assert.equal(store.lot(2).value.offer, null);
});

test("a new round starts from the opening; where that is not known the event is read anew", () => {
  const store = opened({ lots: [{ ...LOT, state: "passed" }] });
  assert.ok(feed(store, { type: "lot_reopened", lot: 1, fresh: true }));
  assert.deepEqual([store.lot(1).value.min_next, store.lot(1).value.bid_count], [1_000, 0]);
  const late = opened({
    lots: [{ ...LOT, state: "passed", price: 3_000, leader: 8, min_next: 3_500 }],
  });
  assert.equal(feed(late, { type: "lot_reopened", lot: 1, fresh: true }), false);
  assert.deepEqual(late.resume(), {});
});

test("pledges, matches and challenges move the sums", () => {
  const store = opened({
    lots: [{ ...LOT, mode: "pledge", total: 0, match: 0, donors: 0, levels: [500], goal: null }],
  });
  feed(store, {
    type: "pledge_made",
    lot: 1,
    paddle: 7,
    level: 500,
    count: 1,
    total: 500,
    match: 250,
    donors: 1,
    pledges: 1,
  });
  const { total, match, donors } = store.lot(1).value;
  assert.deepEqual([total, match, donors], [500, 250, 1]);
  feed(store, { type: "pledge_closed", lot: 1, total: 500, match: 250, donors: 1 });
  assert.equal(store.lot(1).value.state, "closed");
});

test("a pause freezes, and the ends come back with the sale", () => {
  const store = opened();
  feed(store, { type: "event_paused", reason: "a fire alarm" });
  assert.deepEqual([store.event.value.status, store.pauseReason.value], ["paused", "a fire alarm"]);
  feed(store, { type: "event_resumed", ends: { 1: 120_000 } });
  assert.deepEqual([store.event.value.status, store.lot(1).value.ends_at], ["open", 120_000]);
});

test("a lot that is added joins the list", () => {
  const store = opened();
  feed(store, { type: "lot_added", lot: 3, title: "Late", mode: "live", opening: 700 });
  const lot = store.lot(3).value;
  assert.deepEqual(store.numbers.value, [1, 2, 3]);
  assert.deepEqual(
    [lot.state, lot.min_next, lot.ask, lot.price, lot.max],
    ["queued", 700, 700, null, null],
  );
});

test("a new snapshot keeps the signals that cards hold", () => {
  const store = opened();
  const held = store.lot(1);
  store.take(welcome({ seq: 40, lots: [{ ...LOT, price: 9_000, leader: 8, min_next: 9_500 }] }));
  assert.equal(store.lot(1), held);
  assert.equal(held.value.price, 9_000);
  assert.equal(store.lot(2), undefined);
});

test("notices reach who listens, after they were applied", () => {
  const store = opened();
  const heard = [];
  store.listen((told) => heard.push([told.type, store.lot(1).value.max]));
  store.take({ type: "max_changed", lot: 1, max: 8_000 });
  store.take({ type: "outbid", lot: 1, price: 9_000, min_next: 9_500 });
  assert.deepEqual(heard, [
    ["max_changed", 8_000],
    ["outbid", 8_000],
  ]);
});
