// The rostrum: what the auctioneer reads at a glance, with nothing to touch.
//
// Owns: the page's life. Invariant: it sends nothing but hello and ping. Must not know: the desk.
// Source: issue 7.

import { momentsOf } from "../display/moments.js";
import { keepCurrent } from "../house/release.js";
import { attendNobody, stayAwake } from "../house/unattended.js";
import { catalogued } from "../house/catalogue.js";
import { openEvent } from "../house/event_line.js";
import { mount, pathParts } from "../parts/shell.js";
import { html } from "../render.js";
import { Rostrum } from "./rostrum.js";

const [, id] = pathParts();
const line = openEvent(id, "conflated");
const catalogue = catalogued(id, line.store);
const moments = momentsOf(line.store);

attendNobody(line.connection, keepCurrent());
stayAwake();
mount(html`<${Rostrum} line=${line} catalogue=${catalogue} moments=${moments} />`);
