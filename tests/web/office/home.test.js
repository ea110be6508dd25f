// The list of events: groups and their order.

import assert from "node:assert/strict";
import { test } from "node:test";
import { groupEvents, statusOf } from "../../../saleroom/web/home/groups.js";

const event = (title, status, starts_at) => ({ title, status, starts_at });
const titles = (events) => events.map(({ title }) => title).join("");

test("every event is in one group, the nearest first", () => {
  const groups = groupEvents([
    event("a", "published", 9),
    event("b", "closed", 1),
    event("c", "open", 5),
    event("d", "published", null),
    event("e", "paused", 4),
    event("f", "closed", 2),
    event("g", "published", 7),
    event("h", "draft", null),
    event("i", "published", null),
  ]);
  assert.deepEqual([groups.open, groups.upcoming, groups.past, groups.drafts].map(titles), [
    "ec",
    "gadi",
    "fb",
    "h",
  ]);
});

test("every status has a word", () => {
  for (const status of ["draft", "published", "open", "paused", "closed"]) {
    assert.ok(statusOf({ status })[1]);
  }
});
