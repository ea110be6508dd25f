// The server's clock, as a page knows it.
//
// Owns: the offset from the page's monotonic clock to the server's. Invariant: the wall clock of the
// device is never asked, so that it may be wrong by any amount, or be set while the page is open.
// Of the newest answers that one counts whose way was shortest (as in NTP's clock filter, RFC 5905).

export const SAMPLES_MAX = 8;
export const JUMP_MS = 250;

export class ServerClock {
  constructor(local = () => performance.now()) {
    this.local = local;
    this.samples = [];
    this.offset = null;
    this.onJump = () => {}; // the time is another than was thought
  }

  get isSet() {
    return this.offset !== null;
  }

  /** Give the server's time in ms; before any answer, the device's. */
  now() {
    return this.offset === null ? Date.now() : this.local() + this.offset;
  }

  /** Take an answer: sent and received by `local`, and the server's time between them. */
  observe(sent, received, serverTime) {
    this.samples.push({ way: received - sent, offset: serverTime - (sent + received) / 2 });
    if (this.samples.length > SAMPLES_MAX) this.samples.shift();
    this.#set(this.samples.reduce((a, b) => (b.way < a.way ? b : a)).offset);
  }

  /** Take a time that came unasked; it serves until a ping was answered. */
  hear(serverTime) {
    if (this.samples.length === 0) this.#set(serverTime - this.local());
  }

  #set(offset) {
    const before = this.now();
    this.offset = offset;
    if (Math.abs(this.now() - before) >= JUMP_MS) this.onJump();
  }
}
