// The journal: every fact of an event as it was decided, in order, each with its place in the chain.
//
// Invariant: reading it is itself recorded, so a page is asked for only when somebody wants it.

import { Button } from "../parts/button.js";
import { Field } from "../parts/field.js";
import { html, useState } from "../render.js";
import { More, useList } from "./lists.js";
import { sayExactly, zoneOf } from "./moments.js";
import { ofEvent } from "./doing.js";

const PAGE = 200;
const OWN = ["position", "seq", "type", "at", "by", "command", "hash"];

export function JournalView({ event }) {
  const [typed, setTyped] = useState("");
  const [after, setAfter] = useState(0);
  const [kind, setKind] = useState("");
  const path = `${ofEvent(event.id, "journal")}?limit=${PAGE}`;
  if (event.status === "draft")
    return html`<h2>Journal</h2><p class="empty panel">A draft has no journal yet.</p>`;
  function go(submitted) {
    submitted.preventDefault();
    setAfter(/^\d+$/.test(typed.trim()) ? Number(typed) : 0);
  }
  return html`<h2>Journal</h2>
    <p class="muted">
      Maxima and reserves are blank until their lot has ended. That you read it is in the audit.
    </p>
    <form class="tools" onSubmit=${go}>
      <${Field} label="After position" inputmode="numeric" value=${typed} onInput=${setTyped} />
      <${Field}
        label="Only facts such as"
        hint="A part of the kind: bid, lot, paddle."
        value=${kind}
        onInput=${setKind}
      />
      <${Button} type="submit">Read<//>
    </form>
    <${Facts}
      key=${after}
      path=${path}
      after=${after}
      kind=${kind.trim().toLowerCase()}
      zone=${zoneOf(event.time_zone)}
    />`;
}

function Facts({ path, after, kind, zone }) {
  const list = useList(path, "facts", {
    idOf: (row) => row.position,
    cursorName: "after",
    start: after,
  });
  const shown = list.rows.filter((fact) => fact.type.includes(kind));
  return html`${list.rows.length === 0 && !list.isLoading && !list.error && html`<p class="empty panel">Nothing stands after that.</p>`}
    ${
      shown.length > 0 &&
      html`<ol class="plain panel records">
      ${shown.map((fact) => html`<${Fact} key=${fact.position} fact=${fact} zone=${zone} />`)}
    </ol>`
    }
    <${More} list=${list} />`;
}

function Fact({ fact, zone }) {
  const rest = Object.fromEntries(Object.entries(fact).filter(([name]) => !OWN.includes(name)));
  const about = [fact.lot && `lot ${fact.lot}`, fact.paddle && `paddle ${fact.paddle}`]
    .filter(Boolean)
    .join(", ");
  return html`<li class="record">
    <details>
      <summary class="record-head">
        <span class="figures record-place">${fact.position}</span>
        <time class="muted small figures">${sayExactly(fact.at, zone)}</time>
        <strong>${fact.type}</strong>
        ${about && html`<span>${about}</span>`}
        <span class="muted small">${fact.by ? `by ${fact.by}` : "by the clock"}${fact.seq === null ? ", private" : `, seq ${fact.seq}`}</span>
      </summary>
      <div class="record-body">
        <pre class="small" tabindex="0">${JSON.stringify(rest, null, 2)}</pre>
        <p class="small muted">Hash ${fact.hash}${fact.command ? ` · command ${fact.command}` : ""}</p>
      </div>
    </details>
  </li>`;
}
