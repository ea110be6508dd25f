// Where one is in the admin's pages: the hash of the address.
//
// Owns: the way from a hash to a place and back. Invariant: every place can be bookmarked; a hash
// that says nothing is the list of events. Must not know: what a place shows.

const WHOLE = ["events", "accounts", "messages", "sandbox", "audit"];
const OF_EVENT = [
  "overview",
  "lots",
  "import",
  "headings",
  "guests",
  "codes",
  "results",
  "money",
  "audit",
  "journal",
];

/** Read a hash: `{view, event, item}`; `view` names a place, `event` is null outside of one. */
export function readRoute(hash) {
  const parts = hash.replace(/^#\/?/, "").split("/").map(decode).filter(Boolean);
  if (parts[0] === "events" && parts.length > 1) {
    const view = OF_EVENT.includes(parts[2]) ? parts[2] : "overview";
    const item = OF_EVENT.includes(parts[2]) ? (parts[3] ?? null) : null;
    return { view, event: parts[1], item };
  }
  return { view: WHOLE.includes(parts[0]) ? parts[0] : "events", event: null, item: null };
}

/** Give the hash of a place. */
export function hashOf(view, event = null, item = null) {
  if (event === null) return `#/${view}`;
  const parts = ["events", event, ...(view === "overview" ? [] : [view])];
  if (item !== null) parts.push(String(item));
  return `#/${parts.map(encodeURIComponent).join("/")}`;
}

function decode(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return "";
  }
}
