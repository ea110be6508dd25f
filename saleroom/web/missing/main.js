// What helps whoever has a wrong address.

import { html } from "../render.js";
import { Bar, mount } from "../parts/shell.js";

mount(html`<${Bar} title="Not found" back="/" />`);
