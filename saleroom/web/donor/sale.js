// The sale as a donor's page knows it: the event, its catalogue, one's own, and what one may do.
//
// Owns: everything the page's parts share. Invariant: how lots stand comes from the socket alone; the
// catalogue adds what never decides anything (pictures, words, who watches).
// Must not know: how anything is drawn. Source: PROTOCOL 2 to 4 and 7.

import { call, hasSignIn, newId, readAll } from "../api.js";
import { ServerClock } from "../clock.js";
import { attend, Connection, socketUrl } from "../connection.js";
import { tickingClock } from "../countdown.js";
import { EventStore, isRunning } from "../event_store.js";
import { formatMoney } from "../money.js";
import { loadPerson, person, socketToken } from "../session.js";
import { batch, computed, signal } from "../vendor/signals-core.js";

const OWN_WAIT_MS = 300;
const WATCHERS_MS = 120_000;
const PAGES_MAX = 20;
const FOR_SOME = new Set(["UNAUTHENTICATED", "UNKNOWN_EVENT"]); // of a private event, and of a draft
const BARE_LOT = { images: [], description: null, category: null, donor_name: null };

export class Sale {
  constructor(id) {
    this.id = id;
    this.path = `/events/${encodeURIComponent(id)}`;
    this.store = new EventStore();
    this.clock = new ServerClock();
    this.now = tickingClock(this.clock);
    this.about = signal(null); // the event as the catalogue has it: terms, ladder, venue
    this.catalogue = signal(new Map()); // lot → pictures, description, category, donor's name
    this.watching = signal(new Set());
    this.watchers = signal({}); // lot → how many watch it
    this.bidOn = signal(new Set()); // lots one has bid on
    this.wins = signal([]);
    this.pledges = signal([]);
    this.fault = signal(null); // why the catalogue cannot be shown
    this.answered = new Map(); // lot → the price at which an answer has told that one does not lead
    this.entry = signal(null); // what somebody wanted who has to sign in or register first
    this.connection = new Connection({
      url: socketUrl(`/ws/v1${this.path}`),
      token: socketToken,
      clock: this.clock,
      hello: () => ({ feed: "conflated", ...this.store.resume() }),
      take: (message) => this.store.take(message),
    });
    this.won = computed(() => sumOf(this.wins.value, (win) => win.total));
    this.pledged = computed(() => sumOf(this.pledges.value, (pledge) => pledge.amount));
    this.leads = computed(() => this.lotsWhere((lot) => this.store.leads(lot)));
    this.outbid = computed(() =>
      this.lotsWhere(
        (lot) =>
          this.bidOn.value.has(lot.lot) &&
          isRunning(lot) &&
          !this.store.leads(lot) &&
          lot.mode !== "sale",
      ),
    );
    this.leading = computed(() => sumOf(this.leads.value, (lot) => lot.max ?? lot.price));
    this.store.listen((told) => this.#hear(told));
  }

  get currency() {
    return this.store.event.value?.currency ?? this.about.value?.currency ?? "USD";
  }

  money(amount) {
    return formatMoney(amount, this.currency, this.about.value?.locale ?? undefined);
  }

  /** Say whether the person may bid as far as this page knows. */
  get hasPaddle() {
    return this.store.you.value.paddle !== null;
  }

  lotsWhere(test) {
    const found = [];
    for (const number of this.store.numbers.value) {
      const lot = this.store.lot(number).value;
      if (test(lot)) found.push(lot);
    }
    return found;
  }

  details(number) {
    return this.catalogue.value.get(number) ?? BARE_LOT;
  }

  /** Read everything, and stay connected. */
  start() {
    attend(this.connection).start();
    this.load();
    loadPerson()
      .then(() => this.loadOwn())
      .catch(() => {}); // the banner of the connection tells of a server that is away
    setInterval(() => this.loadWatchers(), WATCHERS_MS);
  }

  async load() {
    this.fault.value = null;
    try {
      const [about, lots] = await Promise.all([call("GET", this.path), this.#readLots()]);
      batch(() => {
        this.about.value = about;
        this.catalogue.value = new Map(lots.map((lot) => [lot.lot, lot]));
        for (const { lot, opening } of lots) this.store.change(lot, { opening });
      });
    } catch (error) {
      this.fault.value = error;
    }
    this.loadWatchers();
  }

  /** Read the lots as everybody may, or as oneself where the event is private. */
  async #readLots() {
    const path = `${this.path}/lots?limit=200`;
    try {
      return await readAll(path, "lots", PAGES_MAX, { isAnonymous: true });
    } catch (error) {
      if (!hasSignIn() || !FOR_SOME.has(error.code)) throw error;
      return readAll(path, "lots");
    }
  }

  /** Read what the socket does not tell: bids, wins, pledges and watched lots of one's own. */
  async loadOwn() {
    if (!hasSignIn() || !person.value) return;
    const mine = (rows) => rows.find((row) => row.event === this.id);
    const [bids, wins, pledges, watched] = await Promise.all([
      readAll("/me/bids", "events"),
      readAll("/me/wins", "events"),
      readAll("/me/pledges", "events"),
      readAll("/me/watching?limit=100", "watching"),
    ]);
    batch(() => {
      this.bidOn.value = new Set((mine(bids)?.bids ?? []).map((bid) => bid.lot));
      this.wins.value = mine(wins)?.wins ?? [];
      this.pledges.value = mine(pledges)?.pledges ?? [];
      this.watching.value = new Set(
        watched.filter((row) => row.event === this.id).map((row) => row.lot),
      );
    });
  }

  async loadWatchers() {
    if (document.visibilityState !== "visible") return;
    try {
      this.watchers.value = (await call("GET", `${this.path}/watchers`)).watchers;
    } catch {
      return; // counts are an ornament
    }
  }

  /** Watch a lot, or no longer. Throws ApiError. */
  async watch(number, isWanted) {
    this.#showWatched(number, isWanted);
    try {
      await call(isWanted ? "PUT" : "DELETE", `${this.path}/watch/${number}`);
    } catch (error) {
      this.#showWatched(number, !isWanted);
      throw error;
    }
  }

  /** Show at once what the server's counts, which may be some seconds old, tell later. */
  #showWatched(number, isWatched) {
    const watching = new Set(this.watching.value);
    if (isWatched) watching.add(number);
    else watching.delete(number);
    const count = (this.watchers.value[number] ?? 0) + (isWatched ? 1 : -1);
    batch(() => {
      this.watching.value = watching;
      this.watchers.value = { ...this.watchers.value, [number]: Math.max(0, count) };
    });
  }

  /** Send a command of a bidder; give its answer. */
  async ask(type, fields) {
    const answer = await this.connection.send({ type, ...fields });
    if (answer.type === "ack" && fields.lot !== undefined && type !== "pledge") {
      this.bidOn.value = new Set(this.bidOn.value).add(fields.lot);
    }
    return answer;
  }

  /** Take a paddle, having agreed to the terms. Throws ApiError. */
  async register(name) {
    const made = await call("POST", `${this.path}/registrations`, { name }, { key: newId() });
    await this.acceptTerms(made.paddle);
  }

  /** Agree to the terms as they are now. Throws ApiError. */
  async acceptTerms(paddle) {
    await call("POST", `${this.path}/registrations/${paddle}/accept-terms`, undefined, {
      key: newId(),
    });
    await this.enter();
  }

  /** Connect as who is signed in now, and read what is theirs. */
  async enter() {
    this.connection.reconnect();
    if (this.about.value === null) await this.load();
    await this.loadOwn();
  }

  /** Forget what belonged to somebody who has signed out. */
  leave() {
    batch(() => {
      this.bidOn.value = new Set();
      this.wins.value = [];
      this.pledges.value = [];
      this.watching.value = new Set();
    });
    this.connection.reconnect();
  }

  #hear(told) {
    const { paddle } = this.store.you.value;
    if (told.type === "lot_added" || told.type === "lot_changed")
      this.#soon("catalogue", () => this.load());
    if (paddle === null) return;
    if (told.type === "bid_placed" && told.bidder === paddle && !this.bidOn.value.has(told.lot)) {
      this.bidOn.value = new Set(this.bidOn.value).add(told.lot);
    }
    const isMine = told.paddle === paddle && OWN_FACTS.has(told.type);
    if (isMine || UNDOING.has(told.type)) this.#soon("own", () => this.loadOwn().catch(() => {}));
  }

  #timers = new Map();

  /** Do something once, a moment after the last time it was asked for. */
  #soon(name, work) {
    clearTimeout(this.#timers.get(name));
    this.#timers.set(name, setTimeout(work, OWN_WAIT_MS));
  }
}

const OWN_FACTS = new Set([
  "item_sold",
  "pledge_made",
  "pledge_voided",
  "units_chosen",
  "floor_assigned",
]);
const UNDOING = new Set(["bid_undone", "bids_retracted", "lot_reopened", "lot_withdrawn"]);

function sumOf(rows, amount) {
  return rows.reduce((sum, row) => sum + (amount(row) ?? 0), 0);
}
