// An event as donors see it.

import { html } from "../render.js";
import { Bar, mount } from "../parts/shell.js";

mount(html`<${Bar} title="Auction" back="/" />`);
