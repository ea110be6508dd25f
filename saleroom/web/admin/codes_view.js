// Join codes: made in bulk, printed as cards with a QR code, taken back.
//
// Owns: the cards that were just made, whose codes are shown this once. Source: issue 6, decision 0011.

import { call } from "../api.js";
import { Badge } from "../parts/badge.js";
import { Button } from "../parts/button.js";
import { Table } from "../parts/table.js";
import { html, useState } from "../render.js";
import { ask } from "./ask.js";
import { ofEvent, useDoing } from "./doing.js";
import { EditForm } from "./form.js";
import { More, useList } from "./lists.js";
import { sayMoment, zoneOf } from "./moments.js";

const FIELDS = [
  { name: "count", label: "How many", kind: "whole", isRequired: true, hint: "At most 500." },
  { name: "table", label: "For a table", kind: "text", most: 100, hint: "Empty: for any." },
  { name: "paddle", label: "For a paddle", kind: "whole", hint: "Then one code." },
  { name: "expires_at", label: "Until", kind: "moment", hint: "Empty: until it is used." },
];

export function CodesView({ event }) {
  const path = ofEvent(event.id, "join-codes");
  const list = useList(`${path}?limit=100`, "codes");
  const [printed, setPrinted] = useState(null);
  const [, run] = useDoing();
  const zone = zoneOf(event.time_zone);

  async function make(wanted) {
    setPrinted(await call("POST", path, wanted));
    list.reload();
  }

  async function revoke(row) {
    const text = "Whoever holds it cannot join with it any more.";
    if (!(await ask({ title: "Take this code back?", text, yes: "Take it back" }))) return;
    if (await run(() => call("DELETE", `${path}/${row.id}`), "The code is no longer valid."))
      list.reload();
  }

  const columns = [
    { key: "created_at", label: "Made", cell: (row) => sayMoment(row.created_at, zone) },
    { key: "for", label: "For", cell: (row) => boundTo(row) },
    {
      key: "state",
      label: "State",
      cell: (row) =>
        row.used_at === null
          ? html`<${Badge} kind="lead">Free<//>`
          : html`<${Badge}>Used ${sayMoment(row.used_at, zone)}<//>`,
    },
    { key: "expires_at", label: "Until", cell: (row) => sayMoment(row.expires_at, zone) },
    {
      key: "revoke",
      label: html`<span class="visually-hidden">Actions</span>`,
      cell: (row) =>
        row.used_at === null &&
        html`<${Button} kind="quiet" onClick=${() => revoke(row)}>Take back<//>`,
    },
  ];

  return html`<div class="no-print stack">
      <h2>Join codes</h2>
      <section class="panel" aria-label="New codes">
        <${EditForm}
          fields=${FIELDS}
          kept=${{}}
          starts=${{ count: 20 }}
          context=${{ currency: event.currency, zone }}
          save=${make}
          yes="Make the codes"
          done="The codes are made. Print them now: they are shown this once."
        />
      </section>
    </div>
    ${
      printed &&
      html`<${Cards}
      event=${event}
      printed=${printed}
      onClose=${() => setPrinted(null)}
    />`
    }
    <section class="panel stack no-print" aria-labelledby="codes">
      <h3 id="codes">All codes</h3>
      ${
        (list.rows.length > 0 || !list.isLoading) &&
        html`<${Table}
          caption="Join codes"
          columns=${columns}
          rows=${list.rows}
          keyOf=${(row) => row.id}
          empty="There is none yet."
        />`
      }
      <${More} list=${list} />
    </section>`;
}

function boundTo({ paddle, table }) {
  return (
    [paddle && `paddle ${paddle}`, table && `table ${table}`].filter(Boolean).join(", ") ||
    "anybody"
  );
}

function Cards({ event, printed, onClose }) {
  return html`<section class="stack" aria-labelledby="cards">
    <div class="spread no-print">
      <h3 id="cards">${printed.codes.length} new ${printed.codes.length === 1 ? "code" : "codes"}</h3>
      <div class="row">
        <${Button} kind="primary" onClick=${() => window.print()}>Print<//>
        <${Button} onClick=${onClose}>Done<//>
      </div>
    </div>
    <ul class="plain cards">
      ${printed.codes.map(
        ({ id, code, picture }) => html`<li key=${id} class="card">
          <img src=${picture} width="160" height="160" alt="" loading="lazy" />
          <div>
            <strong>${event.title}</strong>
            <p class="small">Scan, or open ${location.host} and type</p>
            <p class="card-code figures">${code}</p>
            ${(printed.table || printed.paddle) && html`<p class="small">${boundTo(printed)}</p>`}
          </div>
        </li>`,
      )}
    </ul>
  </section>`;
}
