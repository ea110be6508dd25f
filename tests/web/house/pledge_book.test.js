// Paddle numbers as they are typed, and the doubles among them (rule 22).

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  EMPTY_BOOK,
  enter,
  keyed,
  lastMade,
  leaveOut,
  noteGiven,
  noteVoided,
  settle,
  waitingDouble,
} from "../../../saleroom/web/auctioneer/pledge_book.js";

function made(...paddles) {
  return paddles.reduce((book, paddle) => {
    const id = `${paddle}`;
    const entered = enter(book, id, paddle, 1000).book;
    return settle(noteGiven(entered, { paddle, level: 1000 }), id, { state: "made", seq: paddle });
  }, EMPTY_BOOK);
}

test("a number at a new level is no double", () => {
  assert.equal(enter(made(101), "x", 101, 500).isDouble, false);
  assert.equal(enter(made(101), "x", 101, 1000).isDouble, true);
});

test("a number typed twice before an answer is a double", () => {
  const { book } = enter(EMPTY_BOOK, "a", 101, 1000);
  assert.equal(enter(book, "b", 101, 1000).isDouble, true);
});

test("what others keyed makes a double too", () => {
  const book = noteGiven(EMPTY_BOOK, { paddle: 101, level: 1000 });
  assert.equal(enter(book, "a", 101, 1000).isDouble, true);
});

test("the newest double waits, until it is left out", () => {
  let { book } = enter(made(101, 102), "a", 101, 1000);
  ({ book } = enter(book, "b", 102, 1000));
  assert.equal(waitingDouble(book).paddle, 102);
  book = leaveOut(book, "b");
  assert.equal(waitingDouble(book).paddle, 101);
  assert.equal(waitingDouble(leaveOut(book, "a")), null);
});

test("only what was taken is counted", () => {
  const { book } = enter(made(101, 102), "a", 103, 1000);
  assert.deepEqual(keyed(book), { count: 2, amount: 2000 });
});

test("a void is counted out, and is not void twice", () => {
  const book = noteVoided(made(101, 102), { paddle: 102, level: 1000, voided: 102 });
  assert.deepEqual(keyed(book), { count: 1, amount: 1000 });
  assert.equal(lastMade(book).paddle, 101);
  assert.equal(enter(book, "x", 102, 1000).isDouble, false);
});

test("a void of one of two pledges leaves the other a double's reason", () => {
  let { book } = enter(made(101), "again", 101, 1000);
  book = settle(book, "again", { state: "made", seq: 9 });
  book = noteVoided(book, { paddle: 101, level: 1000, voided: 9 });
  assert.equal(enter(book, "x", 101, 1000).isDouble, true);
});
