// The operator's desk: the tree of one server, its figures over the last minutes, and its faults.
//
// Owns: what the page has heard over the operator socket. Invariant: what is shown is the tree of the
// last welcome with every change since; while the line is away nothing is drawn as if it were new.
// Must not know: how it is drawn. Source: PROTOCOL 8.

import { batch, signal } from "../render.js";
import { Series } from "./figures.js";
import { changedTree, eventsOf, faultsBetween } from "./tree.js";

export const FAULTS_MAX = 100;
export const TICK_MS = 1_000;

export class Desk {
  constructor(clock) {
    this.clock = clock;
    this.tree = signal(null);
    this.faults = signal([]); // the newest first: {at, path, what, error}
    this.turn = signal(0); // moves when the figures do
    this.series = new Map(); // event → {bids, p99}
  }

  /** Take a message of the socket. */
  take(message) {
    if (message.type === "welcome") this.#show(message.tree);
    else if (message.type === "tree" && this.tree.value !== null) {
      this.#show(changedTree(this.tree.value, message.changes));
    }
    return true;
  }

  /** Note the figures of this second; while the line is away, that there are none. */
  tick(isOpen) {
    if (this.tree.value === null) return;
    const now = performance.now();
    const events = eventsOf(this.tree.value);
    for (const { id, stats } of events) {
      const { bids, p99 } = this.#seriesOf(id);
      bids.add(now, isOpen ? stats.bids_decided : null);
      p99.add(now, isOpen ? stats.feed_p99_ms : null);
    }
    const known = new Set(events.map(({ id }) => id));
    for (const id of this.series.keys()) {
      if (!known.has(id)) this.series.delete(id);
    }
    this.turn.value += 1;
  }

  #seriesOf(event) {
    let made = this.series.get(event);
    if (made === undefined) {
      made = { bids: new Series({ isCounter: true }), p99: new Series() };
      this.series.set(event, made);
    }
    return made;
  }

  #show(tree) {
    const before = this.tree.value;
    batch(() => {
      if (before !== null) {
        const at = this.clock.now();
        const faults = faultsBetween(before, tree).map((fault) => ({ at, ...fault }));
        if (faults.length > 0)
          this.faults.value = [...faults.reverse(), ...this.faults.value].slice(0, FAULTS_MAX);
      }
      this.tree.value = tree;
    });
  }
}
