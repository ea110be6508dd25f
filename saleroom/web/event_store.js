// An event as a page knows it: the snapshot, moved on by the feed.
//
// Owns: a signal per lot, so that a bid draws one card anew, and what the person behind the page has
// of their own. Invariant: facts are applied in the order of their seq, none twice; one that is
// missing is never guessed (`take` gives false, and the connection starts anew).
// Must not know: sockets, or how anything is drawn. Source: PROTOCOL 2 and 4, rules 12, 17 and 18.

import { batch, computed, signal } from "./vendor/signals-core.js";

const ENDED = new Set(["sold", "passed", "withdrawn", "closed"]);
const NEWS_MAX = 50;

/** Say whether a lot has ended. */
export function hasEnded(lot) {
  return ENDED.has(lot.state);
}

/** Say whether bids, purchases or pledges on a lot are taken. */
export function isRunning(lot) {
  return lot.state !== "queued" && !hasEnded(lot);
}

export class EventStore {
  constructor() {
    this.epoch = null;
    this.seq = 0;
    this.awaited = null; // {seq, you}: of a resumed welcome, until the feed has reached its seq
    this.isStale = false; // something cannot be known from the feed alone
    this.lots = new Map(); // number → signal of the lot, with `max` and `won` of one's own
    this.numbers = signal([]); // in the order of the snapshot
    this.event = signal(null); // {id, title, status, currency}
    this.pauseReason = signal(null);
    this.you = signal({ role: null, paddle: null, name: null, locked: false });
    this.leaderboard = signal([]);
    this.raised = signal(0);
    this.presence = signal({ bidders: 0, spectators: 0 });
    this.announcement = signal(null); // {seq, text}
    this.isKnown = computed(() => this.event.value !== null);
    this.listeners = new Set();
    this.news = []; // the newest facts, the last one last
  }

  /** Give a lot's signal; undefined for a lot that is not known. */
  lot(number) {
    return this.lots.get(number);
  }

  /** Say whether one's own paddle leads a lot. */
  leads(lot) {
    const { paddle } = this.you.value;
    return paddle !== null && lot.leader === paddle && isRunning(lot);
  }

  /** Have each fact and each notice told, after it was applied; give what ends that. */
  listen(listener) {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** What a hello says, so that nothing is sent twice. */
  resume() {
    return this.epoch === null ? {} : { resume: { epoch: this.epoch, seq: this.seq } };
  }

  /** Take a message of the server; false: facts are missing. */
  take(message) {
    const read = MESSAGES[message.type];
    if (read === undefined) return true;
    let isWhole = true;
    const told = [];
    batch(() => {
      isWhole = read(this, message, told) !== false;
    });
    for (const each of told) {
      for (const listener of this.listeners) listener(each);
    }
    return isWhole;
  }

  welcome(message) {
    const { epoch, seq, you, snapshot } = message;
    this.epoch = epoch;
    this.isStale = false;
    this.awaited = null;
    if (snapshot) {
      this.#replace(snapshot);
      this.#takeOwn({ ...snapshot.you, ...you });
      this.seq = seq;
    } else {
      this.awaited = { seq, you };
      this.#catchUp();
    }
  }

  feed(message, told) {
    if (message.to <= this.seq) return true;
    if (message.from !== this.seq + 1) return false;
    for (const fact of message.events) {
      this.apply(fact);
      this.news.push(fact);
      told.push(fact);
    }
    if (this.news.length > NEWS_MAX) this.news.splice(0, this.news.length - NEWS_MAX);
    this.seq = message.to;
    this.#catchUp();
    if (this.isStale) this.epoch = null;
    return !this.isStale;
  }

  apply(fact) {
    FACTS[fact.type]?.(this, fact);
  }

  /** Change some fields of a lot. */
  change(number, fields) {
    const lot = this.lots.get(number);
    if (lot !== undefined) lot.value = { ...lot.value, ...fields };
  }

  #replace(snapshot) {
    const { server_time: _, ...event } = snapshot.event;
    this.event.value = event;
    const kept = new Map(this.lots);
    this.lots.clear();
    for (const view of snapshot.lots) {
      const made = kept.get(view.lot) ?? signal(null);
      const opening = view.price === null ? view.min_next : (made.value?.opening ?? null);
      made.value = {
        ...UNSETTLED,
        ...view,
        opening,
        max: null,
        won: false,
        locked: view.remote_locked ?? false,
      };
      this.lots.set(view.lot, made);
    }
    this.numbers.value = snapshot.lots.map((view) => view.lot);
    this.leaderboard.value = snapshot.leaderboard.slice(0, 10);
    this.raised.value = snapshot.raised;
  }

  /** Take one's own, as a resumed welcome told it, once the facts before it have come. */
  #catchUp() {
    if (this.awaited === null || this.seq < this.awaited.seq) return;
    this.#takeOwn(this.awaited.you);
    this.awaited = null;
  }

  #takeOwn(you) {
    const { paddle, locked, role, name } = you;
    this.you.value = { paddle, locked, role, name };
    const won = new Set(you.won);
    for (const [number, lot] of this.lots) {
      const own = { max: you.maxes[number] ?? null, won: won.has(number) };
      if (lot.value.max !== own.max || lot.value.won !== own.won) this.change(number, own);
    }
  }

  define(fact) {
    const before = this.lots.get(fact.lot)?.value;
    const { seq: _seq, type: _type, at: _at, ...fields } = fact;
    const base = before ?? { ...NEW_LOT, price: null };
    const made = { ...base, ...fields };
    if (made.price === null) made.min_next = fact.opening;
    if (made.mode === "live") made.ask = made.min_next;
    if (made.mode === "sale") made.remaining = fact.quantity === 0 ? null : (fact.quantity ?? 1);
    if (made.mode === "pledge" && before === undefined) {
      Object.assign(made, {
        total: 0,
        match: 0,
        donors: 0,
        levels: fact.levels ?? [],
        goal: fact.goal ?? null,
      });
    }
    if (before === undefined) {
      this.lots.set(fact.lot, signal(made));
      this.numbers.value = [...this.numbers.value, fact.lot];
    } else {
      this.lots.get(fact.lot).value = made;
    }
  }

  setEvent(fields) {
    this.event.value = { ...this.event.value, ...fields };
  }
}

/** No offer waits for an answer, no winner for a choice of units. */
const UNSETTLED = { offer: null, choice: null };

const NEW_LOT = {
  ...UNSETTLED,
  state: "queued",
  leader: null,
  bid_count: 0, // null: not known since a correction
  opening: null,
  ends_at: null,
  ask: null,
  reserve_met: null,
  buy_now: null,
  remaining: null,
  total: null,
  match: null,
  donors: null,
  max: null,
  won: false,
  locked: false,
  matching: null,
  challenge: null,
};

const MESSAGES = {
  welcome: (store, message, told) => {
    store.welcome(message);
    told.push(message);
  },
  feed: (store, message, told) => store.feed(message, told),
  outbid: (store, notice, told) => told.push(notice),
  won: (store, notice, told) => {
    store.change(notice.lot, { won: true });
    told.push(notice);
  },
  max_changed: (store, notice, told) => {
    store.change(notice.lot, { max: notice.max });
    told.push(notice);
  },
  leaderboard_update: (store, notice) => {
    store.leaderboard.value = notice.top;
    store.raised.value = notice.raised;
  },
  presence: (store, { bidders, spectators, paddles }) => {
    store.presence.value = { bidders, spectators, paddles };
  },
};

function fund(store, { lot, total, match, donors }) {
  store.change(lot, { total, match, donors });
}

const FACTS = {
  bid_placed: (store, fact) => {
    const { amount, paddle, min_next, bid_count, reserve_met } = fact;
    const fields = {
      state: "open",
      price: amount,
      leader: paddle,
      min_next,
      bid_count,
      reserve_met,
    };
    if (fact.ask !== undefined) fields.ask = fact.ask;
    if (fact.ends_at !== undefined) fields.ends_at = fact.ends_at;
    if (paddle !== store.you.value.paddle) fields.max = null;
    store.change(fact.lot, fields);
  },
  lot_opened: (store, { lot, ends_at }) => {
    store.change(lot, { state: "open", ...(ends_at === undefined ? {} : { ends_at }) });
  },
  lot_reopened: (store, { lot, fresh }) => {
    const round = fresh ? firstRound(store, lot) : {};
    store.change(lot, { state: "open", won: false, ...UNSETTLED, ...round });
  },
  lot_warned: (store, { lot, stage }) => store.change(lot, { state: stage }),
  ask_changed: (store, { lot, ask }) => store.change(lot, { ask, min_next: ask }),
  lot_extended: (store, { lot, ends_at }) => store.change(lot, { ends_at }),
  remote_locked: (store, { lot, on }) => store.change(lot, { locked: on }),
  item_sold: (store, fact) => {
    const { lot, paddle, amount, remaining, how } = fact;
    const isMine = paddle === store.you.value.paddle;
    const before = store.lot(lot)?.value;
    const fields = { max: null, ...UNSETTLED };
    if (how !== "purchase" || remaining === 0) fields.state = "sold";
    if (how !== "purchase") Object.assign(fields, { price: amount, leader: paddle });
    if (remaining !== undefined) fields.remaining = remaining;
    if (isMine) fields.won = true;
    else if (how === "offer" && remaining === undefined) fields.won = false;
    const isChoice = before?.mode === "live" && remaining !== undefined;
    if (isChoice && how !== "purchase") fields.choice = { paddle, units: remaining + fact.units };
    store.change(lot, fields);
  },
  lot_passed: (store, { lot }) => store.change(lot, { state: "passed", max: null }),
  lot_withdrawn: (store, { lot }) => store.change(lot, { state: "withdrawn", max: null }),
  bid_undone: (store, { lot, price, leader, min_next, state }) => {
    const ask = askOf(store, lot, min_next);
    store.change(lot, {
      price,
      leader,
      min_next,
      state,
      ask,
      bid_count: null,
      won: false,
      ...UNSETTLED,
    });
  },
  bids_retracted: (store, { lot, price, leader, min_next }) => {
    const ask = askOf(store, lot, min_next);
    store.change(lot, { price, leader, min_next, ask, bid_count: null });
  },
  floor_assigned: (store, { lot, paddle }) => store.change(lot, { leader: paddle }),
  paddle_locked: (store, { paddle }) => setLocked(store, paddle, true),
  paddle_unlocked: (store, { paddle }) => setLocked(store, paddle, false),
  pledge_made: fund,
  pledge_voided: fund,
  match_set: (store, fact) => {
    fund(store, fact);
    const { ratio_percent, cap } = fact;
    store.change(fact.lot, { matching: { ratio_percent, cap } });
  },
  challenge_set: (store, fact) => {
    fund(store, fact);
    const { threshold, amount } = fact;
    store.change(fact.lot, { challenge: { threshold, amount } });
  },
  challenge_met: (store, fact) => {
    fund(store, fact);
    store.change(fact.lot, { challenge: null });
  },
  pledge_closed: (store, fact) => {
    fund(store, fact);
    store.change(fact.lot, { state: "closed" });
  },
  units_chosen: (store, { lot, remaining }) => {
    store.change(lot, { remaining, choice: null });
  },
  offer_made: (store, { lot, paddle, amount }) => {
    store.change(lot, { offer: { paddle, amount } });
  },
  offer_answered: (store, { lot }) => store.change(lot, { offer: null }),
  announcement: (store, { seq, text }) => {
    store.announcement.value = { seq, text };
  },
  event_opened: (store) => store.setEvent({ status: "open" }),
  event_paused: (store, { reason }) => {
    store.setEvent({ status: "paused" });
    store.pauseReason.value = reason;
  },
  event_resumed: (store, { ends }) => {
    store.setEvent({ status: "open" });
    store.pauseReason.value = null;
    for (const [lot, ends_at] of Object.entries(ends)) store.change(Number(lot), { ends_at });
  },
  event_closed: (store) => {
    store.setEvent({ status: "closed" });
    for (const [number, lot] of store.lots) {
      if (lot.value.mode === "sale" && isRunning(lot.value))
        store.change(number, { state: "sold" });
    }
  },
  lot_added: (store, fact) => store.define(fact),
  lot_changed: (store, fact) => store.define(fact),
};

function askOf(store, number, minNext) {
  return store.lot(number)?.value.mode === "live" ? minNext : null;
}

/** Give what a lot is cleared to; without its opening the event has to be read anew. */
function firstRound(store, number) {
  const opening = store.lot(number)?.value.opening;
  if (opening === null || opening === undefined) store.isStale = true;
  return {
    price: null,
    leader: null,
    bid_count: 0,
    max: null,
    reserve_met: null,
    min_next: opening,
    ask: askOf(store, number, opening),
  };
}

function setLocked(store, paddle, locked) {
  if (store.you.value.paddle === paddle) store.you.value = { ...store.you.value, locked };
}
