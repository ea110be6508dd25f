// What was done to each lot while this page looked on.
//
// Owns: the log that people read, and the seq of what an undo would take back. Invariant: a log is
// bounded; `newestUndoable` gives a seq only where every action since the lot's opening was seen,
// so that an undo is never guarded by a guess. Must not know: how it is drawn. Source: rules 12 and
// 17.

export const LOG_MAX = 200;
const ENDINGS = new Set(["sell", "pass"]);
const RUNNING = new Set(["open", "fair_warning", "final_call"]);

const EMPTY = { entries: [], actions: [], isWhole: false, isSettled: false };

export class History {
  constructor() {
    this.lots = new Map();
  }

  /** Give a lot's entries, the newest first. */
  log(number) {
    return this.#of(number).entries;
  }

  /** Take a fact of the feed. */
  take(fact) {
    if (fact.lot === undefined) return;
    const before = this.#of(fact.lot);
    const entries = LOGGED.has(fact.type)
      ? [fact, ...before.entries].slice(0, LOG_MAX)
      : before.entries;
    const changed = ACTIONS[fact.type]?.(before, fact) ?? {};
    this.lots.set(fact.lot, { ...before, ...changed, entries });
  }

  /** Fill in bids made before the page was opened, as the lot's list of bids gives them. */
  fill(number, bids) {
    const known = this.#of(number);
    const oldest = known.entries.at(-1)?.seq ?? Infinity;
    const earlier = bids
      .filter((bid) => (bid.seq ?? 0) < oldest)
      .map((bid) => ({ ...bid, type: "bid_placed", paddle: bid.leader }));
    const entries = [...known.entries, ...earlier].slice(0, LOG_MAX);
    this.lots.set(number, { ...known, entries });
  }

  /**
   * Say what an undo would take back on a lot: `{seq, kind}`, null for nothing, and undefined when
   * that was before this page looked.
   */
  newestUndoable(lot) {
    const { actions, isWhole, isSettled } = this.#of(lot.lot);
    if (isSettled) return null;
    const newest = actions.at(-1);
    if (newest === undefined) return isWhole ? null : undefined;
    return RUNNING.has(lot.state) || ENDINGS.has(newest.kind) ? newest : null;
  }

  /** Forget what may have been missed: the next snapshot starts anew. */
  forgetActions() {
    for (const [number, known] of this.lots) {
      this.lots.set(number, { ...known, actions: [], isWhole: false });
    }
  }

  #of(number) {
    return this.lots.get(number) ?? EMPTY;
  }
}

function acted(kind) {
  return ({ actions }, { seq }) => ({ actions: [...actions, { seq, kind }].slice(-LOG_MAX) });
}

const settled = () => ({ isSettled: true });

const ACTIONS = {
  lot_opened: () => ({ actions: [], isWhole: true, isSettled: false }),
  bid_placed: (before, fact) => (fact.source === "absentee" ? {} : acted("bid")(before, fact)),
  floor_assigned: acted("assign"),
  ask_changed: acted("ask"),
  lot_warned: acted("warn"),
  item_sold: (before, fact) => (fact.how === "hammer" ? acted("sell")(before, fact) : {}),
  lot_passed: (before, fact) => (fact.reason === "auctioneer" ? acted("pass")(before, fact) : {}),
  bid_undone: ({ actions }, { undone }) => ({
    actions: actions.filter((action) => action.seq !== undone),
  }),
  lot_reopened: ({ actions }, { fresh }) => ({
    actions: fresh ? [] : actions.slice(0, -1),
    ...(fresh ? { isWhole: true } : {}),
    isSettled: false,
  }),
  bids_retracted: () => ({ actions: [], isWhole: false }),
  units_chosen: settled,
  offer_made: settled,
};

const LOGGED = new Set([
  "lot_opened",
  "lot_reopened",
  "lot_warned",
  "ask_changed",
  "lot_extended",
  "remote_locked",
  "bid_placed",
  "floor_assigned",
  "item_sold",
  "lot_passed",
  "lot_withdrawn",
  "bid_undone",
  "bids_retracted",
  "pledge_made",
  "pledge_voided",
  "pledge_closed",
  "match_set",
  "challenge_set",
  "challenge_met",
]);

const SOURCES = { online: "online", floor: "floor", absentee: "absentee bid", sms: "text message" };
const STATES = {
  queued: "not open yet",
  open: "open",
  fair_warning: "fair warning",
  final_call: "final call",
  sold: "sold",
  passed: "passed",
  withdrawn: "withdrawn",
  closed: "closed",
};

/** Name a lot's state. */
export function stateWords(state) {
  return STATES[state] ?? state;
}

/** Say who stands behind a paddle's number. */
function paddleWords(paddle) {
  return paddle === null || paddle === undefined ? "no paddle yet" : `paddle ${paddle}`;
}

/** Say a log entry in words. money: writes an amount. */
export function entryWords(entry, money) {
  return WORDS[entry.type](entry, money);
}

const WORDS = {
  lot_opened: () => "Opened",
  lot_reopened: ({ fresh }) => (fresh ? "Opened again, a new round" : "Opened again, bids kept"),
  lot_warned: ({ stage }) => (stage === "fair_warning" ? "Fair warning" : "Final call"),
  ask_changed: ({ ask }, money) => `Ask set to ${money(ask)}`,
  lot_extended: () => "End moved",
  remote_locked: ({ on }) => (on ? "Online bids locked" : "Online bids taken again"),
  bid_placed: (bid, money) => {
    const held = bid.bidder !== bid.paddle ? `, ${paddleWords(bid.paddle)} leads` : "";
    const source = SOURCES[bid.source] ?? bid.source;
    return `${money(bid.amount)}, ${paddleWords(bid.bidder)} (${source})${held}`;
  },
  floor_assigned: ({ paddle }) => `Floor bid given to paddle ${paddle}`,
  item_sold: ({ amount, paddle, units }, money) =>
    `Sold to paddle ${paddle} for ${money(amount)}${units > 1 ? `, ${units} units` : ""}`,
  lot_passed: () => "Passed",
  lot_withdrawn: ({ reason }) => `Withdrawn: ${reason}`,
  bid_undone: ({ price, leader }, money) =>
    price === null
      ? "Undone: no bid stands"
      : `Undone: ${money(price)}, ${paddleWords(leader)} stands`,
  bids_retracted: ({ paddle }) => `Bids of paddle ${paddle} retracted`,
  pledge_made: ({ paddle, level, count }, money) =>
    `Paddle ${paddle} pledges ${money(level)}${count > 1 ? ` × ${count}` : ""}`,
  pledge_voided: ({ paddle, level }, money) =>
    `Pledge of ${money(level)} by paddle ${paddle} voided`,
  pledge_closed: ({ total }, money) => `Closed with ${money(total)} pledged`,
  match_set: ({ ratio_percent, cap }, money) => `Match of ${ratio_percent} % up to ${money(cap)}`,
  challenge_set: ({ threshold, amount }, money) =>
    `Challenge: ${money(amount)} at ${money(threshold)}`,
  challenge_met: ({ amount }, money) => `Challenge met: ${money(amount)}`,
};
