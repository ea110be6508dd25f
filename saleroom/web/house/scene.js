// The scene: what a display shows at a moment, and which lots come next.
//
// Owns: the choice, from the event as it stands and the moments just past. Invariant: pure; the lot
// in the ring comes before everything, and a result or a fund gives way after its time. Must not
// know: how anything is drawn. Source: issue 7.

import { isRunning, lotInRing } from "./running.js";

export const RESULT_MS = 12_000;
export const FUND_MS = 90_000;
export const ANNOUNCEMENT_MS = 20_000;
const COMING_MAX = 3;
export const SILENT_ROWS = 6;
export const TURN_MS = 10_000;

export const NO_MOMENTS = { result: null, fund: null, announcement: null, bid: null };

/** Note what a fact means for the screen: `{result, fund, announcement, bid}`, each `{at, …}`. */
export function noteMoment(moments, fact, lot) {
  const { type, at, seq } = fact;
  if (type === "bid_placed") return { ...moments, bid: { at, seq, lot: fact.lot } };
  if (type === "announcement") return { ...moments, announcement: { at, text: fact.text } };
  if (type === "pledge_made") return { ...moments, fund: { at, lot: fact.lot } };
  if (type === "match_set" || type === "challenge_set" || type === "challenge_met") {
    return { ...moments, fund: { at, lot: fact.lot } };
  }
  if (type === "lot_opened" && lot?.mode === "live")
    return { ...moments, fund: null, result: null };
  const isResult = type === "item_sold" || type === "lot_passed" || type === "lot_withdrawn";
  if (isResult && lot?.mode === "live") return { ...moments, result: { at, lot: fact.lot } };
  if (type === "bid_undone" || type === "lot_reopened") return { ...moments, result: null };
  return moments;
}

/** Choose the scene: `{kind, lot}`; kind: before, closed, live, result, fund or overview. */
export function sceneOf({ event, ordered, rings, moments, now }) {
  if (event.status === "closed") return { kind: "closed", lot: null };
  if (event.status === "published") return { kind: "before", lot: null };
  const live =
    lotInRing(ordered, rings) ?? ordered.find((lot) => lot.mode === "live" && isRunning(lot));
  if (live) return { kind: "live", lot: live };
  const find = (moment, most) =>
    moment !== null && now - moment.at < most
      ? ordered.find((lot) => lot.lot === moment.lot)
      : undefined;
  const result = find(moments.result, RESULT_MS);
  if (result) return { kind: "result", lot: result };
  const fund = find(moments.fund, FUND_MS);
  if (fund && isRunning(fund)) return { kind: "fund", lot: fund };
  return { kind: "overview", lot: null };
}

/** Give the live lots that come next. */
export function comingUp(ordered) {
  return ordered
    .filter((lot) => lot.mode === "live" && lot.state === "queued")
    .slice(0, COMING_MAX);
}

/** Give the page of silent lots that is shown now, those that end first before others. */
export function silentPage(ordered, now) {
  const open = ordered.filter((lot) => lot.mode === "silent" && isRunning(lot));
  const sorted = [...open].sort((a, b) => (a.ends_at ?? Infinity) - (b.ends_at ?? Infinity));
  const pages = Math.max(1, Math.ceil(sorted.length / SILENT_ROWS));
  const page = Math.floor(now / TURN_MS) % pages;
  return { lots: sorted.slice(page * SILENT_ROWS, (page + 1) * SILENT_ROWS), page, pages };
}

/** Say how full a thermometer is: shares of its height, and where its goal is. */
export function thermometer({ total, match, goal, challenge }) {
  const sum = total + match;
  const top = Math.max(goal ?? 0, sum, challenge?.threshold ?? 0, 1);
  return {
    sum,
    pledged: total / top,
    matched: match / top,
    goal: goal === null ? null : goal / top,
    challenge: challenge ? challenge.threshold / top : null,
    percent: goal ? Math.floor((sum * 100) / goal) : null,
  };
}

/** Say how long an amount is written, so that it is sized to stand on one line. */
export function sizeOf(amount) {
  if (amount.length > 11) return "huge";
  if (amount.length > 9) return "longest";
  return amount.length > 7 ? "long" : "";
}

/** Find the line of a description that names the sponsors, null without one. */
export function sponsorsOf(description) {
  const found = /^(?:sponsors?|sponsored by|with thanks to)\s*:?\s*(.+)$/im.exec(description ?? "");
  return found ? found[1].trim() : null;
}
