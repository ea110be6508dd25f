// The release that a page left alone runs, and the server's.
//
// Owns: when to look, and the reload. Invariant: a page is loaded anew at most once in
// `RELOAD_LEAST_MS`, so that two releases behind one address never make it flicker. Must not know:
// what is shown. Source: issue 7.

const LOOK_MS = 300_000;
const RELOAD_LEAST_MS = 120_000;
const ANSWER_MS = 10_000;
const KEY = "saleroom.reloaded";

/** Give the release in the address of a file of ours, null where there is none. */
export function releaseIn(text) {
  return /\/web\/([0-9a-z]+)\//.exec(text)?.[1] ?? null;
}

/** Load the page anew once the server serves another release; gives what looks now. */
export function keepCurrent(own = releaseIn(import.meta.url)) {
  async function look() {
    try {
      const answer = await fetch(location.href, {
        cache: "no-store",
        signal: AbortSignal.timeout(ANSWER_MS),
      });
      const served = answer.ok ? releaseIn(await answer.text()) : null;
      if (served !== null && served !== own) reload();
    } catch {
      return; // the server is away; the line tells, and it is looked again when it is back
    }
  }
  setInterval(look, LOOK_MS);
  return look;
}

function reload() {
  const last = Number(sessionStorage.getItem(KEY) ?? 0);
  if (Date.now() - last < RELOAD_LEAST_MS) return;
  sessionStorage.setItem(KEY, String(Date.now()));
  location.reload();
}
