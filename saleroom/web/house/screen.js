// A screen that nobody attends: the ballroom's display, or the rostrum's.
//
// Owns: the page's life, from its address on. Invariant: it shows the last that it knew while the
// line is down, and sends nothing but hello and ping. Must not know: what is drawn.
// Source: issue 7.

import { mount, pathParts } from "../parts/shell.js";
import { html } from "../render.js";
import { catalogued } from "./catalogue.js";
import { openEvent } from "./event_line.js";
import { momentsOf } from "./moments.js";
import { keepCurrent } from "./release.js";
import { attendNobody, stayAwake } from "./unattended.js";

/** Open the event of the page's address, and draw a face for it: `{line, catalogue, moments}`. */
export function openScreen(Face) {
  const [, id] = pathParts();
  const line = openEvent(id, "conflated");
  const catalogue = catalogued(id, line.store);
  const moments = momentsOf(line.store);
  attendNobody(line.connection, keepCurrent());
  stayAwake();
  mount(html`<${Face} line=${line} catalogue=${catalogue} moments=${moments} />`);
}
