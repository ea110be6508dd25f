// A lot in the gallery. It reads its own lot's signal, so that a bid draws this card and no other.

import { html, useComputed } from "../render.js";
import { useSale } from "./context.js";
import { Picture } from "./picture.js";
import { lotHref } from "./route.js";
import { Countdown, Heart, StandingBadge } from "./standing.js";
import { countOf, priceLabel, priceOf } from "./words.js";

const SIZES = "(min-width: 64rem) 17rem, (min-width: 40rem) 45vw, 7rem";
const FIRST = 4;

export function Card({ number, index }) {
  const sale = useSale();
  const lot = sale.store.lot(number);
  const view = lot.value;
  const image = useComputed(() => sale.details(number).images[0]).value;
  const bids = view.bid_count;
  return html`<li class="card">
    <a class="card-link" href=${lotHref(number)}>
      <div class="card-picture">
        <${Picture} image=${image} title=${view.title} sizes=${SIZES} isFirst=${index < FIRST} />
      </div>
      <div class="card-body">
        <div class="card-signs">
          <span class="muted small">Lot ${number}</span>
          <${StandingBadge} lot=${lot} />
        </div>
        <h2 class="card-title">${view.title}</h2>
        <div class="card-foot">
          <div>
            <div class="muted small">
              ${priceLabel(view)}${bids ? ` · ${countOf(bids, "bid", "bids")}` : ""}
            </div>
            <div class="card-price figures">${sale.money(priceOf(view))}</div>
          </div>
          <${Countdown} lot=${lot} />
        </div>
      </div>
    </a>
    <${Heart} number=${number} title=${view.title} />
  </li>`;
}
