// A connection to a websocket of the server, which it keeps up and never lies about.
//
// Owns: hello and resume, commands until they are answered, reconnects, the token's renewal, and the
// truth about the line. Invariant: every command ends in one answer, the server's or a failure of
// ours (`NO_ANSWER`); it is sent again, under its id, whenever an answer may have been lost.
// The line: while the page is looked at and used, a silence of `PROBE_MS` brings a ping, and a ping
// without an answer makes the status `unsure`, within a second of the loss (later where the way to
// the server is long); `DEAD_MS` without an answer ends the socket. A page left alone asks less often.
// Must not know: lots. Source: PROTOCOL 2, 3 and 5.

import { signal } from "./vendor/signals-core.js";
import { newId } from "./api.js";

export const PROBE_MS = 500;
export const IDLE_PROBE_MS = 5_000;
export const VERDICT_MS = 450;
export const VERDICT_MOST_MS = 2_000;
export const DEAD_MS = 5_000;
export const ENGAGED_MS = 60_000;
export const COMMAND_MS = 30_000;
export const HANDSHAKE_MS = 8_000;
export const PENDING_MAX = 100;
const BACK_OFF_LEAST_MS = 1_000;
const BACK_OFF_MOST_MS = 5_000;
const RENEW_SHARE = 0.66;
const TEMPORARY_WAIT_MS = 500;

/**
 * Give how long to wait before the next try, null for never. tries: failed ones in a row.
 * 4000–4099 do not come back; 4100–4199 back off a second or more; 4200–4299 at once.
 */
export function waitBeforeReturn(code, tries, random = Math.random) {
  if (code >= 4000 && code < 4100) return null;
  const isAtOnce = code >= 4200 && code < 4300;
  if (isAtOnce && tries === 0) return Math.round(random() * 500);
  const backOff = Math.min(BACK_OFF_MOST_MS, 2 ** Math.min(tries, 6) * 400) * (0.5 + random());
  return Math.round(code >= 4100 && code < 4200 ? BACK_OFF_LEAST_MS + backOff : backOff);
}

const WORLD = {
  open: (url, protocol) => new WebSocket(url, protocol),
  setTimeout: (work, ms) => setTimeout(work, ms),
  clearTimeout: (timer) => clearTimeout(timer),
  now: () => performance.now(),
  random: () => Math.random(),
  isWatched: () => document.visibilityState === "visible",
};

/** Give the address of a websocket of this server. */
export function socketUrl(path) {
  const scheme = location.protocol === "https:" ? "wss:" : "ws:";
  return `${scheme}//${location.host}${path}`;
}

export class Connection {
  /**
   * url: of the websocket. token: gives `{token, expires_in}` or null, anew for each socket.
   * clock: a ServerClock that is kept right. hello: what more the hello says, asked each time.
   * take: is given every message but answers and pongs, in order; false from it: something is
   * missing, so that the socket is opened anew.
   */
  constructor({ url, token, clock, hello = () => ({}), take, world = WORLD }) {
    this.status = signal("connecting"); // open | unsure | lost | refused | closed
    this.closeCode = signal(null);
    this.since = world.now();
    this.url = url;
    this.token = token;
    this.clock = clock;
    this.hello = hello;
    this.take = take;
    this.world = world;
    this.pending = new Map();
    this.socket = null;
    this.generation = 0;
    this.tries = 0;
    this.refusals = 0;
    this.timers = new Map();
    this.onClose = () => {}; // it has ended for good
    this.pingSent = null;
    this.way = VERDICT_MS / 2;
    this.heardAt = world.now();
    this.usedAt = world.now();
  }

  /** Connect, and stay so until `close`. */
  start() {
    this.#open();
    return this;
  }

  /** End for good; commands that wait fail. */
  close() {
    this.#drop();
    this.#clearTimers();
    this.status.value = "closed";
    for (const id of [...this.pending.keys()]) this.#fail(id);
    this.onClose();
  }

  /** Connect anew now, as somebody else perhaps: after signing in or out. */
  reconnect() {
    this.tries = 0;
    this.refusals = 0;
    this.#drop();
    this.#open();
  }

  /** Send a command; give its answer, `ack` or `nack`. Never throws. */
  send(command) {
    this.use();
    const id = command.id ?? newId();
    if (this.pending.size >= PENDING_MAX) return Promise.resolve(this.#failure(id, false));
    return new Promise((resolve) => {
      const entry = { command: { ...command, id }, resolve, wasSent: false };
      this.pending.set(id, entry);
      this.#after(`command ${id}`, COMMAND_MS, () => this.#fail(id));
      this.#transmit(entry);
    });
  }

  /** Note that somebody uses the page: the line is then watched closely. */
  use() {
    this.usedAt = this.world.now();
  }

  /** Look at the line now: the page is looked at again, or the device says that it is back. */
  check() {
    this.use();
    if (this.status.value === "lost") {
      this.tries = 0;
      this.#drop();
      this.#open();
    } else if (this.#isOpen()) {
      this.#probe();
    }
  }

  /** Hear that the device has lost its network. */
  offline() {
    if (this.#isOpen() || this.status.value === "unsure") {
      this.status.value = "unsure";
      this.#probe();
    }
  }

  async #open() {
    const generation = (this.generation += 1);
    this.#clear("return");
    if (this.status.value !== "lost") this.status.value = "connecting";
    let granted;
    try {
      granted = await this.token();
    } catch {
      if (generation === this.generation) this.#lost(1006);
      return;
    }
    if (generation !== this.generation) return;
    const socket = this.world.open(this.url, "saleroom.v1");
    this.socket = socket;
    this.#after("handshake", HANDSHAKE_MS, () => this.#abandon(socket));
    socket.onopen = () => {
      if (socket !== this.socket) return;
      const said = { type: "hello", token: granted?.token ?? null, ...this.hello() };
      socket.send(JSON.stringify(said));
      if (granted) this.#renewLater(granted.expires_in);
    };
    socket.onmessage = ({ data }) => {
      if (socket === this.socket) this.#receive(data);
    };
    socket.onclose = ({ code }) => {
      if (socket === this.socket) this.#lost(code);
    };
  }

  #receive(data) {
    this.heardAt = this.world.now();
    this.pingSent = null;
    this.#clear("verdict");
    if (this.status.value === "unsure") this.status.value = "open";
    for (const message of JSON.parse(data)) {
      if (!this.#receiveOne(message)) return;
    }
    this.#probeLater();
  }

  #receiveOne(message) {
    if (message.type === "pong") {
      const now = this.world.now();
      this.way = now - message.t0;
      this.clock.observe(message.t0, now, message.server_time);
      return true;
    }
    if (message.server_time !== undefined) this.clock.hear(message.server_time);
    if (message.type === "ack" || message.type === "nack") {
      this.#answered(message);
      return true;
    }
    if (this.take(message) === false) {
      this.#abandon(this.socket, 4201);
      return false;
    }
    if (message.type === "welcome") this.#welcomed();
    return true;
  }

  #welcomed() {
    this.#clear("handshake");
    this.tries = 0;
    this.refusals = 0;
    this.closeCode.value = null;
    this.status.value = "open";
    this.#probe();
    for (const entry of this.pending.values()) this.#transmit(entry);
  }

  #answered(answer) {
    const entry = this.pending.get(answer.re);
    if (entry === undefined) return;
    if (answer.type === "nack" && answer.temporary) {
      const wait = answer.retry_after_ms ?? TEMPORARY_WAIT_MS;
      this.#after(`again ${answer.re}`, wait, () => this.#transmit(entry));
      return;
    }
    this.#settle(answer.re, answer);
  }

  #settle(id, answer) {
    const entry = this.pending.get(id);
    this.pending.delete(id);
    this.#clear(`command ${id}`);
    this.#clear(`again ${id}`);
    entry.resolve(answer);
  }

  #fail(id) {
    const entry = this.pending.get(id);
    this.#settle(id, this.#failure(id, entry.wasSent));
  }

  #failure(id, wasSent) {
    const message = wasSent
      ? "No answer came. It may or may not have been taken: look before you try again."
      : "There is no connection. It was not sent.";
    return { type: "nack", re: id, code: "NO_ANSWER", message, temporary: false, wasSent };
  }

  #transmit(entry) {
    if (!this.#isOpen()) return;
    entry.wasSent = true;
    this.socket.send(JSON.stringify(entry.command));
  }

  #isOpen() {
    return this.status.value === "open" || this.status.value === "unsure";
  }

  // The line

  #probeLater() {
    if (!this.#isOpen() || this.pingSent !== null) return;
    const isEngaged = this.world.now() - this.usedAt < ENGAGED_MS || this.pending.size > 0;
    const wait = isEngaged && this.world.isWatched() ? PROBE_MS : IDLE_PROBE_MS;
    this.#after("probe", wait, () => this.#probe());
  }

  #probe() {
    this.#clear("probe");
    if (this.pingSent !== null || !this.socket) return;
    this.pingSent = this.world.now();
    this.socket.send(JSON.stringify({ type: "ping", t0: this.pingSent }));
    const patience = Math.min(VERDICT_MOST_MS, Math.max(VERDICT_MS, this.way * 2));
    this.#after("verdict", patience, () => {
      this.status.value = "unsure";
      const socket = this.socket;
      this.#after("verdict", DEAD_MS - patience, () => this.#abandon(socket));
    });
  }

  /** Leave a socket behind whose peer does not answer, without waiting for its closing. */
  #abandon(socket, code = 1006) {
    if (socket === this.socket) this.#lost(code);
  }

  #lost(code) {
    this.#drop();
    this.closeCode.value = code;
    let wait = waitBeforeReturn(code, this.tries, this.world.random);
    if (code === 4001 && this.refusals === 0) wait = 0; // the sign-in may have ended meanwhile
    if (code === 4001) this.refusals += 1;
    if (wait === null) {
      this.status.value = "refused";
      for (const id of [...this.pending.keys()]) this.#fail(id);
      return;
    }
    this.status.value = "lost";
    this.tries += 1;
    this.#after("return", wait, () => this.#open());
  }

  #drop() {
    const socket = this.socket;
    this.socket = null;
    this.generation += 1;
    this.pingSent = null;
    for (const name of ["handshake", "probe", "verdict", "renewal", "return"]) this.#clear(name);
    if (socket) {
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.close();
    }
  }

  // The token

  #renewLater(expiresIn) {
    this.#after("renewal", expiresIn * 1000 * RENEW_SHARE, () => this.#renew());
  }

  async #renew() {
    const { generation } = this;
    let granted = null;
    try {
      granted = await this.token();
    } catch {
      if (generation === this.generation) this.#after("renewal", 2_000, () => this.#renew());
      return;
    }
    if (generation !== this.generation) return;
    if (granted === null) {
      this.reconnect();
      return;
    }
    this.socket.send(JSON.stringify({ type: "refresh", token: granted.token }));
    this.#renewLater(granted.expires_in);
  }

  // Timers, by name

  #after(name, ms, work) {
    this.#clear(name);
    const timer = this.world.setTimeout(() => {
      this.timers.delete(name);
      work();
    }, ms);
    this.timers.set(name, timer);
  }

  #clear(name) {
    this.world.clearTimeout(this.timers.get(name));
    this.timers.delete(name);
  }

  #clearTimers() {
    for (const name of [...this.timers.keys()]) this.#clear(name);
  }
}

/** Have a connection hear of the page's and the device's state until it is closed. */
export function attend(connection) {
  const end = new AbortController();
  const { signal } = end;
  connection.onClose = () => end.abort();
  function look() {
    if (document.visibilityState === "visible") connection.check();
  }
  document.addEventListener("visibilitychange", look, { signal });
  window.addEventListener("online", () => connection.check(), { signal });
  window.addEventListener("offline", () => connection.offline(), { signal });
  for (const sign of ["pointerdown", "keydown"]) {
    window.addEventListener(sign, () => connection.use(), { passive: true, capture: true, signal });
  }
  return connection;
}
