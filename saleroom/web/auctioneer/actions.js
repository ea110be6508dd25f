// What a desk can do, by key: the map on screen and the commands behind it are this one table.
//
// Owns: each action's key, words, least role, and the command that it makes of what is on the
// screen and typed. Invariant: pure; a bid at the ask, the hammer and an undo name what the person
// saw, so that the server refuses them when something else stands by then. `make` gives `{label,
// command}`, `{why}` when it cannot be done now, or `{dialog}` when it needs words. Must not know:
// the page. Source: PROTOCOL 3, rules 12 to 19, issue 7.

import { isRunning } from "../house/running.js";

const EXTEND_MINUTES = 2;
const MINUTE = 60_000;

/** Read the entry line: `first`, and what follows a slash. `1500/214`: an amount and a paddle. */
export function readEntry(text) {
  const [first = "", second = ""] = text.trim().split("/", 2);
  return { first: first.trim(), second: second.trim() };
}

/** Read a paddle's number; null for what is none. */
export function readPaddle(text) {
  return /^\d{1,6}$/.test(text) && Number(text) >= 1 ? Number(text) : null;
}

function liveRunning(lot) {
  if (lot === null) return "There is no lot to act on.";
  if (lot.mode !== "live") return `Lot ${lot.lot} is not a live lot.`;
  if (lot.state === "queued") return `Lot ${lot.lot} is not open yet. Press N to open it.`;
  return isRunning(lot) ? null : `Lot ${lot.lot} has ended.`;
}

function onLive(make) {
  return (desk) => {
    const why = liveRunning(desk.lot);
    return why === null ? make(desk, desk.lot) : { why };
  };
}

function onLot(make) {
  return (desk) =>
    desk.lot === null ? { why: "There is no lot to act on." } : make(desk, desk.lot);
}

function floorAtAsk({ entry, money }, lot) {
  const label = `Floor bid ${money(lot.ask)}`;
  if (entry.first === "") {
    return { label, command: { type: "floor_bid", lot: lot.lot, amount: lot.ask } };
  }
  const paddle = readPaddle(entry.first);
  if (paddle === null) return { why: "Type a paddle's number, or nothing, before B." };
  const command = { type: "floor_bid", lot: lot.lot, amount: lot.ask, paddle };
  return { label: `${label}, paddle ${paddle}`, command };
}

function floorAt({ entry, money, amount }, lot) {
  const typed = amount(entry.first);
  if (typed === null) return { why: "Type an amount, then Enter. With a paddle: 1500/214." };
  const command = { type: "floor_bid", lot: lot.lot, amount: typed };
  if (entry.second === "") return { label: `Floor bid ${money(typed)}`, command };
  const paddle = readPaddle(entry.second);
  if (paddle === null) return { why: "After the slash comes a paddle's number." };
  return { label: `Floor bid ${money(typed)}, paddle ${paddle}`, command: { ...command, paddle } };
}

function assign({ entry }, lot) {
  const paddle = readPaddle(entry.first);
  if (paddle === null) return { why: "Type the paddle's number, then P." };
  if (lot.price === null || lot.leader !== null) return { why: "No floor bid waits for a paddle." };
  return {
    label: `Floor bid to paddle ${paddle}`,
    command: { type: "assign_floor", lot: lot.lot, paddle },
  };
}

function setAsk({ entry, money, amount }, lot) {
  const ask = amount(entry.first);
  if (ask === null) return { why: "Type the new ask, then A." };
  return { label: `Ask ${money(ask)}`, command: { type: "set_ask", lot: lot.lot, ask } };
}

function setStep({ entry, money, amount }, lot) {
  const step = amount(entry.first);
  if (step === null) return { why: "Type the new step, then I." };
  const ask = lot.price === null ? lot.ask : lot.price + step;
  return { label: `Step ${money(step)}`, command: { type: "set_ask", lot: lot.lot, ask, step } };
}

function sell({ money }, lot, override = false) {
  if (lot.price === null) return { why: "There is no bid to sell to." };
  if (lot.leader === null)
    return { why: "The standing floor bid has no paddle. Type it and press P." };
  const command = {
    type: "sell_lot",
    lot: lot.lot,
    expect_paddle: lot.leader,
    expect_amount: lot.price,
  };
  const label = `Sold: lot ${lot.lot}, paddle ${lot.leader}, ${money(lot.price)}`;
  return override
    ? { label: `${label}, below the reserve`, command: { ...command, override_reserve: true } }
    : { label, command };
}

function openNext({ lot, next, inRing }) {
  if (inRing !== null) return { why: `Lot ${inRing.lot} is in the ring. Sell or pass it first.` };
  const wanted = lot !== null && lot.mode === "live" && lot.state === "queued" ? lot : next;
  if (wanted === null) return { why: "No live lot is left to open." };
  return { label: `Open lot ${wanted.lot}`, command: { type: "open_lot", lot: wanted.lot } };
}

function undo({ undoable }, lot) {
  if (lot.mode === "pledge") return { why: "A pledge is voided, not undone: press V." };
  if (undoable === null) return { why: `There is nothing to undo on lot ${lot.lot}.` };
  if (undoable === undefined) return { dialog: "undo" };
  const label = `Undo ${UNDONE[undoable.kind]} on lot ${lot.lot}`;
  return { label, command: { type: "undo", lot: lot.lot, expect_seq: undoable.seq } };
}

const UNDONE = {
  bid: "the newest bid",
  assign: "the paddle given",
  ask: "the ask",
  warn: "the warning",
  sell: "the sale",
  pass: "the pass",
};

function reopen({ inRing }, lot) {
  const isEnded = lot.state === "sold" || lot.state === "passed";
  if (!isEnded) return { why: `Lot ${lot.lot} has not been sold or passed.` };
  if (inRing !== null) return { why: `Lot ${inRing.lot} is in the ring. Sell or pass it first.` };
  return { dialog: "reopen" };
}

function extend({ entry, now }, lot) {
  if (lot.mode !== "silent" || !isRunning(lot))
    return { why: `Lot ${lot.lot} is no silent lot that runs.` };
  const minutes = entry.first === "" ? EXTEND_MINUTES : Number(entry.first);
  if (!Number.isInteger(minutes) || minutes < 1 || minutes > 240) {
    return { why: "Type minutes, 1 to 240, then E." };
  }
  const ends_at = Math.round(Math.max(lot.ends_at ?? now, now) + minutes * MINUTE);
  return {
    label: `Lot ${lot.lot}: ${minutes} min more`,
    command: { type: "extend_lot", lot: lot.lot, ends_at },
  };
}

function hold({ event }) {
  if (event.status === "open") return { dialog: "pause" };
  if (event.status === "paused") return { label: "Go on", command: { type: "resume_event" } };
  if (event.status === "published")
    return { label: "Open the event", command: { type: "open_event" } };
  return { why: "The event has closed." };
}

const simple = (type, words) => (_desk, lot) => ({
  label: `${words}, lot ${lot.lot}`,
  command: { type, lot: lot.lot },
});

const onFund = (dialog) => (_desk, lot) =>
  lot.mode === "pledge" ? { dialog } : { why: `Lot ${lot.lot} takes no pledges.` };

/** group: where it stands on the page. least: the role from which on it may be done. */
export const ACTIONS = [
  {
    id: "floor",
    key: "B",
    words: "Floor bid at ask",
    typed: "paddle",
    group: "bid",
    make: onLive(floorAtAsk),
  },
  {
    id: "amount",
    key: "Enter",
    words: "Floor bid of",
    typed: "amount",
    group: "bid",
    make: onLive(floorAt),
  },
  {
    id: "assign",
    key: "P",
    words: "Floor bidder",
    typed: "paddle",
    group: "bid",
    make: onLive(assign),
  },
  { id: "ask", key: "A", words: "Set ask", typed: "amount", group: "bid", make: onLive(setAsk) },
  { id: "step", key: "I", words: "Set step", typed: "amount", group: "bid", make: onLive(setStep) },
  {
    id: "fair",
    key: "W",
    words: "Fair warning",
    group: "hammer",
    make: onLive(simple("fair_warning", "Fair warning")),
  },
  {
    id: "final",
    key: "F",
    words: "Final call",
    group: "hammer",
    make: onLive(simple("final_call", "Final call")),
  },
  {
    id: "sold",
    key: "S",
    words: "Sold",
    group: "hammer",
    make: onLive((desk, lot) => sell(desk, lot)),
  },
  {
    id: "override",
    key: "Shift+S",
    words: "Sold under reserve",
    group: "hammer",
    least: "auctioneer",
    make: onLive((desk, lot) => sell(desk, lot, true)),
  },
  {
    id: "pass",
    key: "X",
    words: "Pass",
    group: "hammer",
    make: onLive(simple("pass_lot", "Pass")),
  },
  { id: "next", key: "N", words: "Open next lot", group: "hammer", make: openNext },
  { id: "undo", key: "U", words: "Undo", group: "lot", make: onLot(undo) },
  {
    id: "remote",
    key: "L",
    words: "Online bids on/off",
    group: "lot",
    make: onLot((_desk, lot) => {
      if (lot.mode !== "live") return { why: `Lot ${lot.lot} is not a live lot.` };
      const on = !lot.locked;
      const label = `${on ? "Lock" : "Take"} online bids on lot ${lot.lot}`;
      return { label, command: { type: "lock_remote", lot: lot.lot, on } };
    }),
  },
  { id: "reopen", key: "R", words: "Open again", group: "lot", make: onLot(reopen) },
  {
    id: "withdraw",
    key: "D",
    words: "Withdraw",
    group: "lot",
    make: onLot(() => ({ dialog: "withdraw" })),
  },
  {
    id: "extend",
    key: "E",
    words: "More time",
    typed: "minutes",
    group: "lot",
    least: "auctioneer",
    make: onLot(extend),
  },
  {
    id: "match",
    key: "M",
    words: "Match",
    group: "lot",
    least: "auctioneer",
    make: onLot(onFund("match")),
  },
  {
    id: "challenge",
    key: "C",
    words: "Challenge",
    group: "lot",
    least: "auctioneer",
    make: onLot(onFund("challenge")),
  },
  {
    id: "paddle",
    key: "K",
    words: "Lock/unlock",
    typed: "paddle",
    group: "room",
    make: ({ entry }) =>
      readPaddle(entry.first) === null
        ? { why: "Type the paddle's number, then K." }
        : { dialog: "paddle" },
  },
  {
    id: "announce",
    key: "T",
    words: "Tell everyone",
    group: "room",
    make: () => ({ dialog: "announce" }),
  },
  {
    id: "hold",
    key: "H",
    words: "Open, pause, go on",
    group: "room",
    least: "auctioneer",
    make: hold,
  },
  {
    id: "close",
    key: "Shift+H",
    words: "Close the event",
    group: "room",
    least: "auctioneer",
    make: ({ event }) =>
      event.status === "closed" ? { why: "The event has closed." } : { dialog: "close" },
  },
];

/** Moves of the eye, which send nothing. isEverywhere: also while pledges are keyed. */
export const MOVES = [
  { key: "PgUp PgDn", words: "another lot", isEverywhere: true },
  { key: "↑ ↓", words: "another lot" },
  { key: "G", words: "go to", typed: "lot" },
  { key: "Esc", words: "clear, then back to the ring", isEverywhere: true },
];

export const GROUPS = { bid: "Bids", hammer: "Hammer", lot: "Lot", room: "Room" };

const RANKS = ["clerk", "auctioneer", "admin"];

/** Say whether a role may do an action. */
export function mayDo(role, action) {
  return RANKS.includes(role) && RANKS.indexOf(role) >= RANKS.indexOf(action.least ?? "clerk");
}

/** Find the action of a key press, undefined for none. */
export function actionOf({ key, shiftKey, ctrlKey, metaKey, altKey }) {
  if (ctrlKey || metaKey || altKey) return undefined;
  const name = key.length === 1 ? key.toUpperCase() : key;
  const wanted = shiftKey && /^[A-Z]$/.test(name) ? `Shift+${name}` : name;
  return ACTIONS.find((action) => action.key === wanted);
}

/** Make an action's command for a desk as it stands; `{why}` for a role that may not. */
export function makeCommand(action, desk) {
  if (!mayDo(desk.role, action)) return { why: `"${action.words}" is for auctioneers.` };
  return action.make(desk);
}
