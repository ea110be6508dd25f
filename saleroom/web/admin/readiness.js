// Readiness: what an event still lacks before it is published.
//
// Owns: the checklist. Invariant: what must be there comes before what is only advised, and each
// point says where it is mended. Must not know: how it is drawn. Source: RULES "Events and lots".

import { hashOf } from "./route.js";

/** Give the points: `{text, detail, isDone, isAdvice, href}`. lots: in the running order. */
export function checklist(event, lots, now) {
  const overview = hashOf("overview", event.id);
  const table = hashOf("lots", event.id);
  const silent = lots.filter((lot) => lot.mode === "silent");
  const funds = lots.filter((lot) => lot.mode === "pledge");
  const untimed = silent.filter((lot) => lot.ends_at === null || lot.ends_at === undefined);
  const past = silent.filter((lot) => lot.ends_at !== null && lot.ends_at <= now);
  const bare = lots.filter((lot) => lot.images.length === 0);
  const untold = lots.filter((lot) => !lot.description);
  const points = [
    must("There are lots", lots.length > 0, table, `${lots.length} so far`),
    must("Every silent lot has an end", untimed.length === 0, table, named(untimed)),
    must("No silent lot has ended already", past.length === 0, table, named(past)),
    advise("The event has a date", event.starts_at !== null, overview),
    advise(
      "The terms are written",
      Boolean(event.terms),
      overview,
      "Bidders accept them before their first bid",
    ),
    advise(
      "Somebody can be asked",
      Boolean(event.contact),
      overview,
      "An address or a phone number",
    ),
    advise("Receipts can name the organisation", Boolean(event.organisation), overview),
    advise("Every lot has a description", untold.length === 0, table, named(untold)),
    advise("Every lot has a picture", bare.length === 0, table, named(bare)),
  ];
  if (funds.length > 0) {
    const open = funds.filter((lot) => lot.levels.length === 0);
    points.push(advise("Pledge lots have levels", open.length === 0, table, named(open)));
  }
  return points;
}

/** Say whether everything that must be there is. */
export function isReady(points) {
  return points.every((point) => point.isDone || point.isAdvice);
}

function must(text, isDone, href, detail = "") {
  return { text, isDone, isAdvice: false, href, detail: isDone ? "" : detail };
}

function advise(text, isDone, href, detail = "") {
  return { text, isDone, isAdvice: true, href, detail: isDone ? "" : detail };
}

const NAMED_MAX = 5;

function named(lots) {
  const numbers = lots.slice(0, NAMED_MAX).map((lot) => lot.lot);
  const more = lots.length - numbers.length;
  const list = numbers.join(", ") + (more > 0 ? ` and ${more} more` : "");
  return `${lots.length === 1 ? "Lot" : "Lots"} ${list}`;
}
