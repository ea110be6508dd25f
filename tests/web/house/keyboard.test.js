// Which key press means what, and where it means nothing (WCAG 2.1.4, issue 7).

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { ENTRY_ID, PADDLE_ID, press } from "../../../saleroom/web/auctioneer/keyboard.js";

const focused = [];
globalThis.document = { getElementById: (id) => ({ focus: () => focused.push(id) }) };
beforeEach(() => focused.splice(0));

function deskOf({ isFund = false, hasKeys = true, dialog = null } = {}) {
  const done = [];
  const note =
    (name) =>
    (...args) =>
      done.push([name, ...args.filter((arg) => typeof arg !== "object")]);
  return {
    done,
    lot: { value: { lot: 4 } },
    dialog: { value: dialog },
    hasKeys: { value: hasKeys },
    takesPledges: { value: isFund },
    typed: { value: "" },
    pledges: {
      enter: note("enter"),
      step: note("level"),
      answer: note("answer"),
      voidLast: note("void"),
    },
    act: note("act"),
    step: note("step"),
    escape: note("escape"),
    goToTyped: note("go"),
  };
}

/** An element: `kind` is what of the page it is. */
function element(kind, id = "") {
  const kinds = { body: [], field: ["input:not"], button: ["button"], radio: ["[type=radio]"] };
  return { id, matches: (selector) => kinds[kind].some((part) => selector.startsWith(part)) };
}

function pressed(desk, key, { on = element("body"), ...more } = {}) {
  const event = {
    key,
    target: on,
    defaultPrevented: false,
    preventDefault: () => (event.defaultPrevented = true),
    ...more,
  };
  press(desk, event);
  return event.defaultPrevented;
}

test("a letter is an action, anywhere but where text is written", () => {
  const desk = deskOf();
  assert.equal(pressed(desk, "s"), true);
  assert.equal(pressed(desk, "S", { shiftKey: true }), true);
  assert.equal(pressed(desk, "b", { on: element("field", ENTRY_ID) }), true);
  assert.equal(pressed(desk, "s", { on: element("field", "elsewhere") }), false);
  assert.deepEqual(desk.done, [
    ["act", "sold"],
    ["act", "override"],
    ["act", "floor"],
  ]);
});

test("a key held down acts once, an arrow goes on", () => {
  const desk = deskOf();
  pressed(desk, "s", { repeat: true });
  pressed(desk, "ArrowDown", { repeat: true });
  assert.deepEqual(desk.done, [["step", 1]]);
});

test("nothing acts behind a dialog, with a modifier, or while a word is composed", () => {
  const desk = deskOf();
  pressed(deskOf({ dialog: { name: "pause" } }), "s");
  for (const more of [
    { ctrlKey: true },
    { metaKey: true },
    { altKey: true },
    { isComposing: true },
  ]) {
    assert.equal(pressed(desk, "s", more), false);
  }
  assert.deepEqual(desk.done, []);
});

test("Enter on a button presses the button, and bids elsewhere", () => {
  const desk = deskOf();
  assert.equal(pressed(desk, "Enter", { on: element("button") }), false);
  assert.equal(pressed(desk, "Enter"), true);
  assert.deepEqual(desk.done, [["act", "amount"]]);
});

test("digits go to the line that they are for", () => {
  const desk = deskOf();
  for (const key of "1500/2") pressed(desk, key);
  assert.equal(desk.typed.value, "1500/2");
  assert.equal(focused.at(-1), ENTRY_ID);
  assert.equal(pressed(desk, "1", { on: element("field", ENTRY_ID) }), false);
  const fund = deskOf({ isFund: true });
  for (const key of "1,2") pressed(fund, key);
  assert.equal(fund.typed.value, "12");
  assert.equal(focused.at(-1), PADDLE_ID);
});

test("while pledges are keyed, letters answer doubles and open no lot", () => {
  const desk = deskOf({ isFund: true });
  for (const key of ["Enter", "y", "n", "v", "ArrowDown", "PageDown", "m"]) pressed(desk, key);
  const expected = [
    ["enter"],
    ["answer", true],
    ["answer", false],
    ["void"],
    ["level", 1],
    ["step", 1],
    ["act", "match"],
  ];
  assert.deepEqual(desk.done, expected);
});

test("with the keys off only the entry line is live, and letters are not", () => {
  const desk = deskOf({ hasKeys: false });
  const on = element("field", ENTRY_ID);
  pressed(desk, "s");
  pressed(desk, "s", { on });
  assert.deepEqual(desk.done, []);
  pressed(desk, "Enter", { on });
  assert.deepEqual(desk.done, [["act", "amount"]]);
});

test("arrows among levels are the browser's", () => {
  const desk = deskOf({ isFund: true });
  assert.equal(pressed(desk, "ArrowDown", { on: element("radio") }), false);
  assert.equal(pressed(desk, "y", { on: element("radio") }), true);
  assert.deepEqual(desk.done, [["answer", true]]);
});
