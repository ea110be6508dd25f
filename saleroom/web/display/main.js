// The display: what the ballroom sees, without anybody's hand.
//
// Owns: the page's life. Invariant: it shows the last that it knew while the line is down, and says so
// quietly. Must not know: what is drawn. Source: issue 7.

import { catalogued } from "../house/catalogue.js";
import { openEvent } from "../house/event_line.js";
import { mount, pathParts } from "../parts/shell.js";
import { html, signal } from "../render.js";
import { keepCurrent } from "./release.js";
import { NO_MOMENTS, noteMoment } from "./scene.js";
import { Stage } from "./stage.js";
import { attendNobody, stayAwake } from "./unattended.js";

const [, id] = pathParts();
const line = openEvent(id, "conflated");
const catalogue = catalogued(id, line.store);
const moments = signal(NO_MOMENTS);

line.store.listen((told) => {
  if (told.at === undefined) return;
  moments.value = noteMoment(moments.value, told, line.store.lot(told.lot)?.value);
});
attendNobody(line.connection, keepCurrent());
stayAwake();
mount(html`<${Stage} line=${line} catalogue=${catalogue} moments=${moments} />`);
