// Fields: what a form shows of a value, and what it makes of what was typed.
//
// Owns: the kinds of fields and the way to text and back. Invariant: what is shown and not touched
// is no change; a text that cannot be read is a fault of its field, never a guess.
// Must not know: which fields there are, or where they are sent. Source: RULES "Events and lots".

import { parseMoney, plainMoney } from "../money.js";
import { asField, fromField } from "./moments.js";
import { isSame } from "./merge.js";

const MINUTE = 60_000;
const PPM_OF_PERCENT = 10_000;
const NOUGHT = /^0+([.,]0+)?$/;

/** What a field could not be read as. */
export class Fault extends Error {}

const NAMED_LADDERS = {
  gala: [
    [0, 500],
    [10_000, 1_000],
    [25_000, 2_500],
    [50_000, 5_000],
    [100_000, 10_000],
    [250_000, 25_000],
    [500_000, 50_000],
    [1_000_000, 100_000],
    [2_500_000, 250_000],
    [7_500_000, 500_000],
  ],
  ebay: [
    [0, 5],
    [100, 25],
    [500, 50],
    [2_500, 100],
    [10_000, 250],
    [25_000, 500],
    [50_000, 1_000],
    [100_000, 2_500],
    [250_000, 5_000],
    [500_000, 10_000],
  ],
};

/** {kind: [value → text, text → value]}; `context`: `{currency, zone}`. */
const KINDS = {
  text: [(value) => value, (text) => text.trim()],
  choice: [(value) => value, (text) => text],
  pick: [String, Number],
  whole: [String, readWhole],
  money: [
    (value, { currency }) => plainMoney(value, currency),
    (text, { currency }) => readMoney(text, currency),
  ],
  fee: [writeFee, readFee],
  percent: [(ppm) => String(ppm / PPM_OF_PERCENT), readPercent],
  moment: [(value, { zone }) => asField(value, zone), readMoment],
  amounts: [
    (value, { currency }) => value.map((amount) => plainMoney(amount, currency)).join("\n"),
    (text, { currency }) => linesOf(text).map((line) => readMoney(line, currency)),
  ],
  ladder: [writeLadder, readLadder],
};

/** Give the text of a value; a flag is itself, a soft close an object of texts. */
export function asText(field, value, context) {
  if (field.kind === "flag") return Boolean(value);
  if (field.kind === "softClose") return writeSoftClose(value);
  if (value === null || value === undefined) return "";
  if (Array.isArray(value) && value.length === 0) return "";
  return KINDS[field.kind][0](value, context);
}

/** Give the value of a text, null for an empty one. Throws Fault. */
export function asValue(field, text, context) {
  if (field.kind === "flag") return text;
  if (field.kind === "softClose") return readSoftClose(text);
  if (text.trim() === "") {
    if (field.isRequired) throw new Fault("is required");
    return null;
  }
  return KINDS[field.kind][1](text, context);
}

/** Give the texts of all fields of what is kept. */
export function textsOf(fields, kept, context) {
  return Object.fromEntries(
    fields.map((field) => [field.name, asText(field, kept[field.name], context)]),
  );
}

/**
 * Give what was changed, `{changes, faults}`: `changes` as values, by field; `faults` in words. A
 * field whose text is as it was shown is no change.
 */
export function changesOf(fields, kept, texts, context) {
  const changes = {};
  const faults = {};
  const shown = textsOf(fields, kept, context);
  for (const field of fields) {
    const { name } = field;
    if (isSame(texts[name], shown[name]) && !(field.isRequired && shown[name] === "")) continue;
    try {
      const value = asValue(field, texts[name], context);
      if (!isSame(value, kept[name])) changes[name] = value;
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      faults[name] = `${field.label} ${error.message}.`;
    }
  }
  return { changes, faults };
}

/** Give the words for a field that the server refused: `field: is …` becomes `Label is …`. */
export function faultOf(fields, problem) {
  const { field } = problem.extras;
  const known = fields.find(({ name }) => name === field);
  if (known === undefined) return null;
  const said = problem.message.replace(new RegExp(`^${field}:\\s*`, "i"), "").replace(/\.$/, "");
  return { name: known.name, words: `${known.label} ${said}.` };
}

/** Say which built-in ladder a table is: `gala`, `ebay`, or null for one of one's own. */
export function ladderName(rungs) {
  const found = Object.entries(NAMED_LADDERS).find(([, table]) => isSame(table, rungs));
  return found ? found[0] : null;
}

function linesOf(text) {
  return text
    .split(/[\n;]/)
    .map((line) => line.trim())
    .filter(Boolean);
}

function readWhole(text) {
  if (!/^\d{1,7}$/.test(text.trim())) throw new Fault("is a whole number");
  return Number(text);
}

function readMoney(text, currency) {
  const amount = parseMoney(text, currency);
  if (amount === null) throw new Fault("is an amount such as 1250 or 99.50");
  return amount;
}

function writeFee(value, { currency }) {
  return value === 0 ? "0" : plainMoney(value, currency);
}

function readFee(text, { currency }) {
  return NOUGHT.test(text.trim()) ? 0 : readMoney(text, currency);
}

function readPercent(text) {
  const percent = Number(text.replace("%", "").replace(",", "."));
  if (!(percent >= 0 && percent <= 100)) throw new Fault("is from 0 to 100, such as 7.25");
  return Math.round(percent * PPM_OF_PERCENT);
}

function readMoment(text, { zone }) {
  const ms = fromField(text, zone);
  if (ms === null) throw new Fault("is a date and a time");
  return ms;
}

function writeLadder(rungs, { currency }) {
  return (
    ladderName(rungs) ??
    rungs
      .map(
        ([from, step]) =>
          `${from ? plainMoney(from, currency) : "0"}: ${plainMoney(step, currency)}`,
      )
      .join("\n")
  );
}

function readLadder(text, { currency }) {
  const name = text.trim().toLowerCase();
  if (name in NAMED_LADDERS) return NAMED_LADDERS[name];
  return linesOf(text).map((line) => {
    const [from, step, rest] = line.split(/\s*:\s*/);
    if (step === undefined || rest !== undefined) {
      throw new Fault("has one line per step, such as 100: 10");
    }
    const start = readFee(from, { currency });
    return [start, readMoney(step, currency)];
  });
}

function writeSoftClose(value) {
  if (!value) return { on: false, window: "", extension: "", cap: "", from: "bid" };
  const minutes = (ms) => (ms === undefined || ms === null ? "" : String(ms / MINUTE));
  return {
    on: true,
    window: minutes(value.window),
    extension: minutes(value.extension),
    cap: minutes(value.cap),
    from: value.from,
  };
}

function readSoftClose({ on, window, extension, cap, from }) {
  if (!on) return null;
  const made = { window: readMinutes(window), extension: readMinutes(extension), from };
  if (cap.trim() !== "") made.cap = readMinutes(cap);
  return made;
}

function readMinutes(text) {
  const minutes = Number(text.replace(",", "."));
  if (text.trim() === "" || !Number.isFinite(minutes) || minutes < 0) {
    throw new Fault("has its times in minutes, such as 2 or 0.5");
  }
  return Math.round(minutes * MINUTE);
}
