// The thermometer: pledges from below, the match on top of them, the goal as a line.
//
// Drawn as SVG, whose geometry is set by attributes, so that no style stands in the page.

import { html } from "../render.js";
import { thermometer } from "../house/scene.js";

const HEIGHT = 1000;
const WIDTH = 220;

export function Thermometer({ lot, money }) {
  const { sum, pledged, matched, goal, challenge } = thermometer(lot);
  const upTo = (share) => HEIGHT - share * HEIGHT;
  const parts = `${money(lot.total)} pledged and ${money(lot.match)} matched`;
  const box = `-8 -8 ${WIDTH + 16} ${HEIGHT + 16}`;
  const words = `${parts}, together ${money(sum)}`;
  return html`<svg class="thermometer" viewBox=${box} role="img" aria-label=${words}>
    <clipPath id="tube"><rect width=${WIDTH} height=${HEIGHT} rx="60" /></clipPath>
    <g clip-path="url(#tube)">
      <rect class="tube" width=${WIDTH} height=${HEIGHT} />
      <rect class="pledged" width=${WIDTH} y=${upTo(pledged)} height=${pledged * HEIGHT} />
      <rect
        class="matched"
        width=${WIDTH}
        y=${upTo(pledged + matched)}
        height=${matched * HEIGHT}
      />
    </g>
    <rect class="glass" width=${WIDTH} height=${HEIGHT} rx="60" />
    ${goal !== null && goal < 1 && html`<${Mark} kind="goal" y=${upTo(goal)} />`}
    ${challenge !== null && html`<${Mark} kind="challenge" y=${upTo(challenge)} />`}
  </svg>`;
}

function Mark({ kind, y }) {
  return html`<line class=${kind} x1="0" x2=${WIDTH} y1=${y} y2=${y} />`;
}
