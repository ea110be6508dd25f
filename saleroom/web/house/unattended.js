// What keeps a screen going that nobody attends: it never stops trying, and does not fall asleep.
//
// Owns: the return after a refusal, and the lock that keeps the screen awake. Invariant: a refused
// connection is tried again every `RETRY_MS` for ever. Must not know: what is shown.
// Source: issue 7, PROTOCOL 5 (close codes).

import { effect } from "../vendor/signals-core.js";

const RETRY_MS = 30_000;

/** Have a connection come back whatever happened, and `onReturn` told each time that it is up. */
export function attendNobody(connection, onReturn) {
  let timer = null;
  effect(() => {
    const status = connection.status.value;
    clearTimeout(timer);
    if (status === "refused") timer = setTimeout(() => connection.reconnect(), RETRY_MS);
    if (status === "open") onReturn();
  });
}

/** Keep the screen awake while the page is looked at, where the browser can. */
export function stayAwake() {
  async function ask() {
    if (document.visibilityState !== "visible") return;
    try {
      await navigator.wakeLock?.request("screen");
    } catch {
      return; // refused to save power: the screen follows the machine's settings
    }
  }
  document.addEventListener("visibilitychange", ask);
  ask();
}
