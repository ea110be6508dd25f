// What helps whoever has the address of an event that is not there.

import { Bar, mount } from "../parts/shell.js";
import { html } from "../render.js";

mount(html`<${Bar} title="Saleroom" back="/" />
  <main id="main" class="page empty">
    <h1>There is no such event</h1>
    <p>
      The address may be mistyped, or the event is not public yet. If you have a card, scan its code
      once more.
    </p>
    <a class="button primary" href="/">See all events</a>
  </main>`);
