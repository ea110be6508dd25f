// What this desk has asked for, and what became of each; what waits can be sent again or dropped.

import { Button } from "../parts/button.js";
import { html } from "../render.js";
import { refusalWords } from "./refusals.js";

const SHOWN = 8;
const STATES = {
  held: "waits for the line",
  pending: "sent",
  unknown: "no answer yet",
  acked: "done",
  refused: "refused",
  dropped: "dropped",
};

export function Given({ desk }) {
  const entries = desk.ledger.entries.value;
  const waiting = desk.ledger.waiting;
  const shown = [...new Set([...waiting.toReversed(), ...entries])].slice(
    0,
    Math.max(SHOWN, waiting.length),
  );
  return html`<section class="desk-panel given" aria-labelledby="given-title">
    <h2 id="given-title">Commands</h2>
    ${
      shown.length === 0 &&
      html`<p class="muted small">What you do appears here, with its answer.</p>`
    }
    <ol class="plain given-list">
      ${shown.map((entry) => html`<${Row} key=${entry.id} desk=${desk} entry=${entry} />`)}
    </ol>
  </section>`;
}

function Row({ desk, entry }) {
  const { id, label, state, answer } = entry;
  const isWaiting = state === "held" || state === "unknown";
  const isLate = state === "held" && desk.isUp.value;
  return html`<li class=${`given-row ${state}`}>
    <span>${label}</span>
    <span class="given-state">${isLate ? "too late? Send or drop" : STATES[state]}</span>
    ${
      state === "refused" &&
      html`<span class="given-why">${refusalWords(answer, desk.money)}</span>`
    }
    ${
      isWaiting &&
      html`<span class="row given-why">
      <${Button} disabled=${!desk.isUp.value} onClick=${() => desk.ledger.retry(id)}>Send<//>
      <${Button} kind="danger" onClick=${() => desk.ledger.drop(id)}>Drop<//>
    </span>`
    }
  </li>`;
}
