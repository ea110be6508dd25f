// The lot in the ring: picture, price, paddle, and a flash for each bid; then how it ended.

import { html } from "../render.js";
import { pictureOf } from "../house/catalogue.js";
import { isRunning } from "../house/running.js";
import { sizeOf } from "../house/scene.js";

const CALLS = { fair_warning: "Fair warning", final_call: "Final call" };
const ENDS = { sold: "Sold", passed: "Not sold", withdrawn: "Withdrawn" };
const PICTURE_PX = 1280;

export function LiveScene({ screen, lot }) {
  const { money, moments } = screen;
  const picture = pictureOf(screen.catalogue.of(lot.lot), PICTURE_PX);
  const isOpen = isRunning(lot);
  const amount = money(lot.price ?? lot.ask ?? lot.min_next);
  const flash = moments.bid?.lot === lot.lot && isOpen ? moments.bid.seq : null;
  return html`<section class=${`live-scene ${lot.state} ${picture ? "" : "bare"}`}>
    ${
      picture &&
      html`<img class="live-picture" src=${picture.src} alt=${picture.alt} key=${picture.src} />`
    }
    <div class="live-words">
      <p class="live-lot">Lot <span class="figures">${lot.lot}</span></p>
      <h2 class="live-title">${lot.title}</h2>
      ${
        isOpen &&
        lot.price !== null &&
        html`<p class="asked">Next bid <span class="figures">${money(lot.ask)}</span></p>`
      }
      ${CALLS[lot.state] && html`<p class="call" role="status">${CALLS[lot.state]}</p>`}
      ${ENDS[lot.state] && html`<p class="end" role="status">${ENDS[lot.state]}</p>`}
    </div>
    <div class="live-price" aria-live="polite" key=${flash}>
      <div class=${flash === null ? "price" : "price flash"}>
        <p class="label">${priceLabel(lot)}</p>
        <p class=${`amount figures ${sizeOf(amount)}`}>${amount}</p>
      </div>
      <div class="bidder">
        <p class="label">${lot.state === "sold" ? "to paddle" : "Paddle"}</p>
        <p class="paddle figures">${paddleOf(lot)}</p>
      </div>
    </div>
  </section>`;
}

function priceLabel(lot) {
  if (lot.price === null) return "Opening at";
  return lot.state === "sold" ? "Sold for" : "Bid";
}

function paddleOf(lot) {
  if (lot.price === null) return "–";
  return lot.leader ?? "floor";
}
