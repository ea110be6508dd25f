// The auctioneer's page.

import { html } from "../render.js";
import { Bar, mount } from "../parts/shell.js";

mount(html`<${Bar} title="Auctioneer" back="/" />`);
