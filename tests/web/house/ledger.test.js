// Commands of a desk from the key to the answer, also over a lost line (rule 28).

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  Ledger,
  MOMENT_MS,
  SHOWN_MAX,
  WAITING_MAX,
} from "../../../saleroom/web/auctioneer/ledger.js";
import { signal } from "../../../saleroom/web/vendor/signals-core.js";

function desk({ isUp = true } = {}) {
  const line = { isUp: signal(isUp), sent: [], answers: [], at: 0, ids: 0 };
  line.ledger = new Ledger({
    send: (command) => {
      line.sent.push(command);
      return new Promise((resolve) => line.answers.push(resolve));
    },
    isUp: line.isUp,
    newId: () => `id-${(line.ids += 1)}`,
    now: () => line.at,
  });
  return line;
}

const states = ({ ledger }) => ledger.entries.value.map((entry) => entry.state);
const settled = () => new Promise((resolve) => setImmediate(resolve));
const BID = { type: "floor_bid", lot: 1 };
const PLEDGE = { type: "pledge", lot: 4 };

test("a command is sent at once and ends with its answer", async () => {
  const line = desk();
  const end = line.ledger.give("Bid", BID);
  assert.deepEqual(states(line), ["pending"]);
  line.answers[0]({ type: "ack", re: "id-1" });
  assert.equal((await end).state, "acked");
  assert.deepEqual(states(line), ["acked"]);
});

test("while the line is down a command waits, and goes when it is back", async () => {
  const line = desk({ isUp: false });
  line.ledger.give("Bid", BID);
  assert.deepEqual([states(line), line.sent], [["held"], []]);
  line.isUp.value = true;
  line.ledger.resume();
  assert.deepEqual(line.sent, [{ ...BID, id: "id-1" }]);
});

test("what came too late for its moment waits for a person, a pledge does not", () => {
  const line = desk({ isUp: false });
  line.ledger.give("Bid", BID);
  line.ledger.give("Pledge", PLEDGE);
  line.at = MOMENT_MS + 1;
  line.isUp.value = true;
  line.ledger.resume();
  assert.deepEqual(line.sent, [{ ...PLEDGE, id: "id-2" }]);
  line.ledger.retry("id-1");
  assert.deepEqual(line.sent[1], { ...BID, id: "id-1" });
});

test("a command without an answer is sent again under its id", async () => {
  const line = desk();
  const end = line.ledger.give("Bid", BID);
  line.answers[0]({ type: "nack", code: "NO_ANSWER", wasSent: true });
  await settled();
  assert.deepEqual(states(line), ["unknown"]);
  line.at = MOMENT_MS * 10;
  line.ledger.resume();
  assert.deepEqual(line.sent[1], line.sent[0]);
  line.answers[1]({ type: "nack", code: "STALE_ASK" });
  assert.equal((await end).state, "refused");
});

test("a command that was never sent is dropped, and stays dropped", async () => {
  const line = desk({ isUp: false });
  const end = line.ledger.give("Bid", BID);
  line.ledger.drop("id-1");
  assert.equal((await end).state, "dropped");
  line.isUp.value = true;
  line.ledger.resume();
  assert.deepEqual(line.sent, []);
});

test("an answer after the drop changes nothing", async () => {
  const line = desk();
  line.ledger.give("Bid", BID);
  line.ledger.drop("id-1");
  line.answers[0]({ type: "ack" });
  await settled();
  assert.deepEqual(states(line), ["dropped"]);
});

test("commands go in the order in which they were given", () => {
  const line = desk({ isUp: false });
  for (const lot of [1, 2, 3]) line.ledger.give("Bid", { ...BID, lot });
  line.isUp.value = true;
  line.ledger.resume();
  assert.deepEqual(
    line.sent.map((command) => command.lot),
    [1, 2, 3],
  );
});

test("what waits is bounded, and what ended makes room", async () => {
  const line = desk({ isUp: false });
  for (let n = 0; n < WAITING_MAX; n += 1) line.ledger.give("Bid", BID);
  assert.equal((await line.ledger.give("Bid", BID)).state, "refused");
  assert.equal(line.ledger.waiting.length, WAITING_MAX);
  for (const { id } of line.ledger.waiting) line.ledger.drop(id);
  for (let n = 0; n < WAITING_MAX; n += 1) line.ledger.give("Bid", BID);
  assert.ok(line.ledger.entries.value.length <= WAITING_MAX + SHOWN_MAX);
  assert.equal(line.ledger.waiting.length, WAITING_MAX);
});
