// The words and colours of a child's states; the terminal's `saleroom tree` uses the same words.
// Source: PROTOCOL 8.

/** {state: [kind of badge, word, mark]}. */
export const STATES = {
  starting: ["info", "starting", "…"],
  running: ["lead", "running", "●"],
  backing_off: ["warn", "backing off", "↻"],
  stopping: ["warn", "stopping", "▾"],
  stopped: ["", "stopped", "■"],
  failed: ["lost", "failed", "✕"],
};

/** Statistics that are shown first, and how they are called. */
export const FIRST_STATS = [
  ["mailbox", "mailbox"],
  ["seq", "seq"],
  ["connections", "sockets"],
];

/** Give the statistics of a node as `[name, value]`, the first ones first, without noughts. */
export function statsOf(node) {
  const { stats } = node;
  const first = FIRST_STATS.map(([name]) => name);
  const isShown = ([name, value]) => first.includes(name) || ![null, 0, "", false].includes(value);
  const order = ([name]) => (first.includes(name) ? first.indexOf(name) : first.length);
  const labels = Object.fromEntries(FIRST_STATS);
  return Object.entries(stats)
    .filter(isShown)
    .sort((a, b) => order(a) - order(b))
    .map(([name, value]) => [labels[name] ?? name.replaceAll("_", " "), sayStat(name, value)]);
}

const MIB = 1024 * 1024;

function sayStat(name, value) {
  if (name.endsWith("_bytes") && value >= MIB) return `${(value / MIB).toFixed(1)} MiB`;
  if (typeof value === "number" && !Number.isInteger(value)) return value.toFixed(1);
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
