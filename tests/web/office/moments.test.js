// Moments: date fields in a time zone, over the hours that clocks skip and repeat.

import assert from "node:assert/strict";
import { test } from "node:test";
import { asField, fromField, isZone, zoneOf } from "../../../saleroom/web/admin/moments.js";

const ZURICH = "Europe/Zurich";

for (const [text, zone, ms] of [
  ["2026-11-20T19:30", ZURICH, Date.UTC(2026, 10, 20, 18, 30)],
  ["2026-07-01T00:00", ZURICH, Date.UTC(2026, 5, 30, 22)],
  ["2026-07-01T00:00", "America/New_York", Date.UTC(2026, 6, 1, 4)],
  ["2026-07-01T00:00", "Asia/Kathmandu", Date.UTC(2026, 5, 30, 18, 15)],
  ["2026-10-25T02:30", ZURICH, Date.UTC(2026, 9, 25, 0, 30)],
  ["2026-03-29T01:59", ZURICH, Date.UTC(2026, 2, 29, 0, 59)],
  ["2026-03-29T03:00", ZURICH, Date.UTC(2026, 2, 29, 1)],
]) {
  test(`${text} in ${zone}`, () => {
    assert.equal(fromField(text, zone), ms);
    assert.equal(asField(ms, zone), text);
  });
}

test("an hour that the clock skips is the one after it", () => {
  assert.equal(asField(fromField("2026-03-29T02:30", ZURICH), ZURICH), "2026-03-29T03:30");
});

for (const text of ["", "soon", "2026-11-20", "19:30"]) {
  test(`${JSON.stringify(text)} is no moment`, () => assert.equal(fromField(text, ZURICH), null));
}

test("a zone that is unknown gives way to the device's", () => {
  assert.ok(!isZone("Mars/Olympus"));
  assert.equal(zoneOf("Mars/Olympus"), zoneOf(null));
  assert.equal(zoneOf(ZURICH), ZURICH);
});
