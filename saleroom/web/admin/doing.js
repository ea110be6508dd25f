// Doing something on the server, and saying how it went.
//
// Owns: what is under way in one part of a page. Invariant: what is asked is asked once at a time;
// every failure is told. Must not know: what is done. Source: RFC 9457.

import { call, newId } from "../api.js";
import { toast } from "../parts/toast.js";
import { useRef, useState } from "../render.js";

/** Give `[isBusy, run]`: `run(work, done)` tells a failure, or says `done`; gives whether it went. */
export function useDoing() {
  const [isBusy, setBusy] = useState(false);
  const underWay = useRef(false);
  async function run(work, done = null) {
    if (underWay.current) return false;
    underWay.current = true;
    setBusy(true);
    try {
      await work();
      if (done) toast(done, { kind: "lead" });
      return true;
    } catch (error) {
      if (error.code === undefined) throw error;
      toast(error.message, { kind: "lost" });
      return false;
    } finally {
      underWay.current = false;
      setBusy(false);
    }
  }
  return [isBusy, run];
}

/** What leaves it open whether something was done. */
const UNKNOWN = new Set(["OFFLINE", "NO_ANSWER", "OUTCOME_UNKNOWN", "OVERLOADED", "INTERNAL"]);

/** Give `once(work)`: `work(key)` gets the same key until it is known what became of it. */
export function useOnce() {
  const key = useRef(null);
  return async function once(work) {
    key.current ??= newId();
    try {
      const answer = await work(key.current);
      key.current = null;
      return answer;
    } catch (error) {
      if (!UNKNOWN.has(error.code)) key.current = null;
      throw error;
    }
  };
}

/** Send an event a command; once, however often it is sent again. Throws ApiError. */
export function command(event, type, fields = {}) {
  return call(
    "POST",
    `/events/${encodeURIComponent(event)}/commands`,
    { type, ...fields },
    { key: newId() },
  );
}

/** Give the address of something of an event, below the API's own. */
export function ofEvent(event, ...parts) {
  return ["/events", event, ...parts]
    .map((part, index) => (index ? encodeURIComponent(part) : part))
    .join("/");
}
