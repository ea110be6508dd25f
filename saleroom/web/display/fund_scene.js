// A fund: the thermometer, with what donors pledged and what the match adds told apart.

import { html } from "../render.js";
import { Thermometer } from "./thermometer.js";
import { thermometer } from "../house/scene.js";

export function FundScene({ screen, lot }) {
  const { money } = screen;
  const { sum, percent } = thermometer(lot);
  const { matching, challenge } = lot;
  return html`<section class="fund-scene">
    <div class="fund-words">
      <p class="live-lot">Lot <span class="figures">${lot.lot}</span></p>
      <h2 class="live-title">${lot.title}</h2>
      <p class="fund-sum figures" aria-live="polite" key=${sum}>${money(sum)}</p>
      <dl class="fund-parts">
        <div class="pledged">
          <dt>Pledged by ${lot.donors} ${lot.donors === 1 ? "donor" : "donors"}</dt>
          <dd class="figures">${money(lot.total)}</dd>
        </div>
        ${
          (lot.match > 0 || matching) &&
          html`<div class="matched">
          <dt>Match</dt>
          <dd class="figures">${money(lot.match)}</dd>
        </div>`
        }
        ${
          lot.goal !== null &&
          html`<div>
          <dt>Goal</dt>
          <dd class="figures">${money(lot.goal)}${percent !== null && ` · ${percent} %`}</dd>
        </div>`
        }
      </dl>
      ${
        matching &&
        html`<p class="promise">
        Pledges are matched at ${matching.ratio_percent} %, up to ${money(matching.cap)}.
      </p>`
      }
      ${
        challenge &&
        html`<p class="promise">
        ${money(challenge.amount)} more when pledges reach ${money(challenge.threshold)}:
        ${" "}${money(Math.max(0, challenge.threshold - lot.total))} to go.
      </p>`
      }
    </div>
    <${Thermometer} lot=${lot} money=${money} />
  </section>`;
}
