// The audit: who changed what, the newest first; of one event, or of the whole house.

import { Badge } from "../parts/badge.js";
import { Field } from "../parts/field.js";
import { html, useState } from "../render.js";
import { More, queryOf, useList, useRested } from "./lists.js";
import { sayExactly, zoneOf } from "./moments.js";

export function AuditView({ event = null }) {
  const [typed, setTyped] = useState("");
  const who = useRested(typed.trim());
  const asked = queryOf({ event: event?.id, who, limit: 50 });
  const list = useList(`/audit?${asked}`, "entries", { idOf: (row) => row.number });
  const zone = zoneOf(event?.time_zone ?? null);
  return html`${event ? html`<h2>Audit</h2>` : html`<h1>Audit</h1>`}
    <div class="tools">
      <${Field}
        type="search"
        label="Who"
        hint="The id of a user, as it stands in the list."
        maxlength="128"
        value=${typed}
        onInput=${setTyped}
      />
    </div>
    ${list.rows.length === 0 && !list.isLoading && !list.error && html`<p class="empty panel">Nothing yet.</p>`}
    ${
      list.rows.length > 0 &&
      html`<ol class="plain panel records">
      ${list.rows.map(
        (row) => html`<${Entry}
        key=${row.number}
        row=${row}
        zone=${zone}
        isWhole=${event === null}
      />`,
      )}
    </ol>`
    }
    <${More} list=${list} />`;
}

function Entry({ row, zone, isWhole }) {
  const names = [...new Set([...Object.keys(row.before ?? {}), ...Object.keys(row.after ?? {})])];
  const about = [row.target, isWhole && row.event && `event ${row.event}`]
    .filter(Boolean)
    .join(" · ");
  const head = html`<time class="muted small figures">${sayExactly(row.at, zone)}</time>
    <strong>${row.what}</strong>
    ${about && html`<span>${about}</span>`}
    <span class="muted small">by ${row.who}</span>
    ${row.role && html`<${Badge}>${row.role}<//>`}`;
  if (names.length === 0)
    return html`<li class="record"><div class="record-head">${head}</div></li>`;
  return html`<li class="record">
    <details>
      <summary class="record-head">${head}</summary>
      <dl class="changes record-body">
        ${names.map(
          (name) => html`<div key=${name}>
            <dt>${name}</dt>
            <dd>${row.before && html`<del>${say(row.before[name])}</del> `}<ins>${say(row.after?.[name])}</ins></dd>
          </div>`,
        )}
      </dl>
    </details>
  </li>`;
}

function say(value) {
  if (value === undefined || value === null) return "nothing";
  return typeof value === "string" ? value : JSON.stringify(value);
}
