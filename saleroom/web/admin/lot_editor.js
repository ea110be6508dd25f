// One lot: its fields, and its pictures.

import { call, newId, readAll } from "../api.js";
import { Badge } from "../parts/badge.js";
import { html, useEffect, useState } from "../render.js";
import { mayAct } from "../session.js";
import { ofEvent } from "./doing.js";
import { EditForm } from "./form.js";
import { isForMode, isOpenToEdits, lotFields, NEW_LOT, STATE_WORDS } from "./lot_fields.js";
import { zoneOf } from "./moments.js";
import { Pictures } from "./pictures.js";
import { hashOf } from "./route.js";

const DONOR_PAGES_MAX = 10;

/** Edit a lot. number: null for a new one. */
export function LotEditor({ event, number }) {
  const [known, setKnown] = useState(null); // {lot, fields}
  const [fault, setFault] = useState(null);
  const mayEdit = mayAct("admin", event.id);
  const path = ofEvent(event.id, "lots", ...(number === null ? [] : [number]));
  async function load() {
    try {
      const [lot, { categories }, donors] = await Promise.all([
        number === null ? {} : call("GET", path),
        call("GET", ofEvent(event.id, "categories")),
        readAll(`${ofEvent(event.id, "donors")}?limit=200`, "donors", DONOR_PAGES_MAX),
      ]);
      setKnown({
        lot,
        fields: lotFields(
          categories.map(({ name }) => name),
          donors,
        ),
      });
    } catch (error) {
      setFault(error);
    }
  }
  useEffect(() => {
    load();
  }, [event.id, number]);
  const back = html`<div><a
    class="button quiet"
    href=${hashOf("lots", event.id)}
    >← All lots</a></div>`;
  if (fault) return html`${back}<p role="alert">${fault.message}</p>`;
  if (known === null) return html`${back}<p class="loading">Loading…</p>`;
  const { lot, fields } = known;
  async function save(changes, version) {
    if (number !== null) return call("PATCH", path, { ...changes, version }, { key: newId() });
    return call("POST", path, changes, { key: newId() });
  }
  function saved(row) {
    if (number === null) location.assign(hashOf("lots", event.id, row.lot));
    else setKnown({ ...known, lot: { ...lot, ...row } });
  }
  return html`${back}
    <div class="office-head">
      <h2>${number === null ? "New lot" : `Lot ${number}: ${lot.title}`}</h2>
      ${number !== null && html`<${Badge} kind=${STATE_WORDS[lot.state][0]}>${STATE_WORDS[lot.state][1]}<//>`}
    </div>
    ${
      number !== null &&
      !isOpenToEdits(lot) &&
      html`<p class="muted">It has opened: what the rules read of it no longer changes, but its words and pictures do.</p>`
    }
    ${
      mayEdit &&
      html`<section class="panel" aria-label="Fields">
      <${EditForm}
        fields=${fields}
        kept=${lot}
        starts=${number === null ? NEW_LOT : null}
        context=${{ currency: event.currency, zone: zoneOf(event.time_zone) }}
        shows=${isForMode}
        freezes=${(field) => number !== null && !isOpenToEdits(lot) && !WORDS.includes(field.name)}
        save=${save}
        current=${number === null ? null : () => call("GET", path)}
        onSaved=${saved}
        yes=${number === null ? "Add the lot" : "Save"}
        done=${number === null ? "The lot is added." : "Saved."}
      />
    </section>`
    }
    ${number !== null && html`<${Pictures} event=${event.id} lot=${lot} />`}`;
}

const WORDS = ["description", "category", "donor"];
