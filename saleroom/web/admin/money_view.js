// Money: what an event adds to prices, and what each paddle owes and has paid.

import { call } from "../api.js";
import { formatMoney } from "../money.js";
import { Badge } from "../parts/badge.js";
import { Button } from "../parts/button.js";
import { Table } from "../parts/table.js";
import { html, useEffect, useState } from "../render.js";
import { mayAct } from "../session.js";
import { ofEvent } from "./doing.js";
import { FolioCard } from "./folio_card.js";
import { EditForm } from "./form.js";
import { More, useList } from "./lists.js";

const TERMS = [
  {
    name: "premium_ppm",
    label: "Premium, %",
    kind: "percent",
    isRequired: true,
    hint: "On the hammer price.",
  },
  {
    name: "tax_ppm",
    label: "Tax, %",
    kind: "percent",
    isRequired: true,
    hint: "On hammer price and premium.",
  },
  { name: "fee_ppm", label: "Processor’s fee, %", kind: "percent", isRequired: true },
  {
    name: "fee_fixed",
    label: "Processor’s fee, fixed",
    kind: "fee",
    isRequired: true,
    hint: "Bidders may cover both.",
  },
];

export function MoneyView({ event }) {
  return html`<h2>Money</h2>
    <${Folios} event=${event} />
    ${mayAct("admin", event.id) && html`<${Terms} event=${event} />`}`;
}

function Folios({ event }) {
  const list = useList(`${ofEvent(event.id, "folios")}?limit=100`, "folios", {
    idOf: (row) => row.paddle,
  });
  const [opened, setOpened] = useState(null);
  const money = (amount) => formatMoney(amount, event.currency);
  const columns = [
    {
      key: "paddle",
      label: "Paddle",
      cell: (row) =>
        html`<button
          type="button"
          class="link-button figures"
          onClick=${() => setOpened(row.paddle)}
          >${row.paddle}</button>`,
    },
    { key: "billed", label: "Billed", isNumber: true, cell: (row) => money(row.billed) },
    { key: "paid", label: "Paid", isNumber: true, cell: (row) => money(row.paid) },
    { key: "under_way", label: "Under way", isNumber: true, cell: (row) => money(row.under_way) },
    { key: "balance", label: "Owed", isNumber: true, cell: (row) => money(row.balance) },
    {
      key: "state",
      label: "State",
      cell: (row) =>
        html`<${Badge} kind=${row.balance > 0 ? "warn" : "lead"}>${row.balance > 0 ? "Owes" : "Settled"}<//>`,
    },
  ];
  const empty =
    event.status === "closed" ? "Nobody owes anything." : "Bills are made when the event closes.";
  return html`<section class="panel stack" aria-labelledby="folios">
    <div class="spread">
      <h3 id="folios">Who owes what</h3>
      <div class="row">
        <${Button} onClick=${list.reload}>Refresh<//>
        ${
          mayAct("admin", event.id) &&
          html`<a
          class="button"
          href=${`/api/v1${ofEvent(event.id, "ledger.csv")}`}
          download
          >Ledger, CSV</a>`
        }
      </div>
    </div>
    ${
      (list.rows.length > 0 || !list.isLoading) &&
      html`<${Table}
        caption="What each paddle owes"
        columns=${columns}
        rows=${list.rows}
        keyOf=${(row) => row.paddle}
        empty=${empty}
      />`
    }
    <${More} list=${list} />
    ${
      opened !== null &&
      html`<${FolioCard}
      key=${opened}
      event=${event}
      paddle=${opened}
      onChange=${list.reload}
      onClose=${() => setOpened(null)}
    />`
    }
  </section>`;
}

function Terms({ event }) {
  const [terms, setTerms] = useState(null);
  const [fault, setFault] = useState(null);
  const path = ofEvent(event.id, "billing");
  useEffect(() => {
    call("GET", path).then(setTerms, setFault);
  }, [path]);
  if (fault) return html`<p role="alert">${fault.message}</p>`;
  if (terms === null) return null;
  return html`<section class="panel stack" aria-labelledby="terms">
    <h3 id="terms">What the event adds to prices</h3>
    <p class="muted">It can be changed until the first bill is made.</p>
    <${EditForm}
      fields=${TERMS}
      kept=${terms}
      context=${{ currency: event.currency }}
      save=${async (changes, version) => call("PUT", path, { ...(await call("GET", path)), ...changes, version })}
      current=${() => call("GET", path)}
    />
  </section>`;
}
