// The display in the ballroom.

import { html } from "../render.js";
import { Bar, mount } from "../parts/shell.js";

mount(html`<${Bar} title="Display" back="/" />`);
