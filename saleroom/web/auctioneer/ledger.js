// The ledger of a desk: every command that was given here, and what became of it.
//
// Owns: commands from the key press to the answer, also over a lost line. Invariant: a command has
// one id for its life, so that sent again it acts once; it ends acked, refused or dropped by a
// person, never by itself. What belongs to the moment (a bid, a warning, the hammer) waits for a
// person's word once it has waited longer than `MOMENT_MS`. Must not know: lots, keys, or how a
// socket works. Source: PROTOCOL 3, rule 28, issue 7.

import { signal } from "../vendor/signals-core.js";

export const SHOWN_MAX = 50;
export const WAITING_MAX = 90;
export const MOMENT_MS = 15_000;

const PATIENT = new Set([
  "pledge",
  "void_pledge",
  "lock_paddle",
  "unlock_paddle",
  "announce",
  "set_match",
  "set_challenge",
]);
const UNSETTLED = new Set(["held", "pending", "unknown"]);

export class Ledger {
  /** send: gives a command to the line, and a promise of its answer. isUp: a signal of the line. */
  constructor({ send, isUp, newId, now = () => performance.now() }) {
    this.entries = signal([]); // the newest first: {id, label, command, state, since, answer}
    this.send = send;
    this.isUp = isUp;
    this.newId = newId;
    this.now = now;
    this.settlers = new Map();
  }

  /** Give those that have no answer yet, the oldest first. */
  get waiting() {
    return this.entries.value.filter((entry) => UNSETTLED.has(entry.state)).reverse();
  }

  /** Give a command; give its end: `{state, answer}`. label: how people call it. */
  give(label, command) {
    const id = this.newId();
    if (this.waiting.length >= WAITING_MAX) {
      return Promise.resolve({ state: "refused", answer: { code: "NOT_SENT" }, id });
    }
    const entry = {
      id,
      label,
      command: { ...command, id },
      state: "held",
      since: this.now(),
      answer: null,
    };
    this.entries.value = bounded([entry, ...this.entries.value]);
    const end = new Promise((resolve) => this.settlers.set(id, resolve));
    if (this.isUp.value) this.#transmit(id);
    return end;
  }

  /** The line is back: send what waited; what is too late for its moment is left to a person. */
  resume() {
    for (const { id, command, state, since } of this.waiting) {
      const isLate = this.now() - since > MOMENT_MS && !PATIENT.has(command.type);
      if (state === "unknown" || (state === "held" && !isLate)) this.#transmit(id);
    }
  }

  /** Send one that waits, now. */
  retry(id) {
    if (this.isUp.value) this.#transmit(id);
  }

  /** Forget one that has not been sent, or of which it is not known whether it was taken. */
  drop(id) {
    const entry = this.#find(id);
    if (entry !== undefined && UNSETTLED.has(entry.state)) this.#settle(id, "dropped", null);
  }

  async #transmit(id) {
    const entry = this.#find(id);
    if (entry === undefined || entry.state === "pending") return;
    this.#change(id, { state: "pending" });
    const answer = await this.send(entry.command);
    if (this.#find(id)?.state !== "pending") return;
    if (answer.type === "ack") this.#settle(id, "acked", answer);
    else if (answer.code === "NO_ANSWER")
      this.#change(id, { state: answer.wasSent ? "unknown" : "held" });
    else this.#settle(id, "refused", answer);
  }

  #settle(id, state, answer) {
    this.#change(id, { state, answer });
    const resolve = this.settlers.get(id);
    this.settlers.delete(id);
    resolve?.({ id, state, answer });
  }

  #find(id) {
    return this.entries.value.find((entry) => entry.id === id);
  }

  #change(id, fields) {
    this.entries.value = this.entries.value.map((entry) =>
      entry.id === id ? { ...entry, ...fields } : entry,
    );
  }
}

/** Leave out the oldest of those that have ended. */
function bounded(entries) {
  if (entries.length <= SHOWN_MAX) return entries;
  const last = entries.findLastIndex((entry) => !UNSETTLED.has(entry.state));
  return last < 0 ? entries : entries.toSpliced(last, 1);
}
