// Who holds a paddle, for staff alone.
//
// Owns: names already asked for. Invariant: asked once each, and again no sooner than `RETRY_MS`
// after a failure; kept in memory only. Must not know: why a name is wanted. Source: PROTOCOL 7.

import { call, readAll } from "../api.js";
import { signal } from "../vendor/signals-core.js";

const RETRY_MS = 15_000;

export class Names {
  constructor(id) {
    this.path = `/events/${encodeURIComponent(id)}/registrations`;
    this.known = signal(new Map());
    this.askedAt = new Map();
  }

  /** Give a paddle's holder, null while it is not known; asks for it. */
  of(paddle) {
    if (paddle === null || paddle === undefined) return null;
    const found = this.known.value.get(paddle);
    if (found === undefined) this.#ask(paddle);
    return found ?? null;
  }

  /** Read who holds a paddle now, with lock and limit. Throws ApiError. */
  async read(paddle) {
    const guest = await call("GET", `${this.path}/${paddle}`);
    this.known.value = new Map(this.known.value).set(paddle, guest.name);
    return guest;
  }

  /** Read all holders at once, for a list of many. */
  async readAll() {
    const guests = await readAll(`${this.path}?limit=200`, "registrations");
    this.known.value = new Map([
      ...this.known.value,
      ...guests.map(({ paddle, name }) => [paddle, name]),
    ]);
  }

  #ask(paddle) {
    const asked = this.askedAt.get(paddle);
    if (asked !== undefined && performance.now() - asked < RETRY_MS) return;
    this.askedAt.set(paddle, performance.now());
    this.read(paddle).catch(() => undefined);
  }
}
