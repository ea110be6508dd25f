// Fields: text and back, changes, and words for what was refused.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ApiError } from "../../../saleroom/web/api.js";
import { EVENT_FIELDS } from "../../../saleroom/web/admin/event_fields.js";
import {
  asText,
  asValue,
  changesOf,
  Fault,
  faultOf,
  ladderName,
  textsOf,
} from "../../../saleroom/web/admin/fields.js";
import { isForMode, lotFields } from "../../../saleroom/web/admin/lot_fields.js";

const CONTEXT = { currency: "USD", zone: "Europe/Zurich" };
const LOT_FIELDS = lotFields(["Craft"], [{ id: 7, name: "Ann" }]);

function field(kind, more = {}) {
  return { name: "it", label: "It", kind, ...more };
}

for (const [kind, text, value] of [
  ["text", "  A quilt ", "A quilt"],
  ["choice", "silent", "silent"],
  ["pick", "7", 7],
  ["whole", "12", 12],
  ["money", "1,250.50", 125_050],
  ["moment", "2026-07-01T20:00", Date.UTC(2026, 6, 1, 18)],
  ["amounts", "1000\n\n500; 50.50", [100_000, 50_000, 5_050]],
  [
    "ladder",
    "0: 5\n100: 10,50",
    [
      [0, 500],
      [10_000, 1_050],
    ],
  ],
  ["percent", "7.25", 72_500],
  ["percent", "0", 0],
  ["percent", "2,9 %", 29_000],
  ["fee", "0.00", 0],
  ["fee", "0.30", 30],
  ["text", "   ", null],
  ["money", "", null],
]) {
  test(`${kind} ${JSON.stringify(text)} is ${JSON.stringify(value)}`, () => {
    assert.deepEqual(asValue(field(kind), text, CONTEXT), value);
  });
}

for (const [kind, text] of [
  ["whole", "1.5"],
  ["whole", "-1"],
  ["money", "12.345.6"],
  ["money", "-3"],
  ["moment", "tomorrow"],
  ["percent", "101"],
  ["percent", "some"],
  ["fee", "-1"],
  ["amounts", "100\nmany"],
  ["ladder", "0 5"],
  ["ladder", "0: 5: 6"],
  ["softClose", { on: true, window: "", extension: "2", cap: "", from: "bid" }],
]) {
  test(`${kind} ${JSON.stringify(text)} is a fault`, () => {
    assert.throws(() => asValue(field(kind), text, CONTEXT), Fault);
  });
}

test("a required field that is empty is a fault", () => {
  assert.throws(() => asValue(field("text", { isRequired: true }), " ", CONTEXT), Fault);
});

test("a built-in ladder goes by its name", () => {
  const gala = asValue(field("ladder"), "Gala", CONTEXT);
  assert.equal(ladderName(gala), "gala");
  assert.equal(asText(field("ladder"), gala, CONTEXT), "gala");
  assert.equal(ladderName([[0, 500]]), null);
});

test("what is shown and not touched is no change", () => {
  const event = {
    title: "Gala",
    currency: "USD",
    starts_at: Date.UTC(2026, 10, 20, 19, 30, 27),
    public: true,
    ladder: [
      [0, 500],
      [10_000, 1_000],
    ],
    soft_close: { window: 90_000, extension: 120_000, from: "end", cap: 600_000 },
    terms: "Pay on the evening.  ",
  };
  const texts = textsOf(EVENT_FIELDS, event, CONTEXT);
  assert.deepEqual(changesOf(EVENT_FIELDS, event, texts, CONTEXT), { changes: {}, faults: {} });
});

test("changes are values, and what was cleared is null", () => {
  const kept = {
    title: "A quilt",
    mode: "silent",
    opening: 1_000,
    reserve: 5_000,
    soft_close: null,
  };
  const texts = textsOf(LOT_FIELDS, kept, CONTEXT);
  Object.assign(texts, {
    opening: "12.50",
    reserve: "",
    donor: "7",
    soft_close: { on: true, window: "1.5", extension: "2", cap: "", from: "bid" },
  });
  assert.deepEqual(changesOf(LOT_FIELDS, kept, texts, CONTEXT), {
    changes: {
      opening: 1_250,
      reserve: null,
      donor: 7,
      soft_close: { window: 90_000, extension: 120_000, from: "bid" },
    },
    faults: {},
  });
});

test("a fault names its field and leaves the others alone", () => {
  const texts = textsOf(LOT_FIELDS, { mode: "live" }, CONTEXT);
  Object.assign(texts, { title: "A quilt", opening: "cheap" });
  const { changes, faults } = changesOf(LOT_FIELDS, {}, texts, CONTEXT);
  assert.deepEqual(changes, { title: "A quilt", mode: "live" });
  assert.deepEqual(Object.keys(faults), ["opening"]);
  assert.match(faults.opening, /^Opening or price is an amount/);
});

test("what the server refused stands beside its field", () => {
  const refused = new ApiError("INVALID_LOT", "Reserve: is at least the opening.", 422, {
    field: "reserve",
  });
  assert.deepEqual(faultOf(LOT_FIELDS, refused), {
    name: "reserve",
    words: "Reserve is at least the opening.",
  });
  assert.equal(faultOf(LOT_FIELDS, new ApiError("OVERLOADED", "Busy.")), null);
});

test("a field is shown for the modes that it means something for", () => {
  const shown = (mode) =>
    LOT_FIELDS.filter((each) => isForMode(each, { mode })).map(({ name }) => name);
  assert.ok(shown("silent").includes("ends_at"));
  assert.ok(!shown("live").includes("ends_at"));
  assert.ok(shown("pledge").includes("levels"));
  assert.ok(!shown("pledge").includes("reserve"));
});
