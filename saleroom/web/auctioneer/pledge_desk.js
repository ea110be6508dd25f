// The pledge desk: the level once, then paddle numbers as fast as they are typed.
//
// Owns: the level, the field, and each fund's book. Invariant: typing never waits for an answer; a
// double is sent again only on a yes. Must not know: how it is drawn. Source: rule 22, issue 7.

import { newId } from "../api.js";
import { signal } from "../vendor/signals-core.js";
import { readPaddle } from "./actions.js";
import {
  EMPTY_BOOK,
  enter,
  lastMade,
  leaveOut,
  noteGiven,
  noteVoided,
  settle,
  VOID_REASON,
  waitingDouble,
} from "./pledge_book.js";
import { refusalWords } from "./refusals.js";

export class PledgeDesk {
  constructor(desk) {
    this.desk = desk;
    this.books = signal(new Map());
    this.levels = signal(new Map()); // lot → the level chosen
    this.typed = signal("");
  }

  book(lot) {
    return this.books.value.get(lot.lot) ?? EMPTY_BOOK;
  }

  /** Give the level that numbers are pledged at, null before one is chosen. */
  level(lot) {
    return this.levels.value.get(lot.lot) ?? null;
  }

  choose(lot, level) {
    this.levels.value = new Map(this.levels.value).set(lot.lot, level);
  }

  /** Choose the level above or below. */
  step(lot, by) {
    const levels = lot.levels ?? [];
    if (levels.length === 0) return;
    const place = levels.indexOf(this.level(lot));
    this.choose(lot, levels[Math.min(levels.length - 1, Math.max(0, place + by))]);
  }

  /** Take the number that was typed. */
  enter(lot) {
    const level = this.level(lot);
    const paddle = readPaddle(this.typed.value.trim());
    if (level === null) return this.desk.say("Choose the level first.", "lost");
    if (paddle === null) return this.desk.say("Type a paddle's number, then Enter.", "lost");
    this.typed.value = "";
    const id = newId();
    const { book, isDouble } = enter(this.book(lot), id, paddle, level);
    this.#put(lot.lot, book);
    this.desk.note.value = null;
    return isDouble ? undefined : this.#send(lot.lot, { id, paddle, level }, false);
  }

  /** Pledge again for the newest double, or leave it out. */
  answer(lot, isYes) {
    const double = waitingDouble(this.book(lot));
    if (double === null) return this.desk.say("No double waits for an answer.");
    this.desk.note.value = null;
    if (!isYes) return this.#put(lot.lot, leaveOut(this.book(lot), double.id));
    this.#put(lot.lot, settle(this.book(lot), double.id, { state: "sent" }));
    return this.#send(lot.lot, double, true);
  }

  /** Void the newest pledge that this desk has keyed. */
  async voidLast(lot) {
    const last = lastMade(this.book(lot));
    if (last === null) return this.desk.say("This desk has keyed nothing that could be voided.");
    const label = `Void ${this.desk.money(last.level)}, paddle ${last.paddle}`;
    return this.desk.give(label, { type: "void_pledge", seq: last.seq, reason: VOID_REASON });
  }

  hear(fact) {
    const note = { pledge_made: noteGiven, pledge_voided: noteVoided }[fact.type];
    if (note === undefined) return;
    this.#put(fact.lot, note(this.books.value.get(fact.lot) ?? EMPTY_BOOK, fact));
  }

  async #send(number, { id, paddle, level }, confirm) {
    const label = `Pledge ${this.desk.money(level)}, paddle ${paddle}`;
    const command = { type: "pledge", lot: number, paddle, level, ...(confirm ? { confirm } : {}) };
    const { state, answer } = await this.desk.ledger.give(label, command);
    const book = () => this.books.value.get(number) ?? EMPTY_BOOK;
    if (state === "acked") {
      this.#put(number, settle(book(), id, { state: "made", seq: answer.pledge ?? answer.seq }));
    } else if (state === "dropped") {
      this.#put(number, leaveOut(book(), id));
    } else if (answer.code === "DUPLICATE_PLEDGE") {
      this.#put(number, settle(book(), id, { state: "double" }));
    } else {
      const words = refusalWords(answer, this.desk.money);
      this.#put(number, settle(book(), id, { state: "refused", words }));
      this.desk.say(`Paddle ${paddle}: ${words}`, "lost");
    }
  }

  #put(number, book) {
    this.books.value = new Map(this.books.value).set(number, book);
  }
}
