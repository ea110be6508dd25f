// The lot at hand, large: what is asked, what stands, whose it is.

import { formatRemaining } from "../countdown.js";
import { html } from "../render.js";
import { pictureOf } from "../house/catalogue.js";
import { stateWords } from "./history.js";
import { isRunning } from "../house/running.js";

const MODES = { live: "live", silent: "silent", pledge: "fund", sale: "sale" };
const STATE_KINDS = { open: "lead", fair_warning: "warn", final_call: "lost", sold: "accent" };

export function Ring({ desk }) {
  const lot = desk.lot.value;
  if (lot === null) return html`<section class="desk-panel"><h2>No lots yet</h2></section>`;
  const picture = pictureOf(desk.catalogue.of(lot.lot), 320);
  const isChosen =
    desk.chosen.value !== null && desk.inRing.value !== null && desk.inRing.value.lot !== lot.lot;
  return html`<section class=${`desk-panel ring ${lot.state}`} aria-label="Lot at hand">
    ${
      isChosen &&
      html`<p class="elsewhere">
      Lot ${desk.inRing.value.lot} is in the ring.
      <button type="button" class="button" onClick=${() => desk.choose(null)}>
        Back to it (Esc)
      </button>
    </p>`
    }
    <div class="ring-head">
      ${picture && html`<img src=${picture.src} alt=${picture.alt} width="96" height="72" />`}
      <div>
        <p class="ring-lot">
          <span class="figures">Lot ${lot.lot}</span>
          <span class="badge">${MODES[lot.mode]}</span>
          <span class=${`badge ${STATE_KINDS[lot.state] ?? ""}`}>${stateWords(lot.state)}</span>
          ${lot.locked && html`<span class="badge lost">online locked</span>`}
          ${lot.mode !== "pledge" && lot.mode !== "sale" && html`<${Reserve} lot=${lot} />`}
        </p>
        <h2 class="ring-title">${lot.title}</h2>
      </div>
    </div>
    <${lot.mode === "pledge" ? Fund : Figures} desk=${desk} lot=${lot} />
  </section>`;
}

function Reserve({ lot }) {
  if (lot.reserve_met === null) return html`<span class="badge">no reserve</span>`;
  return lot.reserve_met
    ? html`<span class="badge lead">reserve met</span>`
    : html`<span class="badge warn">reserve not met</span>`;
}

function Figures({ desk, lot }) {
  const who = desk.names.of(lot.leader);
  const isSold = lot.state === "sold";
  return html`<dl class="ring-figures">
    ${
      isRunning(lot) &&
      html`<div class="ask" aria-live="polite">
      <dt>Ask</dt>
      <dd class="figures">${desk.money(lot.ask ?? lot.min_next)}</dd>
    </div>`
    }
    <div>
      <dt>${isSold ? "Hammer" : "Price"}</dt>
      <dd class="figures" aria-live="polite">
        ${lot.price === null ? "no bid" : desk.money(lot.price)}
      </dd>
    </div>
    <div class="leader">
      <dt>${isSold ? "Buyer" : "Leader"}</dt>
      <dd aria-live="polite"><${Leader} lot=${lot} who=${who} /></dd>
    </div>
    ${
      lot.bid_count !== null &&
      html`<div>
      <dt>Bids</dt>
      <dd class="figures">${lot.bid_count}</dd>
    </div>`
    }
    ${
      lot.ends_at !== null &&
      isRunning(lot) &&
      html`<div>
      <dt>Ends in</dt>
      <dd class="figures"><${Left} desk=${desk} lot=${lot} /></dd>
    </div>`
    }
  </dl>`;
}

function Left({ desk, lot }) {
  if (desk.store.event.value.status === "paused") return "Paused";
  return formatRemaining(lot.ends_at - desk.now.value);
}

function Leader({ lot, who }) {
  if (lot.price === null) return "–";
  if (lot.leader === null) return html`<strong class="unassigned">Floor, no paddle yet</strong>`;
  return html`<span class="figures">${lot.leader}</span> <span class="who">${who}</span>`;
}

function Fund({ desk, lot }) {
  const { matching, challenge } = lot;
  return html`<dl class="ring-figures">
    <div class="ask" aria-live="polite">
      <dt>Pledged</dt>
      <dd class="figures">${desk.money(lot.total)}</dd>
    </div>
    <div>
      <dt>Match</dt>
      <dd class="figures">${desk.money(lot.match)}</dd>
    </div>
    <div>
      <dt>Together</dt>
      <dd class="figures">${desk.money(lot.total + lot.match)}</dd>
    </div>
    <div>
      <dt>Donors</dt>
      <dd class="figures">${lot.donors}</dd>
    </div>
    ${
      lot.goal !== null &&
      html`<div>
      <dt>Goal</dt>
      <dd class="figures">${desk.money(lot.goal)}</dd>
    </div>`
    }
    ${
      matching &&
      html`<div>
      <dt>Match promised</dt>
      <dd class="terms">${matching.ratio_percent} % up to ${desk.money(matching.cap)}</dd>
    </div>`
    }
    ${
      challenge &&
      html`<div>
      <dt>Challenge</dt>
      <dd class="terms">${desk.money(challenge.amount)} at ${desk.money(challenge.threshold)}</dd>
    </div>`
    }
  </dl>`;
}
