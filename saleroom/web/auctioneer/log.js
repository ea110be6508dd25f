// The log of the lot at hand: who bid what, and what the desk did.

import { html } from "../render.js";
import { entryWords } from "./history.js";

const SHOWN = 60;

export function Log({ desk }) {
  const lot = desk.lot.value;
  const entries = desk.log().slice(0, SHOWN);
  return html`<section class="desk-panel log" aria-labelledby="log-title">
    <h2 id="log-title">${lot === null ? "Log" : `Log of lot ${lot.lot}`}</h2>
    ${
      lot?.mode === "live" &&
      lot.state === "queued" &&
      html`<p class="muted small">
      Absentee bids stay sealed until the lot opens; the best one then leads.
    </p>`
    }
    ${entries.length === 0 && html`<p class="muted small">Nothing yet.</p>`}
    <ol class="plain log-list" tabindex="0" aria-labelledby="log-title">
      ${entries.map(
        (entry) => html`<li key=${`${entry.seq}`} class=${entry.type}>
          <time class="figures">${timeOf(entry.at)}</time>
          <span>${entryWords(entry, desk.money)}</span>
        </li>`,
      )}
    </ol>
  </section>`;
}

function timeOf(at) {
  if (at === null) return "before";
  return new Date(at).toLocaleTimeString(undefined, { hourCycle: "h23" });
}
