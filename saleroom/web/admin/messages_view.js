// Messages that could not be sent, and the way to try them again.

import { call } from "../api.js";
import { Button } from "../parts/button.js";
import { Table } from "../parts/table.js";
import { html } from "../render.js";
import { useDoing } from "./doing.js";
import { More, useList } from "./lists.js";
import { sayExactly, zoneOf } from "./moments.js";
import { hashOf } from "./route.js";

const CHANNELS = { sms: "Text", email: "E-mail", push: "Push" };

export function MessagesView() {
  const list = useList("/dead-messages?limit=50", "messages", { idOf: (row) => row.message });
  const [isBusy, run] = useDoing();
  const zone = zoneOf(null);
  async function retry(row) {
    if (
      await run(
        () => call("POST", `/dead-messages/${row.message}/retry`),
        "It will be tried again.",
      )
    )
      list.reload();
  }
  const columns = [
    { key: "died_at", label: "Given up", cell: (row) => sayExactly(row.died_at, zone) },
    {
      key: "event",
      label: "Event",
      cell: (row) =>
        html`<a class="row-link" href=${hashOf("overview", row.event)}>${row.event}</a>`,
    },
    {
      key: "kind",
      label: "About",
      cell: (row) => `${row.kind}${row.lot ? `, lot ${row.lot}` : ""}`,
    },
    { key: "paddle", label: "Paddle", isNumber: true },
    { key: "channel", label: "By", cell: (row) => CHANNELS[row.channel] },
    { key: "attempts", label: "Tries", isNumber: true },
    { key: "reason", label: "Why", cell: (row) => row.reason ?? "–" },
    {
      key: "retry",
      label: html`<span class="visually-hidden">Actions</span>`,
      cell: (row) =>
        html`<${Button}
          disabled=${isBusy}
          onClick=${() => retry(row)}
          >Try again<span class="visually-hidden"> message ${row.message}</span><//>`,
    },
  ];
  return html`<h1>Messages that could not be sent</h1>
    ${
      (list.rows.length > 0 || !list.isLoading) &&
      html`<div class="panel sheet">
      <${Table}
        caption="Messages that could not be sent"
        columns=${columns}
        rows=${list.rows}
        keyOf=${(row) => row.message}
        empty="There is none."
      />
    </div>`
    }
    <${More} list=${list} />`;
}
