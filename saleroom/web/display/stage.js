// The stage: the frame of the display, and the scene in it.

import { formatMoney } from "../money.js";
import { lotsOf } from "../house/event_line.js";
import { inOrder } from "../house/running.js";
import { html } from "../render.js";
import { FundScene } from "./fund_scene.js";
import { LiveScene } from "./live_scene.js";
import { Overview } from "./overview.js";
import { Rail } from "./rail.js";
import { ANNOUNCEMENT_MS, comingUp, sceneOf, sponsorsOf } from "../house/scene.js";

const REFUSALS = {
  4001: "This event is not public. Sign in on this screen first.",
  4002: "This screen may not show this event.",
  4003: "There is no such event.",
};

export function Stage({ line, catalogue, moments }) {
  const { store, connection } = line;
  if (!store.isKnown.value) {
    const refusal = REFUSALS[connection.closeCode.value];
    return html`<main class="waiting"><h1>${refusal ?? "One moment…"}</h1></main>`;
  }
  const now = line.now.value;
  const event = store.event.value;
  const ordered = inOrder(lotsOf(store), catalogue.order);
  const scene = sceneOf({ event, ordered, rings: catalogue.rings, moments: moments.value, now });
  const locale = catalogue.event.value?.locale ?? undefined;
  const money = (amount) => formatMoney(amount, event.currency, locale);
  const screen = { store, catalogue, ordered, now, money, moments: moments.value, event };
  return html`<div class=${`stage is-${scene.kind}`}>
    <header class="stage-head">
      <h1>${event.title}</h1>
      <p class="raised"><span class="figures">${money(store.raised.value)}</span> raised</p>
    </header>
    <main class="stage-main">
      <${Scene} screen=${screen} scene=${scene} />
    </main>
    <${Rail} screen=${screen} scene=${scene} event=${line.id} />
    <${Foot} screen=${screen} />
    <${Announcement} screen=${screen} />
    <${Line} connection=${connection} />
  </div>`;
}

function Scene({ screen, scene }) {
  const { kind, lot } = scene;
  if (kind === "live" || kind === "result")
    return html`<${LiveScene} screen=${screen} lot=${lot} />`;
  if (kind === "fund") return html`<${FundScene} screen=${screen} lot=${lot} />`;
  if (kind === "before") return html`<${Words} title="Welcome" text="The sale opens soon." />`;
  if (kind === "closed") return html`<${Thanks} screen=${screen} />`;
  return html`<${Overview} screen=${screen} />`;
}

function Words({ title, text }) {
  return html`<section class="words">
    <h2>${title}</h2>
    <p>${text}</p>
  </section>`;
}

function Thanks({ screen }) {
  return html`<section class="words">
    <h2>Thank you</h2>
    <p class="figures thanks">${screen.money(screen.store.raised.value)}</p>
    <p>raised this evening</p>
  </section>`;
}

function Foot({ screen }) {
  const coming = comingUp(screen.ordered);
  const sponsors = sponsorsOf(screen.catalogue.event.value?.description);
  if (coming.length === 0 && sponsors === null) return null;
  return html`<footer class="stage-foot">
    ${
      coming.length > 0 &&
      html`<p class="coming">
      <strong>Next</strong>
      ${coming.map(
        (lot) => html`<span key=${lot.lot}><b class="figures">${lot.lot}</b> ${lot.title}</span>`,
      )}
    </p>`
    }
    ${sponsors && html`<p class="sponsors"><strong>With thanks to</strong> ${sponsors}</p>`}
  </footer>`;
}

function Announcement({ screen }) {
  const { announcement } = screen.moments;
  const isNew = announcement !== null && screen.now - announcement.at < ANNOUNCEMENT_MS;
  if (screen.event.status === "paused") {
    const reason = screen.store.pauseReason.value;
    const words = reason ? `Pause: ${reason}` : "The sale is paused.";
    return html`<div class="announcement" role="status">${words}</div>`;
  }
  return isNew && html`<div class="announcement" role="status">${announcement.text}</div>`;
}

function Line({ connection }) {
  const { value } = connection.status;
  if (value === "open" || value === "connecting") return null;
  const words = value === "refused" ? "Disconnected" : "Reconnecting";
  return html`<p class="line-down" role="status">${words}</p>`;
}
