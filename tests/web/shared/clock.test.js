import assert from "node:assert/strict";
import { test } from "node:test";

import { ServerClock } from "../../../saleroom/web/clock.js";
import { formatRemaining } from "../../../saleroom/web/countdown.js";

test("the server's time does not depend on the device's", () => {
  let local = 1_000;
  const clock = new ServerClock(() => local);
  clock.hear(50_000);
  assert.equal(clock.now(), 50_000);
  clock.observe(1_000, 1_200, 50_090);
  local = 1_200;
  assert.equal(clock.now(), 50_190);
});

test("the answer with the shortest way counts", () => {
  const clock = new ServerClock(() => 0);
  clock.observe(0, 20, 10_010);
  clock.observe(1_000, 3_000, 11_900);
  assert.equal(clock.now(), 10_000);
});

test("answers are forgotten, so that a clock that drifts is followed", () => {
  const clock = new ServerClock(() => 0);
  clock.observe(0, 2, 10_001);
  for (let count = 0; count < 8; count += 1) clock.observe(0, 10, 10_505);
  assert.equal(clock.now(), 10_500);
});

test("a heartbeat does not spoil what pings have measured", () => {
  const clock = new ServerClock(() => 0);
  clock.observe(0, 10, 10_005);
  clock.hear(99_999);
  assert.equal(clock.now(), 10_000);
});

test("what is left is written short, and never says zero too early", () => {
  const cases = [
    [0, "0:00"],
    [-5, "0:00"],
    [1, "0:01"],
    [59_001, "1:00"],
    [725_000, "12:05"],
    [3_600_000, "1 h 00 min"],
    [3_600_000 * 25, "1 day 1 h"],
    [3_600_000 * 50, "2 days"],
  ];
  for (const [left, text] of cases) assert.equal(formatRemaining(left), text);
});
