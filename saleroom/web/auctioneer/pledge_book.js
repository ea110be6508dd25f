// The pledge desk's book: paddle numbers as they were typed, and what became of each.
//
// Owns: the entries of this desk for one fund, and which wait for a word. Invariant: pure, a book
// is replaced and never changed; a double, known here or refused by the server, is never sent again
// without a person's yes. Must not know: keys, sockets. Source: rule 22, issue 7.

const ENTRIES_MAX = 500;
export const VOID_REASON = "keyed in error";

export const EMPTY_BOOK = { entries: [], given: new Set() };

const keyOf = (paddle, level) => `${paddle}@${level}`;

/** Note that a paddle has pledged at a level, whoever keyed it. */
export function noteGiven(book, { paddle, level }) {
  return { ...book, given: new Set(book.given).add(keyOf(paddle, level)) };
}

/** Note that a pledge was voided; `stands`: the paddle has another one at that level. */
export function noteVoided(book, { paddle, level, voided }) {
  const entries = book.entries.map((entry) =>
    entry.seq === voided ? { ...entry, state: "void" } : entry,
  );
  const given = new Set(book.given);
  const stands = entries.some(
    (entry) => entry.state === "made" && entry.paddle === paddle && entry.level === level,
  );
  if (!stands) given.delete(keyOf(paddle, level));
  return { entries, given };
}

/** Take a paddle's number; `isDouble`: it waits for a yes. */
export function enter(book, id, paddle, level) {
  const isAsked = book.entries.some(
    (entry) => entry.paddle === paddle && entry.level === level && entry.state === "sent",
  );
  const isDouble = isAsked || book.given.has(keyOf(paddle, level));
  const entry = { id, paddle, level, state: isDouble ? "double" : "sent", seq: null, words: null };
  return { book: withEntry(book, entry), isDouble };
}

/** Say what became of an entry. */
export function settle(book, id, fields) {
  return {
    ...book,
    entries: book.entries.map((entry) => (entry.id === id ? { ...entry, ...fields } : entry)),
  };
}

/** Leave an entry out. */
export function leaveOut(book, id) {
  return { ...book, entries: book.entries.filter((entry) => entry.id !== id) };
}

/** Give the newest entry that waits for a yes or a no. */
export function waitingDouble(book) {
  return book.entries.find((entry) => entry.state === "double") ?? null;
}

/** Give the newest entry that could be voided. */
export function lastMade(book) {
  return book.entries.find((entry) => entry.state === "made" && entry.seq !== null) ?? null;
}

/** Sum up what this desk has keyed and the server has taken. */
export function keyed(book) {
  const made = book.entries.filter((entry) => entry.state === "made");
  return { count: made.length, amount: made.reduce((sum, entry) => sum + entry.level, 0) };
}

function withEntry(book, entry) {
  return { ...book, entries: [entry, ...book.entries].slice(0, ENTRIES_MAX) };
}
