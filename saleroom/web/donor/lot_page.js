// The page of a lot: its pictures and words, how it stands, and what one can do.

import { hasEnded, isRunning } from "../event_store.js";
import { Badge } from "../parts/badge.js";
import { html, useLayoutEffect, useRef } from "../render.js";
import { BidBox } from "./bid_box.js";
import { useSale } from "./context.js";
import { History } from "./history.js";
import { BuyBox, ChoiceBox, OfferBox, PledgeBox, Thermometer } from "./other_boxes.js";
import { Picture } from "./picture.js";
import { lotHref } from "./route.js";
import { Countdown, Heart, StandingBadge } from "./standing.js";
import { countOf, modeWord, priceLabel, priceOf, standingOf } from "./words.js";

const SIZES = "(min-width: 64rem) 38rem, 100vw";

export function LotPage({ number }) {
  const sale = useSale();
  const heading = useRef(null);
  const lot = sale.store.lot(number);
  useLayoutEffect(() => heading.current?.focus({ preventScroll: true }), [number]);
  if (lot === undefined) {
    return html`<main id="main" class="page empty">
      <h1>There is no lot ${number}</h1>
      <a class="button primary" href="#/">To the lots</a>
    </main>`;
  }
  const view = lot.value;
  const details = sale.details(number);
  return html`<main id="main" class="page lot-page">
    <${Pictures} key=${number} images=${details.images} title=${view.title} />
    <div class="lot-side stack">
      <div class="stack lot-head">
        <div class="row">
          <span class="muted">Lot ${number} · ${modeWord(view.mode)}</span>
          <${StandingBadge} lot=${lot} />
        </div>
        <h1 ref=${heading} tabindex="-1">${view.title}</h1>
      </div>
      <${Sums} lot=${lot} />
      <${What} lot=${view} />
      <div class="row">
        <${Heart} number=${number} title=${view.title} isWide />
      </div>
    </div>
    <div class="lot-words stack">
      <${About} view=${view} details=${details} />
      ${
        (view.mode === "silent" || view.mode === "live") &&
        html`<section class="stack" aria-labelledby="history">
        <h2 id="history">Bids</h2>
        <${History} key=${number} number=${number} />
      </section>`
      }
      <${Neighbours} number=${number} />
    </div>
  </main>`;
}

function Pictures({ images, title }) {
  if (images.length === 0)
    return html`<div class="lot-pictures none"><${Picture} title=${title} /></div>`;
  const several = images.length > 1;
  return html`<div
    class=${`lot-pictures ${several ? "several" : ""}`}
    role=${several ? "group" : undefined}
    aria-label=${several ? `${images.length} pictures` : undefined}
    tabindex=${several ? "0" : undefined}
  >
    ${images.map(
      (image, index) =>
        html`<${Picture} key=${image.key} image=${image} title=${title} sizes=${SIZES} isFirst=${index === 0} />`,
    )}
  </div>`;
}

function Sums({ lot }) {
  const sale = useSale();
  const view = lot.value;
  if (view.mode === "pledge") return html`<${Thermometer} lot=${view} />`;
  const isLive = view.mode === "live" && isRunning(view);
  const standing = standingOf(view, sale.store.leads(view), sale.bidOn.value.has(view.lot));
  const asking = isLive ? `Asking ${sale.money(view.ask)}. ` : "";
  const price = `${priceLabel(view)} ${sale.money(priceOf(view))}.`;
  const read = `${price} ${asking}${standing?.word ?? ""}`;
  return html`<div class="sums">
    <div>
      <div class="muted small">${priceLabel(view)}</div>
      <div class="sum figures">${sale.money(priceOf(view))}</div>
      ${view.mode !== "sale" && html`<div class="muted small">${about(view)}</div>`}
    </div>
    ${
      isLive
        ? html`<div>
          <div class="muted small">Asking</div>
          <div class="sum figures">${sale.money(view.ask)}</div>
        </div>`
        : html`<div class="sums-end"><${Countdown} lot=${lot} isLabelled /></div>`
    }
    <p class="visually-hidden" role="status">${read}</p>
  </div>`;
}

function about(view) {
  const bids = view.bid_count === null ? "" : countOf(view.bid_count, "bid", "bids");
  if (view.reserve_met === null) return bids;
  return `${bids} · ${view.reserve_met ? "reserve met" : "reserve not met"}`;
}

/** What one can do. What comes and goes with bids stands below it, and moves nothing under a finger. */
function What({ lot }) {
  const sale = useSale();
  const { paddle } = sale.store.you.value;
  if (lot.offer && lot.offer.paddle === paddle) return html`<${OfferBox} lot=${lot} />`;
  if (lot.choice && lot.choice.paddle === paddle) return html`<${ChoiceBox} lot=${lot} />`;
  if (hasEnded(lot)) return html`<${Ended} lot=${lot} />`;
  const isAbsentee = lot.mode === "live" && lot.state === "queued";
  if (lot.state === "queued" && !isAbsentee)
    return html`<p class="notice">${opensWhen(sale, lot)}</p>`;
  const note = ownNote(sale, lot);
  return html`${lot.mode === "pledge" && html`<${PledgeBox} lot=${lot} />`}
    ${lot.mode === "sale" && html`<${BuyBox} lot=${lot} />`}
    ${(lot.mode === "silent" || lot.mode === "live") &&
    html`<${BidBox} key=${lot.lot} number=${lot.lot} />`}
    ${note && html`<p class="notice lead">${note}</p>`}`;
}

function ownNote(sale, lot) {
  if (lot.max !== null) return `Your secret maximum is ${sale.money(lot.max)}.`;
  return sale.store.leads(lot) ? "You lead. You need not bid again." : null;
}

function opensWhen(sale, lot) {
  const { starts_at: startsAt } = sale.details(lot.lot);
  if (!startsAt) return "This lot is not open yet.";
  const shape = { dateStyle: "medium", timeStyle: "short" };
  return `This lot opens on ${new Intl.DateTimeFormat(undefined, shape).format(startsAt)}.`;
}

function Ended({ lot }) {
  const sale = useSale();
  if (lot.won) {
    return html`<div class="notice lead">
      <p><strong>It is yours.</strong></p>
      <p>You find it, and what is due, under <a href="#/mine">My bids</a>.</p>
    </div>`;
  }
  if (lot.state !== "sold" || lot.mode === "sale")
    return html`<p class="notice">This lot has ended.</p>`;
  return html`<p class="notice">Sold for ${sale.money(lot.price)}.</p>`;
}

function About({ view, details }) {
  const sale = useSale();
  const { description, category, donor_name: giver, fmv } = details;
  const isChoice = view.mode === "live" && details.quantity > 1;
  return html`<section class="stack" aria-label="About this lot">
    ${description && html`<p class="prose">${description}</p>`}
    <dl class="facts">
      ${fmv > 0 && html`<${Detail} name="Estimated value">${sale.money(fmv)}<//>`}
      ${giver && html`<${Detail} name="Given by">${giver}<//>`}
      ${category && html`<${Detail} name="Category"><${Badge}>${category}<//><//>`}
      ${isChoice && html`<${Detail} name="Units">${details.quantity}, at the winner's choice<//>`}
    </dl>
  </section>`;
}

function Detail({ name, children }) {
  return html`<div>
    <dt>${name}</dt>
    <dd class="figures">${children}</dd>
  </div>`;
}

function Neighbours({ number }) {
  const sale = useSale();
  const numbers = sale.store.numbers.value;
  const place = numbers.indexOf(number);
  const link = (other, label) =>
    other === undefined
      ? html`<span></span>`
      : html`<a class="button" href=${lotHref(other)}>${label}</a>`;
  return html`<nav class="spread" aria-label="Other lots">
    ${link(numbers[place - 1], "← Lot before")} ${link(numbers[place + 1], "Next lot →")}
  </nav>`;
}
