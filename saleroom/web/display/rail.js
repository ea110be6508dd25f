// The rail: who leads in giving, the fund at a glance, and the way in.

import { html } from "../render.js";
import { isRunning } from "../house/running.js";
import { Thermometer } from "./thermometer.js";
import { thermometer } from "../house/scene.js";

const ROWS = 4;

export function Rail({ screen, scene, event }) {
  const { store, money, ordered } = screen;
  const rows = store.leaderboard.value.filter((row) => row.total > 0).slice(0, ROWS);
  const fund = ordered.find((lot) => lot.mode === "pledge" && isRunning(lot) && lot.total > 0);
  return html`<aside class="rail">
    ${
      rows.length > 0 &&
      html`<section class="board">
      <h2>Leaders, by paddle</h2>
      <ol class="plain">
        ${rows.map(
          ({ paddle, total }) => html`<li key=${paddle}>
            <span class="figures">${paddle}</span><span class="figures">${money(total)}</span>
          </li>`,
        )}
      </ol>
    </section>`
    }
    ${fund && scene.kind !== "fund" && html`<${FundGlance} lot=${fund} money=${money} />`}
    <section class="join">
      <img
        src=${`/api/v1/events/${encodeURIComponent(event)}/page.svg`}
        alt="QR code of this event's page"
        width="264"
        height="264"
      />
      <p>
        <strong>${scene.kind === "closed" ? "Scan to see your bids" : "Scan to bid"}</strong>
        ${location.host}/e/${event}
      </p>
    </section>
  </aside>`;
}

function FundGlance({ lot, money }) {
  const { sum, percent } = thermometer(lot);
  const matched = lot.match > 0 ? `, ${money(lot.match)} matched` : "";
  return html`<section class="glance">
    <${Thermometer} lot=${lot} money=${money} />
    <div>
      <h2>${lot.title}</h2>
      <p class="figures glance-sum">${money(sum)}</p>
      <p>
        ${percent !== null && `${percent} %: `}${money(lot.total)} pledged${matched}
      </p>
    </div>
  </section>`;
}
