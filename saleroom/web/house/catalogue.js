// What the catalogue says of an event and its lots, beside what the feed tells.
//
// Owns: the running order, rings, pictures and texts, as last read. Invariant: read anew, at most
// once in `REREAD_MS`, when a lot was added or changed; a read that fails leaves what was there.
// Must not know: how lots stand. Source: PROTOCOL 7.

import { call, readAll } from "../api.js";
import { signal } from "../vendor/signals-core.js";

const REREAD_MS = 2_000;
const RETRY_MS = 10_000;
const CHANGES = new Set(["lot_added", "lot_changed"]);

class Catalogue {
  constructor(id) {
    this.path = `/events/${encodeURIComponent(id)}`;
    this.lots = signal(new Map()); // number → the lot's catalogue fields, in running order
    this.event = signal(null);
    this.timer = null;
  }

  /** The lots' numbers, in running order. */
  get order() {
    return [...this.lots.value.keys()];
  }

  /** {lot: its ring}, for those that name one. */
  get rings() {
    const named = [...this.lots.value.values()].filter((lot) => lot.ring !== undefined);
    return new Map(named.map((lot) => [lot.lot, lot.ring]));
  }

  of(number) {
    return this.lots.value.get(number) ?? null;
  }

  /** Read now, and again when a fact says that something is new. */
  follow(store) {
    this.#read();
    store.listen((told) => {
      if (CHANGES.has(told.type)) this.#readLater(REREAD_MS);
    });
  }

  #readLater(ms) {
    this.timer ??= setTimeout(() => this.#read(), ms);
  }

  async #read() {
    this.timer = null;
    try {
      const [event, lots] = await Promise.all([
        call("GET", this.path),
        readAll(`${this.path}/lots?limit=200`, "lots"),
      ]);
      this.event.value = event;
      this.lots.value = new Map(lots.map((lot) => [lot.lot, lot]));
    } catch {
      this.#readLater(RETRY_MS);
    }
  }
}

/** Follow the catalogue of an event for a page's life. */
export function catalogued(id, store) {
  const catalogue = new Catalogue(id);
  catalogue.follow(store);
  return catalogue;
}

/** Give the address of a picture no wider than needed, null for a lot without one. */
export function pictureOf(lot, width) {
  const image = lot?.images?.[0];
  if (image === undefined) return null;
  const forms = [...image.thumbnails].sort((a, b) => a.width - b.width);
  const form = forms.find((each) => each.width >= width) ?? forms.at(-1) ?? image;
  return { src: `/api/v1/media/${form.key}`, alt: image.alt ?? "" };
}
