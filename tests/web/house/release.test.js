// A page left alone follows the server's release (issue 7, point 3).

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { keepCurrent } from "../../../saleroom/web/house/release.js";

const page = { served: "old", isUp: true, reloads: 0, intervals: [], kept: new Map() };

globalThis.location = {
  href: "http://hall.example/e/gala/display",
  reload: () => (page.reloads += 1),
};
globalThis.sessionStorage = {
  getItem: (name) => page.kept.get(name) ?? null,
  setItem: (name, text) => page.kept.set(name, text),
};
globalThis.setInterval = (work) => page.intervals.push(work);
globalThis.fetch = async () => {
  if (!page.isUp) throw new TypeError("no line");
  return {
    ok: true,
    text: async () => `<script type="module" src="/web/${page.served}/display/main.js">`,
  };
};

beforeEach(() =>
  Object.assign(page, { served: "old", isUp: true, reloads: 0, intervals: [], kept: new Map() }),
);

test("the same release is left alone", async () => {
  await keepCurrent("old")();
  assert.equal(page.reloads, 0);
});

test("another release loads the page anew, by itself too", async () => {
  keepCurrent("old");
  page.served = "new";
  await page.intervals[0]();
  assert.equal(page.reloads, 1);
});

test("two releases behind one address do not make it flicker", async () => {
  page.served = "new";
  await keepCurrent("old")();
  await keepCurrent("old")();
  assert.equal(page.reloads, 1);
});

test("a server that is away or serves something else changes nothing", async () => {
  const look = keepCurrent("old");
  page.isUp = false;
  await look();
  page.isUp = true;
  page.served = "";
  await look();
  assert.equal(page.reloads, 0);
});
