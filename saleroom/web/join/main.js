// Joining by the code of a card.

import { html } from "../render.js";
import { Bar, mount } from "../parts/shell.js";

mount(html`<${Bar} title="Join" back="/" />`);
