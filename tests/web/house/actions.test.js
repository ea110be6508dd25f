// What a key makes of what is on the screen (PROTOCOL 3, rules 12 to 19).

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  actionOf,
  ACTIONS,
  makeCommand,
  mayDo,
  MOVES,
  readEntry,
} from "../../../saleroom/web/auctioneer/actions.js";

const LOT = {
  lot: 7,
  mode: "live",
  state: "open",
  price: 2000,
  leader: 101,
  ask: 2100,
  locked: false,
};

function make(id, { typed = "", ...desk } = {}) {
  const action = ACTIONS.find((each) => each.id === id);
  return makeCommand(action, {
    lot: LOT,
    inRing: LOT,
    next: null,
    event: { status: "open" },
    role: "auctioneer",
    entry: readEntry(typed),
    money: (amount) => `$${amount}`,
    amount: (text) => (/^\d+$/.test(text) ? Number(text) : null),
    undoable: null,
    now: 1_000,
    ...desk,
  });
}

const command = (...args) => make(...args).command;

test("no key means two things", () => {
  const keys = [...ACTIONS, ...MOVES].map((each) => each.key);
  assert.equal(new Set(keys).size, keys.length);
});

test("a floor bid names the ask that was seen", () => {
  assert.deepEqual(command("floor"), { type: "floor_bid", lot: 7, amount: 2100 });
  assert.deepEqual(command("floor", { typed: "214" }), {
    type: "floor_bid",
    lot: 7,
    amount: 2100,
    paddle: 214,
  });
});

test("an amount may name its paddle", () => {
  assert.deepEqual(command("amount", { typed: "2500" }), {
    type: "floor_bid",
    lot: 7,
    amount: 2500,
  });
  const both = { type: "floor_bid", lot: 7, amount: 2500, paddle: 214 };
  assert.deepEqual(command("amount", { typed: "2500 / 214" }), both);
  for (const typed of ["", "x", "2500/x"]) assert.ok(make("amount", { typed }).why, typed);
});

test("the hammer names the bid that was seen", () => {
  const sold = { type: "sell_lot", lot: 7, expect_paddle: 101, expect_amount: 2000 };
  assert.deepEqual(command("sold"), sold);
  assert.deepEqual(command("override"), { ...sold, override_reserve: true });
});

test("the hammer waits for a bid, and for its paddle", () => {
  assert.match(make("sold", { lot: { ...LOT, price: null, leader: null } }).why, /no bid/);
  assert.match(make("sold", { lot: { ...LOT, leader: null } }).why, /no paddle/);
});

test("a paddle is given to a floor bid that has none", () => {
  const floor = { ...LOT, leader: null };
  assert.deepEqual(command("assign", { lot: floor, typed: "214" }), {
    type: "assign_floor",
    lot: 7,
    paddle: 214,
  });
  assert.ok(make("assign", { typed: "214" }).why);
  assert.ok(make("assign", { lot: floor }).why);
});

test("a step asks for the price and one step", () => {
  assert.deepEqual(command("step", { typed: "250" }), {
    type: "set_ask",
    lot: 7,
    ask: 2250,
    step: 250,
  });
  const fresh = { ...LOT, price: null, leader: null };
  assert.deepEqual(command("step", { typed: "250", lot: fresh }), {
    type: "set_ask",
    lot: 7,
    ask: 2100,
    step: 250,
  });
});

test("the next lot opens only into an empty ring", () => {
  assert.match(make("next").why, /Lot 7 is in the ring/);
  const next = { ...LOT, lot: 8, state: "queued" };
  const sold = { ...LOT, state: "sold" };
  assert.deepEqual(command("next", { lot: sold, inRing: null, next }), {
    type: "open_lot",
    lot: 8,
  });
  const chosen = { ...LOT, lot: 12, state: "queued" };
  assert.deepEqual(command("next", { lot: chosen, inRing: null, next }), {
    type: "open_lot",
    lot: 12,
  });
});

test("an undo names what it takes back, or asks where that is not known", () => {
  const undo = { type: "undo", lot: 7, expect_seq: 40 };
  assert.deepEqual(command("undo", { undoable: { seq: 40, kind: "bid" } }), undo);
  assert.equal(make("undo", { undoable: undefined }).dialog, "undo");
  assert.match(make("undo").why, /nothing to undo/);
});

test("a pledge is voided, not undone", () => {
  assert.match(
    make("undo", { lot: { ...LOT, mode: "pledge" }, undoable: undefined }).why,
    /press V/,
  );
});

test("online bids are locked and taken again", () => {
  assert.deepEqual(command("remote"), { type: "lock_remote", lot: 7, on: true });
  assert.deepEqual(command("remote", { lot: { ...LOT, locked: true } }), {
    type: "lock_remote",
    lot: 7,
    on: false,
  });
  assert.ok(make("remote", { lot: { ...LOT, mode: "silent" } }).why);
});

test("a silent lot gets more time, from its end", () => {
  const silent = { ...LOT, mode: "silent", ends_at: 60_000 };
  const more = (typed) => command("extend", { lot: silent, typed });
  assert.deepEqual(more(""), { type: "extend_lot", lot: 7, ends_at: 180_000 });
  assert.deepEqual(more("5"), { type: "extend_lot", lot: 7, ends_at: 360_000 });
  assert.ok(make("extend", { lot: silent, typed: "1.5" }).why);
  assert.ok(make("extend").why);
});

test("one key opens, pauses and goes on", () => {
  assert.deepEqual(command("hold", { event: { status: "published" } }), { type: "open_event" });
  assert.equal(make("hold").dialog, "pause");
  assert.deepEqual(command("hold", { event: { status: "paused" } }), { type: "resume_event" });
  assert.ok(make("hold", { event: { status: "closed" } }).why);
});

test("a clerk is told what is for auctioneers, a donor may do nothing", () => {
  assert.match(make("hold", { role: "clerk" }).why, /auctioneers/);
  assert.ok(make("sold", { role: "clerk" }).command);
  for (const action of ACTIONS) assert.equal(mayDo("donor", action), false, action.id);
});

test("keys with a modifier are the browser's", () => {
  assert.equal(actionOf({ key: "s" }).id, "sold");
  assert.equal(actionOf({ key: "S", shiftKey: true }).id, "override");
  assert.equal(actionOf({ key: "s", ctrlKey: true }), undefined);
  assert.equal(actionOf({ key: "z" }), undefined);
});
