// What a first look at the lots does without: loaded once they are painted.
//
// Owns: when the rest of the page's modules come. Invariant: what is looked at first is loaded
// first; a line that fails meanwhile only delays the rest, which is asked for until it is here.

import { effect, signal } from "../render.js";

const AGAIN_MS = 2_000;

/** The modules of `parts.js`, null until they are here. */
export const rest = signal(null);

let isAsked = false;

/** Load the rest once it is wanted: isWanted is asked whenever what it reads changes. */
export function loadRestWhen(isWanted) {
  effect(() => {
    if (isAsked || !isWanted()) return;
    isAsked = true;
    afterPaint(load);
  });
}

function afterPaint(work) {
  requestAnimationFrame(() => setTimeout(work, 0));
}

async function load() {
  try {
    rest.value = await import("./parts.js");
  } catch {
    setTimeout(load, AGAIN_MS);
  }
}
