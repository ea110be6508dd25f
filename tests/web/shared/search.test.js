import assert from "node:assert/strict";
import { test } from "node:test";

import { filtered, matches, sorted } from "../../../saleroom/web/donor/search.js";

const LOTS = [
  {
    lot: 1,
    title: "Kayak",
    mode: "silent",
    state: "open",
    price: 300,
    min_next: 350,
    ends_at: 90,
    bid_count: 2,
    won: false,
  },
  {
    lot: 2,
    title: "Änderung",
    mode: "live",
    state: "queued",
    price: null,
    min_next: 100,
    ends_at: null,
    bid_count: 0,
    won: false,
  },
  {
    lot: 3,
    title: "Opera",
    mode: "silent",
    state: "sold",
    price: 50,
    min_next: 60,
    ends_at: 10,
    bid_count: 9,
    won: true,
  },
  {
    lot: 4,
    title: "Bread",
    mode: "silent",
    state: "open",
    price: 200,
    min_next: 250,
    ends_at: 40,
    bid_count: 5,
    won: false,
  },
];
const OWN = { watching: new Set([2]), bidOn: new Set([1, 3, 4]), leads: (lot) => lot.lot === 4 };
const numbers = (lots) => lots.map((lot) => lot.lot);

test("a filter leaves what it says", () => {
  const found = (filter) => numbers(filtered(LOTS, filter, OWN));
  assert.deepEqual(found("all"), [1, 2, 3, 4]);
  assert.deepEqual(found("live"), [2]);
  assert.deepEqual(found("watching"), [2]);
  assert.deepEqual(found("bids"), [1, 3, 4]);
  assert.deepEqual(found("winning"), [3, 4]);
  assert.deepEqual(found("outbid"), [1]);
});

test("what has ended comes last in every order but the running one", () => {
  const order = (sort) => numbers(sorted(LOTS, sort));
  assert.deepEqual(order("order"), [1, 2, 3, 4]);
  assert.deepEqual(order("ending"), [4, 1, 2, 3]);
  assert.deepEqual(order("low"), [2, 4, 1, 3]);
  assert.deepEqual(order("high"), [1, 4, 2, 3]);
  assert.deepEqual(order("bids"), [4, 1, 2, 3]);
  assert.deepEqual(order("title"), [2, 4, 1, 3]);
});

test("every word begins a word of the lot, whatever its accents", () => {
  assert.ok(matches("Sunrise kayak tour", "kay sun"));
  assert.ok(matches("Änderungsschneiderei", "anderungs"));
  assert.ok(!matches("Sunrise kayak tour", "kay opera"));
  assert.ok(!matches("Sunrise", "rise"));
});
