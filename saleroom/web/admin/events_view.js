// The events that one may administer, and the way to a new one.

import { call } from "../api.js";
import { Badge } from "../parts/badge.js";
import { Button } from "../parts/button.js";
import { Dialog } from "../parts/dialog.js";
import { Table } from "../parts/table.js";
import { html, useState } from "../render.js";
import { mayAct } from "../session.js";
import { statusOf } from "../home/groups.js";
import { FIRST_FIELDS, NEW_EVENT } from "./event_fields.js";
import { EditForm } from "./form.js";
import { More, useList } from "./lists.js";
import { sayMoment, zoneOf } from "./moments.js";
import { hashOf } from "./route.js";

export function EventsView() {
  const list = useList("/events?limit=100", "events");
  const [isMaking, setMaking] = useState(false);
  const mine = list.rows.filter((event) => mayAct("clerk", event.id));
  return html`<div class="spread">
      <h1>Events</h1>
      ${
        mayAct("admin") &&
        html`<${Button}
        kind="primary"
        onClick=${() => setMaking(true)}
        >New event<//>`
      }
    </div>
    ${
      (mine.length > 0 || !list.isLoading) &&
      html`<div class="panel sheet">
      <${Table}
        caption="Events"
        columns=${COLUMNS}
        rows=${mine}
        keyOf=${(event) => event.id}
        empty="There is no event yet."
      />
    </div>`
    }
    <${More} list=${list} />
    ${isMaking && html`<${NewEvent} onClose=${() => setMaking(false)} />`}`;
}

const COLUMNS = [
  {
    key: "title",
    label: "Event",
    cell: (event) =>
      html`<a class="row-link" href=${hashOf("overview", event.id)}>${event.title}</a>`,
  },
  {
    key: "status",
    label: "Status",
    cell: (event) => {
      const [kind, word] = statusOf(event);
      return html`<${Badge} kind=${kind}>${word}<//>`;
    },
  },
  {
    key: "starts_at",
    label: "Starts",
    cell: (event) => sayMoment(event.starts_at, zoneOf(event.time_zone)),
  },
  { key: "venue", label: "Venue", cell: (event) => event.venue ?? "–" },
  { key: "currency", label: "Currency" },
];

function NewEvent({ onClose }) {
  const zone = zoneOf(null);
  async function save(changes) {
    return call("POST", "/events", { ...changes, draft: true });
  }
  return html`<${Dialog} title="New event" onClose=${onClose}>
    <p class="muted">It begins as a draft, which only the house sees.</p>
    <${EditForm}
      fields=${FIRST_FIELDS}
      kept=${{}}
      starts=${{ ...NEW_EVENT, time_zone: zone }}
      context=${{ currency: "USD", zone }}
      save=${save}
      yes="Make the draft"
      done="The draft is made."
      onSaved=${(event) => location.assign(hashOf("overview", event.id))}
    />
  <//>`;
}
