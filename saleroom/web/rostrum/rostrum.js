// The rostrum's face: ask, price, paddle, what comes next, and the time; in a fund, what is
// pledged.

import { inOrder, isRunning, nextLot } from "../house/running.js";
import { sceneOf, sizeOf } from "../house/scene.js";
import { lotsOf } from "../house/event_line.js";
import { formatMoney } from "../money.js";
import { html } from "../render.js";

const STATES = {
  queued: "Not open yet",
  open: "Open",
  fair_warning: "Fair warning",
  final_call: "Final call",
  sold: "Sold",
  passed: "Passed",
  withdrawn: "Withdrawn",
};

export function Rostrum({ line, catalogue, moments }) {
  const { store, connection } = line;
  if (!store.isKnown.value) return html`<main class="waiting"><h1>One moment…</h1></main>`;
  const event = store.event.value;
  const now = line.now.value;
  const money = (amount) =>
    formatMoney(amount, event.currency, catalogue.event.value?.locale ?? undefined);
  const ordered = inOrder(lotsOf(store), catalogue.order);
  const { rings } = catalogue;
  const scene = sceneOf({ event, ordered, rings, moments: moments.value, now });
  const next = nextLot(ordered, rings, scene.lot?.mode === "live" ? scene.lot : null);
  const lot = scene.lot ?? next;
  return html`<div class=${`rostrum ${lot?.state ?? ""}`}>
    <header class="rostrum-head">
      <h1>${lot === null ? event.title : `Lot ${lot.lot}: ${lot.title}`}</h1>
      <p class="figures">${timeOf(now)}</p>
    </header>
    <${State} event=${event} lot=${lot} store=${store} />
    <main class="rostrum-main">
      ${lot !== null && html`<${lot.mode === "pledge" ? Fund : Lot} lot=${lot} money=${money} />`}
    </main>
    <${Next} lot=${lot === next ? null : next} money=${money} />
    ${
      connection.status.value !== "open" &&
      html`<p class="rostrum-line" role="alert">No line: this may be out of date</p>`
    }
  </div>`;
}

function State({ event, lot, store }) {
  if (event.status === "paused")
    return html`<p class="rostrum-state">Paused: ${store.pauseReason.value}</p>`;
  if (event.status !== "open") return html`<p class="rostrum-state">The event is not open</p>`;
  return html`<p class="rostrum-state" role="status">
    ${STATES[lot?.state]}${lot?.locked && isRunning(lot) && html` <span>Online locked</span>`}
  </p>`;
}

function Lot({ lot, money }) {
  const isSold = lot.state === "sold";
  const main = money(isSold ? lot.price : (lot.ask ?? lot.min_next));
  return html`<dl>
    <div class=${`rostrum-ask ${sizeOf(main)}`}>
      <dt>${isSold ? "Hammer" : lot.state === "queued" ? "Opens at" : "Ask"}</dt>
      <dd class="figures">${main}</dd>
    </div>
    <${Figure} name="Bid" value=${lot.price === null ? "none" : money(lot.price)} />
    <${Figure} name="Paddle" value=${lot.price === null ? "–" : (lot.leader ?? "floor")} />
    <${Figure}
      name="Reserve"
      value=${reserveWords(lot)}
      kind=${lot.reserve_met === false ? "unmet" : "met"}
    />
  </dl>`;
}

function Fund({ lot, money }) {
  const sum = money(lot.total + lot.match);
  return html`<dl>
    <div class=${`rostrum-ask ${sizeOf(sum)}`}>
      <dt>Together</dt>
      <dd class="figures">${sum}</dd>
    </div>
    <${Figure} name="Pledged" value=${money(lot.total)} />
    <${Figure} name="Match" value=${money(lot.match)} />
    <${Figure} name="Donors" value=${lot.donors} />
  </dl>`;
}

function Figure({ name, value, kind = "" }) {
  return html`<div class=${sizeOf(String(value))}>
    <dt>${name}</dt>
    <dd class=${`figures ${kind}`}>${value}</dd>
  </div>`;
}

function reserveWords({ reserve_met: isMet }) {
  if (isMet === null) return "none";
  return isMet ? "met" : "not met";
}

function Next({ lot, money }) {
  if (lot === null) return null;
  return html`<footer class="rostrum-next">
    <span>Next <b class="figures">${lot.lot}</b> ${lot.title}</span>
    <b class="figures">${money(lot.min_next)}</b>
  </footer>`;
}

function timeOf(at) {
  return new Date(at).toLocaleTimeString(undefined, {
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  });
}
