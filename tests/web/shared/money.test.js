import assert from "node:assert/strict";
import { test } from "node:test";

import { decimalsOf, formatMoney, parseMoney, plainMoney } from "../../../saleroom/web/money.js";

test("a currency has 0, 2 or 3 decimals", () => {
  assert.deepEqual(["JPY", "USD", "KWD"].map(decimalsOf), [0, 2, 3]);
});

test("decimals are left out where all of them are zero", () => {
  assert.equal(formatMoney(12_500, "USD", "en-US"), "$125");
  assert.equal(formatMoney(12_505, "USD", "en-US"), "$125.05");
  assert.equal(formatMoney(1_250, "JPY", "en-US"), "¥1,250");
  assert.equal(formatMoney(1_250, "KWD", "en-US").replace("\u00a0", " "), "KWD 1.250");
  assert.equal(formatMoney(10 ** 12, "USD", "en-US"), "$10,000,000,000");
  assert.equal(formatMoney(null, "USD", "en-US"), "–");
});

test("what is typed is read as it was meant, or not at all", () => {
  //     typed           currency locale   amount
  const cases = [
    ["125", "USD", "en-US", 12_500],
    ["$1,250", "USD", "en-US", 125_000],
    [" 1,250.5 ", "USD", "en-US", 125_050],
    ["12,50", "USD", "en-US", 1_250],
    [".5", "USD", "en-US", 50],
    ["1'250", "CHF", "de-CH", 125_000],
    ["1.250,50 €", "EUR", "de-DE", 125_050],
    ["1.250", "EUR", "de-DE", 125_000],
    ["1 250,50", "EUR", "fr-FR", 125_050],
    ["1,234,567", "USD", "en-US", 123_456_700],
    ["1250", "JPY", "ja-JP", 1_250],
    ["1.250", "KWD", "en-US", 1_250],
    ["1.250", "USD", "en-US", null], // a thousand and more, or a dollar and a quarter
    ["1,25,0", "USD", "en-US", null],
    ["12.345", "USD", "en-US", null],
    ["1.5", "JPY", "ja-JP", null],
    ["0", "USD", "en-US", null],
    ["-5", "USD", "en-US", null],
    ["1e3", "USD", "en-US", null],
    ["ten", "USD", "en-US", null],
    ["", "USD", "en-US", null],
    ["99999999999999", "USD", "en-US", null],
  ];
  for (const [typed, currency, locale, amount] of cases) {
    assert.equal(parseMoney(typed, currency, locale), amount, JSON.stringify(typed));
  }
});

test("what is offered for typing is read as what it was", () => {
  for (const currency of ["JPY", "USD", "KWD"]) {
    for (const amount of [1, 99, 100, 12_345, 10 ** 12]) {
      assert.equal(parseMoney(plainMoney(amount, currency), currency, "en-US"), amount);
    }
  }
});
