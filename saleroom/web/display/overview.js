// Between lots: what comes next, and the silent lots that end soonest, a page at a time.

import { formatRemaining } from "../countdown.js";
import { html } from "../render.js";
import { pictureOf } from "../house/catalogue.js";
import { comingUp, silentPage } from "../house/scene.js";

const PICTURE_PX = 1280;

export function Overview({ screen }) {
  const { lots, page, pages } = silentPage(screen.ordered, screen.now);
  const [next] = comingUp(screen.ordered);
  return html`<section class="overview">
    ${next && html`<${Next} screen=${screen} lot=${next} isAlone=${lots.length === 0} />`}
    ${
      lots.length > 0 &&
      html`<div class="silent">
      <h2>
        Silent lots
        <small> bid on your phone${pages > 1 ? `, ${page + 1} of ${pages}` : ""}</small>
      </h2>
      <ul class="plain">
        ${lots.map((lot) => html`<${Silent} key=${lot.lot} screen=${screen} lot=${lot} />`)}
      </ul>
    </div>`
    }
    ${!next && lots.length === 0 && html`<div class="words"><h2>Thank you for bidding</h2></div>`}
  </section>`;
}

function Next({ screen, lot, isAlone }) {
  const picture = pictureOf(screen.catalogue.of(lot.lot), PICTURE_PX);
  return html`<article class=${`next-lot ${isAlone ? "alone" : ""}`}>
    ${picture && html`<img src=${picture.src} alt=${picture.alt} key=${picture.src} />`}
    <div>
      <p class="live-lot">Next: lot <span class="figures">${lot.lot}</span></p>
      <h2 class="live-title">${lot.title}</h2>
      <p class="opens">Opens at <span class="figures">${screen.money(lot.min_next)}</span></p>
    </div>
  </article>`;
}

function Silent({ screen, lot }) {
  const { money, now, event } = screen;
  const isStill = lot.ends_at === null || event.status === "paused";
  const left = isStill ? null : lot.ends_at - now;
  return html`<li class=${left !== null && left < 300_000 ? "silent-lot soon" : "silent-lot"}>
    <span class="figures number">${lot.lot}</span>
    <span class="silent-title">${lot.title}</span>
    <span class="figures">${money(lot.price ?? lot.min_next)}</span>
    <span class="figures left">${left === null ? "" : formatRemaining(left)}</span>
  </li>`;
}
