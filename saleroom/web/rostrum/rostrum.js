// The rostrum's face: ask, price, paddle, what comes next, and the time.

import { lotAtHand, inOrder, isRunning, nextLot } from "../auctioneer/running.js";
import { lotsOf } from "../house/event_line.js";
import { formatMoney } from "../money.js";
import { html, useRef } from "../render.js";

const CALLS = { fair_warning: "Fair warning", final_call: "Final call" };
const STATES = { queued: "Not open yet", sold: "Sold", passed: "Passed", withdrawn: "Withdrawn", closed: "Closed" };

export function Rostrum({ line, catalogue }) {
  const { store, connection, now } = line;
  const last = useRef(null);
  if (!store.isKnown.value) return html`<main class="waiting"><h1>One moment…</h1></main>`;
  const event = store.event.value;
  const money = (amount) => formatMoney(amount, event.currency, catalogue.event.value?.locale ?? undefined);
  const ordered = inOrder(lotsOf(store), catalogue.order);
  const lot = lotAtHand(ordered, null, last.current, catalogue.rings);
  if (lot !== null && isRunning(lot)) last.current = lot.lot;
  return html`<div class=${`rostrum ${lot?.state ?? ""}`}>
    <header class="rostrum-head">
      <h1>${lot === null ? event.title : `Lot ${lot.lot}: ${lot.title}`}</h1>
      <p class="figures">${timeOf(now.value)}</p>
    </header>
    <${State} event=${event} lot=${lot} store=${store} />
    <main class="rostrum-main">${lot !== null && html`<${Lot} lot=${lot} money=${money} />`}</main>
    <${Next} lot=${nextLot(ordered, catalogue.rings, lot)} money=${money} />
    ${connection.status.value !== "open" &&
    html`<p class="rostrum-line" role="alert">No line: this may be out of date</p>`}
  </div>`;
}

function State({ event, lot, store }) {
  if (event.status === "paused") return html`<p class="rostrum-state">Paused: ${store.pauseReason.value}</p>`;
  const words = CALLS[lot?.state] ?? STATES[lot?.state];
  return html`<p class="rostrum-state" role="status">
    ${words}${lot?.locked && html` <span>Online locked</span>`}
  </p>`;
}

function Lot({ lot, money }) {
  const isOpen = isRunning(lot);
  return html`<dl>
    <div class="rostrum-ask">
      <dt>${isOpen ? "Ask" : lot.state === "queued" ? "Opens at" : "Hammer"}</dt>
      <dd class="figures">${isOpen || lot.price === null ? money(lot.ask ?? lot.min_next) : money(lot.price)}</dd>
    </div>
    <div>
      <dt>Bid</dt>
      <dd class="figures">${lot.price === null ? "none" : money(lot.price)}</dd>
    </div>
    <div>
      <dt>Paddle</dt>
      <dd class="figures">${lot.price === null ? "–" : (lot.leader ?? "floor")}</dd>
    </div>
    <div>
      <dt>Reserve</dt>
      <dd class=${lot.reserve_met === false ? "unmet" : "met"}>${reserveWords(lot)}</dd>
    </div>
  </dl>`;
}

function reserveWords({ reserve_met: isMet }) {
  if (isMet === null) return "none";
  return isMet ? "met" : "not met";
}

function Next({ lot, money }) {
  if (lot === null) return null;
  return html`<footer class="rostrum-next">
    Next <b class="figures">${lot.lot}</b> ${lot.title} <span class="figures">${money(lot.min_next)}</span>
  </footer>`;
}

function timeOf(at) {
  return new Date(at).toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit" });
}
