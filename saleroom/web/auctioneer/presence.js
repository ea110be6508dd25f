// Who is connected, as staff may see it: paddles with names, and how many look on.

import { html, useState } from "../render.js";

const SHOWN = 60;

export function Presence({ desk }) {
  const [isOpen, setOpen] = useState(false);
  const { bidders, spectators, paddles = [] } = desk.store.presence.value;
  function turn() {
    setOpen(!isOpen);
    if (!isOpen)
      desk.names.readAll().catch(() => desk.say("The names cannot be read now.", "lost"));
  }
  return html`<section class="desk-panel presence" aria-labelledby="presence-title">
    <h2 id="presence-title">Connected</h2>
    <p class="figures small">${bidders} bidders, ${spectators} looking on</p>
    <button
      type="button"
      class="button quiet"
      aria-expanded=${isOpen ? "true" : "false"}
      onClick=${turn}
    >
      ${isOpen ? "Hide the paddles" : "Show the paddles"}
    </button>
    ${
      isOpen &&
      html`<ul class="plain paddles">
      ${paddles.slice(0, SHOWN).map(
        (paddle) => html`<li key=${paddle}>
          <span class="figures">${paddle}</span> ${desk.names.known.value.get(paddle)}
        </li>`,
      )}
      ${paddles.length > SHOWN && html`<li>and ${paddles.length - SHOWN} more</li>`}
    </ul>`
    }
  </section>`;
}
