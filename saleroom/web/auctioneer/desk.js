// The desk: what an auctioneer or clerk looks at, has typed, and asks for.
//
// Owns: the lot at hand, the entry line, the dialog that is open, and the way from a key to a
// command. Invariant: nothing is sent but through the ledger; what a command names is what the page
// showed when the key was pressed. Must not know: how it is drawn. Source: issue 7, PROTOCOL 3.

import { call, newId } from "../api.js";
import { catalogued } from "../house/catalogue.js";
import { lotsOf } from "../house/event_line.js";
import { formatMoney, parseMoney } from "../money.js";
import { speak } from "../parts/toast.js";
import { batch, computed, effect, signal } from "../vendor/signals-core.js";
import { ACTIONS, makeCommand, readEntry, readPaddle } from "./actions.js";
import { History } from "./history.js";
import { Ledger } from "./ledger.js";
import { Names } from "./names.js";
import { PledgeDesk } from "./pledge_desk.js";
import { refusalWords } from "./refusals.js";
import {
  inOrder,
  isRunning,
  lotAtHand,
  lotInRing,
  MAIN_RING,
  neighbour,
  nextLot,
} from "../house/running.js";

export class Desk {
  constructor({ id, store, connection, now }) {
    Object.assign(this, { id, store, connection, now });
    this.catalogue = catalogued(id, store);
    this.names = new Names(id);
    this.history = new History();
    this.moved = signal(0);
    this.chosen = signal(null);
    this.lastInRing = signal(null);
    this.entry = signal("");
    this.note = signal(null); // {text, kind}: the last word on what was typed
    this.dialog = signal(null);
    this.hasKeys = signal(true);
    this.isUp = computed(() => connection.status.value === "open");
    this.ledger = new Ledger({
      send: (command) => connection.send(command),
      isUp: this.isUp,
      newId,
    });
    this.ordered = computed(() => inOrder(lotsOf(store), this.catalogue.order));
    this.numbers = computed(() => {
      const known = store.numbers.value.map((number) => store.lot(number).peek());
      return inOrder(known, this.catalogue.order).map((lot) => lot.lot);
    });
    this.lot = computed(() =>
      lotAtHand(this.ordered.value, this.chosen.value, this.lastInRing.value, this.catalogue.rings),
    );
    this.inRing = computed(() => lotInRing(this.ordered.value, this.catalogue.rings, this.#ring()));
    this.next = computed(() => nextLot(this.ordered.value, this.catalogue.rings, this.lot.value));
    this.number = computed(() => this.lot.value?.lot ?? null);
    this.takesPledges = computed(
      () => this.lot.value?.mode === "pledge" && isRunning(this.lot.value),
    );
    this.nextNumber = computed(() => this.next.value?.lot ?? null);
    this.pledges = new PledgeDesk(this);
  }

  /** Follow the event until the page ends. */
  start() {
    this.store.listen((told) => this.#hear(told));
    effect(() => {
      if (this.isUp.value) this.ledger.resume();
    });
    effect(() => {
      if (this.number.value !== null) this.#fill(this.number.value);
    });
    window.addEventListener("beforeunload", (event) => {
      if (this.ledger.waiting.length > 0) event.preventDefault();
    });
    return this;
  }

  /** The line that is typed on: the entry, or a fund's paddle. */
  get typed() {
    return this.takesPledges.value ? this.pledges.typed : this.entry;
  }

  get role() {
    return this.store.you.value.role;
  }

  money = (amount) => formatMoney(amount, this.store.event.value.currency);

  amount = (text) => parseMoney(text, this.store.event.value.currency);

  /** Do what a key or a button asks for. */
  act(id) {
    const action = ACTIONS.find((each) => each.id === id);
    const made = makeCommand(action, this.#context());
    if (made.why !== undefined) {
      this.say(made.why, "lost");
      return;
    }
    if (made.dialog !== undefined) {
      const { first } = readEntry(this.typed.value);
      this.dialog.value = { name: made.dialog, lot: this.lot.value, paddle: readPaddle(first) };
    } else {
      this.give(made.label, made.command);
    }
    this.typed.value = "";
  }

  /** Give a command to the ledger and say how it ended; gives its end. */
  async give(label, command) {
    this.note.value = null;
    const end = await this.ledger.give(label, command);
    if (end.state === "refused")
      this.say(`${label}: ${refusalWords(end.answer, this.money)}`, "lost");
    else if (end.state === "acked") speak(`${label}: done`);
    return end;
  }

  say(text, kind = "") {
    this.note.value = { text, kind };
    speak(text, kind === "lost");
  }

  /** Look at a lot; null: back to the ring. */
  choose(number) {
    batch(() => {
      this.chosen.value = number;
      this.note.value = null;
    });
  }

  step(by) {
    const lot = this.lot.value;
    if (lot !== null) this.choose(neighbour(this.ordered.value, lot.lot, by).lot);
  }

  goToTyped() {
    const number = Number(this.entry.value.trim());
    if (this.store.lot(number) === undefined) {
      this.say("Type a lot's number, then G.", "lost");
      return;
    }
    this.choose(number);
    this.entry.value = "";
  }

  /** Clear what was typed; with nothing typed, back to the ring. */
  escape() {
    if (this.typed.value === "") this.choose(null);
    this.typed.value = "";
    this.note.value = null;
  }

  /** Give what was done to the lot at hand, the newest first. */
  log() {
    this.moved.value;
    return this.lot.value === null ? [] : this.history.log(this.lot.value.lot);
  }

  #ring() {
    const lot = this.lot.value;
    return (lot && this.catalogue.rings.get(lot.lot)) ?? MAIN_RING;
  }

  #context() {
    const lot = this.lot.value;
    return {
      lot,
      inRing: this.inRing.value,
      next: this.next.value,
      event: this.store.event.value,
      role: this.role,
      entry: readEntry(this.typed.value),
      money: this.money,
      amount: this.amount,
      undoable: lot === null ? null : this.history.newestUndoable(lot),
      now: this.now.value,
    };
  }

  #hear(told) {
    if (told.type === "welcome") {
      if (told.snapshot !== undefined) this.history.forgetActions();
      return;
    }
    this.history.take(told);
    this.pledges.hear(told);
    if (told.lot === this.number.peek()) this.moved.value += 1;
    if (told.type !== "lot_opened" && told.type !== "lot_reopened") return;
    if (this.store.lot(told.lot)?.value.mode === "live") {
      batch(() => {
        this.lastInRing.value = told.lot;
        this.chosen.value = null;
      });
    }
  }

  async #fill(number) {
    const path = `/events/${encodeURIComponent(this.id)}/lots/${number}/bids?limit=50`;
    try {
      const { bids } = await call("GET", path);
      this.history.fill(number, bids);
      this.moved.value += 1;
    } catch {
      return;
    }
  }
}
