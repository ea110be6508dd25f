// How a lot stands, in words.

import { hasEnded } from "../event_store.js";

const MODES = { silent: "Silent", live: "Live", pledge: "Pledge", sale: "For sale" };

/** Give the word for a lot's mode. */
export function modeWord(mode) {
  return MODES[mode];
}

/**
 * Give how a lot stands for the person, `{kind, word}`, null where there is nothing to say.
 * leads, isBidder: whether they lead it, and have bid on it.
 */
export function standingOf(lot, leads, isBidder) {
  if (lot.won && lot.mode !== "sale") return { kind: "lead", word: "You won" };
  if (hasEnded(lot)) return { kind: "", word: endWord(lot) };
  if (leads) return { kind: "lead", word: "You lead" };
  if (lot.mode === "sale" && lot.won) return { kind: "lead", word: "Bought" };
  if (lot.state === "queued") {
    return lot.max === null
      ? { kind: "", word: "Not open yet" }
      : { kind: "info", word: "Maximum left" };
  }
  if (isBidder && lot.mode !== "pledge" && lot.mode !== "sale")
    return { kind: "lost", word: "Outbid" };
  if (lot.state === "fair_warning") return { kind: "warn", word: "Fair warning" };
  if (lot.state === "final_call") return { kind: "warn", word: "Final call" };
  if (lot.mode === "live") return { kind: "accent", word: "On now" };
  return null;
}

function endWord(lot) {
  if (lot.state === "sold") return lot.mode === "sale" ? "Sold out" : "Sold";
  return { passed: "Not sold", withdrawn: "Withdrawn", closed: "Closed" }[lot.state];
}

/** Give what the price of a lot is called. */
export function priceLabel(lot) {
  if (lot.mode === "sale") return "Price";
  if (lot.mode === "pledge") return "Raised";
  if (hasEnded(lot))
    return lot.price === null ? "Opening bid" : lot.state === "sold" ? "Sold for" : "Last bid";
  return lot.price === null ? "Opening bid" : "Current bid";
}

/** Give the amount that stands under `priceLabel`. */
export function priceOf(lot) {
  if (lot.mode === "pledge") return (lot.total ?? 0) + (lot.match ?? 0);
  return lot.price ?? lot.min_next;
}

export function countOf(number, one, many) {
  return `${number} ${number === 1 ? one : many}`;
}
