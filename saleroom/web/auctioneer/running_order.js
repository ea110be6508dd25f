// The running order: every lot with how it stands; a press brings it to hand.

import { html, useEffect, useRef, useState } from "../render.js";
import { stateWords } from "./history.js";
import { isRunning } from "../house/running.js";

export function RunningOrder({ desk }) {
  const [isLiveOnly, setLiveOnly] = useState(false);
  const numbers = desk.numbers.value.filter(
    (number) => !isLiveOnly || isCalled(desk.store.lot(number).peek()),
  );
  return html`<nav class="desk-panel order" aria-label="Running order">
    <div class="spread">
      <h2>Lots</h2>
      <button
        type="button"
        class="button quiet"
        aria-pressed=${isLiveOnly ? "true" : "false"}
        onClick=${() => setLiveOnly(!isLiveOnly)}
      >
        Live only
      </button>
    </div>
    <ol class="plain order-list">
      ${numbers.map((number) => html`<${Row} key=${number} desk=${desk} number=${number} />`)}
    </ol>
  </nav>`;
}

/** Say whether a lot is called from the rostrum. */
function isCalled({ mode }) {
  return mode === "live" || mode === "pledge";
}

function Row({ desk, number }) {
  const lot = desk.store.lot(number).value;
  const isNext = desk.nextNumber.value === number;
  const isAtHand = desk.number.value === number;
  const row = useRef(null);
  useEffect(() => {
    if (isAtHand) showInList(row.current);
  }, [isAtHand]);
  const sum = lot.mode === "pledge" ? lot.total : lot.price;
  const state = isNext && !isRunning(lot) ? "next" : stateWords(lot.state);
  return html`<li ref=${row}>
    <button
      type="button"
      class=${`order-row ${lot.state} ${isNext ? "next" : ""}`}
      aria-current=${isAtHand ? "true" : undefined}
      onClick=${() => desk.choose(lot.lot)}
    >
      <span class="order-number figures">${lot.lot}</span>
      <span class="order-title">${lot.title}</span>
      <span class="order-state">
        <span>${lot.mode === "live" ? "" : `${lot.mode}, `}${state}</span>
        <span class="figures">${sum !== null && desk.money(sum)}</span>
      </span>
    </button>
  </li>`;
}

/** Bring a row into its list's view, and leave the page where it is. */
function showInList(row) {
  const list = row.parentElement;
  const [shown, frame] = [row.getBoundingClientRect(), list.getBoundingClientRect()];
  if (shown.top < frame.top) list.scrollTop -= frame.top - shown.top;
  else if (shown.bottom > frame.bottom) list.scrollTop += shown.bottom - frame.bottom;
}
