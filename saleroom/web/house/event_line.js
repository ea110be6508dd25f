// An event opened for a page of the house: its store, its connection, its clock.
//
// Owns: how the three are put together. Invariant: one of each per page, for the page's life. Must
// not know: what is drawn. Source: PROTOCOL 2 and 4.

import { ServerClock } from "../clock.js";
import { attend, Connection, socketUrl } from "../connection.js";
import { tickingClock } from "../countdown.js";
import { EventStore } from "../event_store.js";
import { socketToken } from "../session.js";

/** Open an event. feed: `full` for staff, else `conflated`. */
export function openEvent(id, feed) {
  const clock = new ServerClock();
  const store = new EventStore();
  const connection = new Connection({
    url: socketUrl(`/ws/v1/events/${encodeURIComponent(id)}`),
    token: socketToken,
    clock,
    hello: () => ({ feed, ...store.resume() }),
    take: (message) => store.take(message),
  });
  attend(connection).start();
  return { id, store, connection, clock, now: tickingClock(clock) };
}

/** Give all lots of a store as they stand, in the order of the snapshot. */
export function lotsOf(store) {
  return store.numbers.value.map((number) => store.lot(number).value);
}
