// The fields of an event, in the order in which they are asked. Source: PROTOCOL 7, rules 1 and 7.

export const EVENT_FIELDS = [
  { name: "title", label: "Title", kind: "text", isRequired: true, isWide: true, most: 500 },
  {
    name: "description",
    label: "Description",
    kind: "text",
    isLong: true,
    isWide: true,
    most: 10_000,
  },
  { name: "venue", label: "Venue", kind: "text", most: 500 },
  {
    name: "contact",
    label: "Contact",
    kind: "text",
    most: 500,
    hint: "Whom bidders may ask: an address or a number.",
  },
  { name: "starts_at", label: "Starts", kind: "moment" },
  {
    name: "time_zone",
    label: "Time zone",
    kind: "text",
    most: 64,
    hint: "A name such as Europe/Zurich. Times on this page are in it.",
  },
  {
    name: "currency",
    label: "Currency",
    kind: "text",
    isRequired: true,
    most: 3,
    hint: "Three letters, such as CHF.",
  },
  {
    name: "locale",
    label: "Language",
    kind: "text",
    most: 35,
    hint: "A tag such as de-CH: how dates and amounts are written.",
  },
  {
    name: "public",
    label: "Everybody may look",
    kind: "flag",
    hint: "Otherwise only those who are signed in.",
    isWide: true,
  },
  {
    name: "ladder",
    label: "Bid steps",
    kind: "ladder",
    hint: "gala, ebay, or one line per step: from which price, and how much, such as 100: 10.",
  },
  {
    name: "terms",
    label: "Terms",
    kind: "text",
    isLong: true,
    isWide: true,
    most: 20_000,
    hint: "Bidders accept them before their first bid.",
  },
  {
    name: "organisation",
    label: "Organisation",
    kind: "text",
    most: 500,
    hint: "Whose event it is, as receipts name it.",
  },
  { name: "tax_number", label: "Tax number", kind: "text", most: 64, hint: "Stands on receipts." },
  {
    name: "address",
    label: "Address",
    kind: "text",
    isLong: true,
    most: 500,
    hint: "Of the organisation, line by line.",
  },
  {
    name: "soft_close",
    label: "Late bids",
    kind: "softClose",
    toggle: "A late bid on a silent lot moves its end",
    isWide: true,
  },
];

const FROZEN = ["currency", "ladder", "terms"];
const UNTIL_OPEN = ["starts_at"];

/** Say whether a field of an event can no longer change. */
export function isFrozen(event, field) {
  if (event === null || event.status === "draft") return false;
  return (
    FROZEN.includes(field.name) || (UNTIL_OPEN.includes(field.name) && event.status !== "published")
  );
}

/** What a new event starts from. */
export const NEW_EVENT = { title: "", currency: "", starts_at: null, venue: "" };

/** The few fields that a new event is made with. */
export const FIRST_FIELDS = EVENT_FIELDS.filter(({ name }) =>
  ["title", "currency", "starts_at", "time_zone", "venue"].includes(name),
);
