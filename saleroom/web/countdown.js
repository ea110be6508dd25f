// Countdowns: one timer for all of them, on the server's clock.
//
// Owns: the signal of the present second, and how a span is written. Invariant: a page that is not
// looked at has no timer; all countdowns turn together, and on the server's second.

import { signal } from "./vendor/signals-core.js";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Write the time that is left, in ms. */
export function formatRemaining(left) {
  if (left <= 0) return "0:00";
  if (left >= 2 * DAY) return `${Math.floor(left / DAY)} days`;
  if (left >= DAY) return `1 day ${Math.floor((left - DAY) / HOUR)} h`;
  if (left >= HOUR)
    return `${Math.floor(left / HOUR)} h ${pad(Math.floor((left % HOUR) / MINUTE))} min`;
  const seconds = Math.ceil(left / 1000);
  return `${Math.floor(seconds / 60)}:${pad(seconds % 60)}`;
}

function pad(number) {
  return String(number).padStart(2, "0");
}

/** Give a signal of the server's time that moves each second while the page is looked at, and as it is set. */
export function tickingClock(clock) {
  const now = signal(clock.now());
  let timer = null;
  function tick() {
    now.value = clock.now();
    timer = setTimeout(tick, 1000 - (now.value % 1000) + 5);
  }
  function look() {
    clearTimeout(timer);
    if (document.visibilityState === "visible") tick();
  }
  document.addEventListener("visibilitychange", look);
  clock.onJump = look;
  look();
  return now;
}
