// Refusals as staff read them: what happened, and what to do about it.
//
// Owns: the words for each code that a desk meets. Invariant: a code without words of ours is told
// in the server's. Must not know: who asked. Source: PROTOCOL 3, rules 12 to 25 and 29.

const WORDS = {
  NO_ANSWER: () => "No answer came. It may or may not have been taken.",
  NOT_SENT: () => "It was not sent: the line was down.",
  FORBIDDEN: ({ message }) => sentence(message ?? "your role may not do this"),
  STALE_ASK: ({ leader, price }, money) =>
    `Not done: the standing bid has changed to ${standing(price, leader, money)}. ` +
    "Look, then press again.",
  BID_TOO_LOW: ({ price, leader, min_next }, money) =>
    `An earlier bid came first: ${standing(price, leader, money)}. The ask is ${money(min_next)}.`,
  ASK_TOO_LOW: ({ price }, money) => `The ask must be above the price, ${money(price)}.`,
  NO_BIDS: ({ price }) =>
    price === null || price === undefined
      ? "There is no bid to act on."
      : "The standing floor bid has no paddle. Type the paddle and press P.",
  RESERVE_NOT_MET: () => "The reserve is not met. An auctioneer may sell below it.",
  RING_BUSY: () => "Another lot of this ring is open. Sell or pass it first.",
  LOT_NOT_OPEN: () => "The lot is not open yet. Press N to open it.",
  LOT_CLOSED: () => "The lot has ended.",
  EVENT_NOT_OPEN: () => "The event is not open.",
  EVENT_PAUSED: () => "The event is paused.",
  UNKNOWN_PADDLE: () => "There is no such paddle.",
  UNKNOWN_LOT: () => "There is no such lot.",
  PADDLE_LOCKED: () => "That paddle is locked.",
  TERMS_NOT_ACCEPTED: () => "That paddle has not agreed to the terms.",
  OWN_LOT: () => "That paddle gave this lot and may not bid on it.",
  OVER_LIMIT: () => "That would pass the paddle's limit.",
  NOTHING_TO_UNDO: () => "There is nothing to undo on this lot.",
  DUPLICATE_PLEDGE: () => "That paddle has pledged at this level already.",
  UNKNOWN_LEVEL: () => "This fund has no such level.",
  UNKNOWN_PLEDGE: () => "That pledge is void already.",
  INVALID_END: () => "The new end must be later than the present one.",
  INVALID_AMOUNT: () => "That is no amount that can be bid.",
  WRONG_MODE: () => "That is not for a lot of this kind.",
  BUY_ONLY: () => "This lot takes no bids.",
  NOT_A_PLEDGE: () => "This lot takes no pledges.",
  RATE_LIMITED: () => "Too many commands at once. Wait a moment.",
  OVERLOADED: () => "The server is busy. It was not taken.",
  ALREADY_PAID: () => "The lot has been paid for.",
};

/** Give the words for a nack. money: writes an amount. */
export function refusalWords(nack, money) {
  const words = WORDS[nack.code];
  return words ? words(nack, money) : sentence(nack.message ?? nack.code);
}

function standing(price, leader, money) {
  if (price === null || price === undefined) return "no bid";
  return `${money(price)}, ${leader === null ? "floor, no paddle yet" : `paddle ${leader}`}`;
}

function sentence(text) {
  const whole = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(whole) ? whole : `${whole}.`;
}
