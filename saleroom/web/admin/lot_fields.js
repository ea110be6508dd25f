// The fields of a lot: which there are, and for which modes they mean something.
// Source: RULES "Events and lots", rules 1 to 12, 20 and 22.

export const MODES = [
  ["silent", "Silent: ends by the clock"],
  ["live", "Live: run by the auctioneer"],
  ["sale", "Sale: fixed price"],
  ["pledge", "Pledge: fund a need"],
];

export const MODE_WORDS = { silent: "Silent", live: "Live", sale: "Sale", pledge: "Pledge" };

/** {state: [kind of badge, word]}. */
export const STATE_WORDS = {
  queued: ["", "Queued"],
  open: ["lead", "Open"],
  fair_warning: ["warn", "Fair warning"],
  final_call: ["warn", "Final call"],
  sold: ["accent", "Sold"],
  passed: ["", "Passed"],
  withdrawn: ["lost", "Withdrawn"],
  closed: ["accent", "Closed"],
};

/** Give the fields. categories: names; donors: `{id, name}`. */
export function lotFields(categories, donors) {
  return [
    { name: "title", label: "Title", kind: "text", isRequired: true, isWide: true, most: 500 },
    { name: "mode", label: "Mode", kind: "choice", isRequired: true, options: MODES },
    {
      name: "opening",
      label: "Opening or price",
      kind: "money",
      isRequired: true,
      hint: "The least bid; of a sale lot what one costs; of a pledge lot any amount.",
    },
    {
      name: "description",
      label: "Description",
      kind: "text",
      isLong: true,
      isWide: true,
      most: 10_000,
    },
    {
      name: "category",
      label: "Category",
      kind: "choice",
      options: [["", "None"], ...categories.map((name) => [name, name])],
    },
    {
      name: "donor",
      label: "Given by",
      kind: "pick",
      options: [["", "Nobody named"], ...donors.map(({ id, name }) => [String(id), name])],
    },
    {
      name: "fmv",
      label: "Fair market value",
      kind: "money",
      hint: "For receipts; what is paid beyond it is a gift.",
    },
    {
      name: "donor_paddle",
      label: "Paddle of the giver",
      kind: "whole",
      hint: "May not bid on this lot.",
    },
    {
      name: "reserve",
      label: "Reserve",
      kind: "money",
      modes: ["silent", "live"],
      hint: "Hidden. Below it the lot is not sold.",
    },
    {
      name: "buy_now",
      label: "Buy now",
      kind: "money",
      modes: ["silent"],
      hint: "Whoever pays this gets it at once.",
    },
    {
      name: "quantity",
      label: "Quantity",
      kind: "whole",
      modes: ["sale", "live"],
      hint: "Of a sale 0 is without limit; of a live lot the winner chooses how many.",
    },
    {
      name: "starts_at",
      label: "Opens",
      kind: "moment",
      modes: ["silent", "sale", "pledge"],
      hint: "Empty: with the event.",
    },
    { name: "ends_at", label: "Ends", kind: "moment", modes: ["silent"] },
    {
      name: "group",
      label: "Group",
      kind: "text",
      most: 500,
      modes: ["silent"],
      hint: "A late bid moves the ends of the whole group.",
    },
    {
      name: "ring",
      label: "Ring",
      kind: "text",
      most: 500,
      modes: ["live"],
      hint: "Where more than one auctioneer works: one lot at a time in each.",
    },
    {
      name: "levels",
      label: "Levels",
      kind: "amounts",
      modes: ["pledge"],
      hint: "One amount per line. Empty: any amount.",
    },
    { name: "goal", label: "Goal", kind: "money", modes: ["pledge"] },
    {
      name: "ladder",
      label: "Bid steps",
      kind: "ladder",
      modes: ["silent", "live"],
      hint: "Empty: the event's. Else gala, ebay, or lines such as 100: 10.",
    },
    {
      name: "soft_close",
      label: "Late bids",
      kind: "softClose",
      toggle: "Of its own, not as the event has it",
      modes: ["silent"],
      isWide: true,
    },
  ];
}

/** Say whether a field means something for the mode that is chosen. */
export function isForMode(field, texts) {
  return field.modes === undefined || field.modes.includes(texts.mode);
}

/** What a new lot starts from. */
export const NEW_LOT = { mode: "silent" };

/** Say whether an edit of a lot is still taken. */
export function isOpenToEdits(lot) {
  return lot.state === "queued";
}
