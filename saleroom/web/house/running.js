// The running order: which lot is in the ring, which comes next, where the eye should be.
//
// Owns: these choices, from lots as they stand. Invariant: pure; a lot that has ended is never
// next. Must not know: signals, sockets or the page. Source: rule 12, issue 7.

const RUNNING = new Set(["open", "fair_warning", "final_call"]);
export const MAIN_RING = "main";

export function isRunning(lot) {
  return RUNNING.has(lot.state);
}

/** Put lots in their running order: numbers of the catalogue first, others after them. */
export function inOrder(lots, order) {
  const place = new Map(order.map((number, index) => [number, index]));
  const placeOf = (lot) => place.get(lot.lot) ?? order.length + lot.lot;
  return [...lots].sort((a, b) => placeOf(a) - placeOf(b));
}

function ringOf(lot, rings) {
  return rings.get(lot.lot) ?? MAIN_RING;
}

/** Give the live lot that is open in a ring, null for an empty ring. rings: {lot: its ring}. */
export function lotInRing(lots, rings = new Map(), ring = MAIN_RING) {
  const isThere = (lot) => lot.mode === "live" && isRunning(lot) && ringOf(lot, rings) === ring;
  return lots.find(isThere) ?? null;
}

/** Give the queued live lot that follows `after` in the running order, else the first one. */
export function nextLot(ordered, rings = new Map(), after = null) {
  const ring = after === null ? null : ringOf(after, rings);
  const isWaiting = (lot) =>
    lot.mode === "live" && lot.state === "queued" && (ring === null || ringOf(lot, rings) === ring);
  const place = after === null ? -1 : ordered.findIndex((lot) => lot.lot === after.lot);
  return ordered.slice(place + 1).find(isWaiting) ?? ordered.find(isWaiting) ?? null;
}

/**
 * Give the lot that the desk works on: the one chosen, else the one in the ring, else the newest
 * that left it, else what comes next.
 */
export function lotAtHand(ordered, chosen, lastInRing, rings = new Map()) {
  const find = (number) => ordered.find((lot) => lot.lot === number) ?? null;
  return (
    (chosen === null ? null : find(chosen)) ??
    ordered.find((lot) => lot.mode === "live" && isRunning(lot)) ??
    (lastInRing === null ? null : find(lastInRing)) ??
    nextLot(ordered, rings) ??
    ordered[0] ??
    null
  );
}

/** Give the lot one step up or down the running order. */
export function neighbour(ordered, number, step) {
  const place = ordered.findIndex((lot) => lot.lot === number);
  const there = Math.min(ordered.length - 1, Math.max(0, place + step));
  return ordered[there] ?? null;
}
