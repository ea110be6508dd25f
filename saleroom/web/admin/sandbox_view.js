// The sandbox: what would have been sent and charged, where no provider's keys are configured.

import { call } from "../api.js";
import { formatMoney } from "../money.js";
import { Badge } from "../parts/badge.js";
import { Button } from "../parts/button.js";
import { Table } from "../parts/table.js";
import { html, useEffect, useState } from "../render.js";
import { sayExactly, zoneOf } from "./moments.js";
import { hashOf } from "./route.js";

const CHANNELS = { sms: "Texts", email: "E-mail", push: "Push" };

export function SandboxView() {
  const [seen, setSeen] = useState(null);
  const [fault, setFault] = useState(null);
  function look() {
    setFault(null);
    Promise.all([call("GET", "/sandbox/messages"), call("GET", "/sandbox/payments")]).then(
      ([letters, payments]) => setSeen({ letters, payments }),
      setFault,
    );
  }
  useEffect(look, []);
  return html`<div class="spread">
      <h1>Sandbox</h1>
      <${Button} onClick=${look}>Refresh<//>
    </div>
    <p class="muted">
      What has no provider’s keys is not sent and not charged: it is kept here, in the server’s memory, until it stops.
    </p>
    ${fault && html`<p role="alert">${fault.message}</p>`}
    ${!seen && !fault && html`<p class="muted" role="status">Loading…</p>`}
    ${seen && html`<${Messages} ...${seen.letters} /><${Charges} ...${seen.payments} />`}`;
}

function Messages({ channels, messages }) {
  const zone = zoneOf(null);
  const columns = [
    { key: "at", label: "When", cell: (row) => sayExactly(row.at, zone) },
    { key: "channel", label: "By", cell: (row) => CHANNELS[row.channel] },
    { key: "to", label: "To" },
    { key: "text", label: "What", cell: (row) => html`<${Message} row=${row} />` },
  ];
  const rows = messages.map((row, place) => ({ ...row, place }));
  return html`<div class="panel stack">
    <div class="spread">
      <h2>What would have been sent</h2>
      <${Kept} names=${channels.map((channel) => CHANNELS[channel])} />
    </div>
    <${Table}
      caption="What would have been sent"
      columns=${columns}
      rows=${rows}
      keyOf=${(row) => row.place}
      empty="Nothing yet."
    />
  </div>`;
}

function Message({ row }) {
  const papers = row.attachments.length > 0 ? ` (${row.attachments.join(", ")})` : "";
  if (!row.subject) return row.text;
  return html`<details>
    <summary>${row.subject}${papers}</summary>
    ${row.text.split("\n\n").map((part, place) => html`<p key=${place}>${part}</p>`)}
  </details>`;
}

function Charges({ sandbox, charges }) {
  const zone = zoneOf(null);
  const columns = [
    { key: "at", label: "When", cell: (row) => sayExactly(row.at, zone) },
    {
      key: "event",
      label: "Event",
      cell: (row) => html`<a class="row-link" href=${hashOf("money", row.event)}>${row.event}</a>`,
    },
    { key: "paddle", label: "Paddle", isNumber: true },
    {
      key: "how",
      label: "How",
      cell: (row) => (row.how === "card" ? "Card on file" : "Checkout page"),
    },
    {
      key: "amount",
      label: "Amount",
      isNumber: true,
      cell: (row) => formatMoney(row.amount, row.currency),
    },
    {
      key: "refunded",
      label: "Given back",
      isNumber: true,
      cell: (row) => formatMoney(row.refunded, row.currency),
    },
    { key: "state", label: "State" },
  ];
  return html`<div class="panel stack">
    <div class="spread">
      <h2>What would have been charged</h2>
      <${Kept} names=${sandbox ? ["Cards"] : []} />
    </div>
    <${Table}
      caption="What would have been charged"
      columns=${columns}
      rows=${charges}
      keyOf=${(row) => row.payment}
      empty="Nothing yet."
    />
  </div>`;
}

function Kept({ names }) {
  if (names.length === 0) return html`<${Badge} kind="lead">Configured: it goes out<//>`;
  return html`<${Badge} kind="warn">Kept here: ${names.join(", ")}<//>`;
}
