// Events in groups: those that are on, those to come, those that are over, and drafts.
//
// Owns: which event belongs where, and in which order. Invariant: every event is in one group; what
// is nearest to now comes first. Must not know: how they are drawn. Source: RULES "Events and lots".

const GROUP_OF = {
  draft: "drafts",
  published: "upcoming",
  open: "open",
  paused: "open",
  closed: "past",
};

/** Give `{open, upcoming, past, drafts}`, each a list. */
export function groupEvents(events) {
  const groups = { open: [], upcoming: [], past: [], drafts: [] };
  for (const event of events) groups[GROUP_OF[event.status]].push(event);
  groups.open.sort(bySoonest);
  groups.upcoming.sort(bySoonest);
  groups.drafts.sort(bySoonest);
  groups.past.sort((a, b) => bySoonest(b, a));
  return groups;
}

function bySoonest(a, b) {
  return (
    (a.starts_at ?? Infinity) - (b.starts_at ?? Infinity) || a.title.localeCompare(b.title) || 0
  );
}

/** Say in words how an event stands: `[kind of badge, word]`. */
export function statusOf(event) {
  return {
    draft: ["", "Draft"],
    published: ["info", "Upcoming"],
    open: ["lead", "Open now"],
    paused: ["warn", "Paused"],
    closed: ["", "Closed"],
  }[event.status];
}
