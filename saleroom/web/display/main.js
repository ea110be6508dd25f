// The display: what the ballroom sees, without anybody's hand.
//
// Owns: the page's life. Invariant: it shows the last that it knew while the line is down, and says
// so quietly. Must not know: what is drawn. Source: issue 7.

import { catalogued } from "../house/catalogue.js";
import { openEvent } from "../house/event_line.js";
import { mount, pathParts } from "../parts/shell.js";
import { html } from "../render.js";
import { momentsOf } from "./moments.js";
import { keepCurrent } from "../house/release.js";
import { Stage } from "./stage.js";
import { attendNobody, stayAwake } from "../house/unattended.js";

const [, id] = pathParts();
const line = openEvent(id, "conflated");
const catalogue = catalogued(id, line.store);
const moments = momentsOf(line.store);

attendNobody(line.connection, keepCurrent());
stayAwake();
mount(html`<${Stage} line=${line} catalogue=${catalogue} moments=${moments} />`);
