// Finding lots: filters, search and order of the gallery.
//
// Owns: which lots are shown, in which order. Invariant: every word of the search begins a word of
// the lot, whatever its accents; lots without a value come last. Must not know: how lots are drawn.

import { hasEnded } from "../event_store.js";

export const FILTERS = [
  ["all", "All"],
  ["live", "Live"],
  ["silent", "Silent"],
  ["pledge", "Pledges"],
  ["sale", "For sale"],
  ["watching", "Watching"],
  ["bids", "My bids"],
  ["winning", "Winning"],
  ["outbid", "Outbid"],
];

export const SORTS = [
  ["order", "Running order"],
  ["ending", "Ending soonest"],
  ["low", "Lowest price"],
  ["high", "Highest price"],
  ["bids", "Most bids"],
  ["title", "Title"],
];

const MODES = new Set(["live", "silent", "pledge", "sale"]);

/** Give a text as it is compared: small, without accents. */
export function folded(text) {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
}

/** Say whether a text holds, for every word that is sought, one that begins with it. */
export function matches(text, sought) {
  const words = folded(text).split(/[^\p{L}\p{N}]+/u);
  return folded(sought)
    .split(/[^\p{L}\p{N}]+/u)
    .every((word) => words.some((each) => each.startsWith(word)));
}

/** Give the lots that a filter leaves. own: `{watching, bidOn, leads}`: a set, a set, a test. */
export function filtered(lots, filter, own) {
  if (MODES.has(filter)) return lots.filter((lot) => lot.mode === filter);
  const tests = {
    all: () => true,
    watching: (lot) => own.watching.has(lot.lot),
    bids: (lot) => own.bidOn.has(lot.lot),
    winning: (lot) => own.leads(lot) || lot.won,
    outbid: (lot) => own.bidOn.has(lot.lot) && !own.leads(lot) && !hasEnded(lot),
  };
  return lots.filter(tests[filter]);
}

/** Put lots in order; what has ended stands at the end of every order but the running one. */
export function sorted(lots, sort) {
  if (sort === "order") return lots;
  const last = Number.POSITIVE_INFINITY;
  const price = (lot) => lot.price ?? lot.min_next;
  const values = {
    ending: (lot) => lot.ends_at ?? last,
    low: price,
    high: (lot) => -price(lot),
    bids: (lot) => -(lot.bid_count ?? 0),
    title: (lot) => folded(lot.title),
  };
  const value = values[sort];
  return [...lots].sort((a, b) => {
    const ends = hasEnded(a) - hasEnded(b);
    if (ends !== 0) return ends;
    const [one, two] = [value(a), value(b)];
    if (one === two) return a.lot - b.lot;
    return one < two ? -1 : 1;
  });
}
