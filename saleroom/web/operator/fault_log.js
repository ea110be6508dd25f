// What went wrong while this page was open, the newest first, and read out as it happens.

import { sayExactly, zoneOf } from "../admin/moments.js";
import { Badge } from "../parts/badge.js";
import { html } from "../render.js";

const WORDS = {
  failed: ["lost", "✕ failed"],
  restarted: ["warn", "↻ restarted"],
  waits: ["info", "… waits"],
};

export function FaultLog({ faults }) {
  return html`<section class="stack" aria-labelledby="faults">
    <h2 id="faults">Faults since this page was opened</h2>
    <div class="panel faults" role="log" aria-live="polite" aria-labelledby="faults" tabindex="0">
      ${faults.length === 0 && html`<p class="muted">None.</p>`}
      <ol class="plain stack">
        ${faults.map(
          (
            { at, path, what, error },
            index,
          ) => html`<li key=${faults.length - index} class="fault-line">
            <time class="figures muted small">${sayExactly(at, zoneOf(null))}</time>
            <${Badge} kind=${WORDS[what][0]}>${WORDS[what][1]}<//>
            <span><strong>${path}</strong>${error && html` <span class="tree-error">${error}</span>`}</span>
          </li>`,
        )}
      </ol>
    </div>
  </section>`;
}
