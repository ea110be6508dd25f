// What was raised so far, who leads the board, who won what, and the tables to take away.
//
// Owns: a spectator's look at the event while the page is open. Source: PROTOCOL 4 and 7.

import { ServerClock } from "../clock.js";
import { attend, Connection, socketUrl } from "../connection.js";
import { EventStore, hasEnded } from "../event_store.js";
import { formatMoney } from "../money.js";
import { Badge } from "../parts/badge.js";
import { ConnectionBanner } from "../parts/banner.js";
import { Button } from "../parts/button.js";
import { Table } from "../parts/table.js";
import { html, useEffect, useMemo } from "../render.js";
import { socketToken } from "../session.js";
import { ofEvent } from "./doing.js";
import { More, useList } from "./lists.js";

export function ResultsView({ event }) {
  return html`<h2>Results</h2>
    ${
      event.status === "draft"
        ? html`<p class="empty panel">There is nothing yet: the event is a draft.</p>`
        : html`<${Live} event=${event} /><${Wins} event=${event} />`
    }
    <${Exports} event=${event} />`;
}

function Live({ event }) {
  const [store, connection] = useMemo(() => {
    const made = new EventStore();
    const line = new Connection({
      url: socketUrl(`/ws/v1/events/${encodeURIComponent(event.id)}`),
      token: socketToken,
      clock: new ServerClock(),
      hello: () => made.resume(),
      take: (message) => made.take(message),
    });
    return [made, line];
  }, [event.id]);
  useEffect(() => {
    attend(connection.start());
    return () => connection.close();
  }, [connection]);
  const money = (amount) => formatMoney(amount, event.currency);
  const lots = store.numbers.value.map((number) => store.lot(number).value);
  const sold = lots.filter((lot) => lot.state === "sold").length;
  const { bidders, spectators } = store.presence.value;
  return html`<${ConnectionBanner} connection=${connection} />
    ${
      store.isKnown.value &&
      html`<dl class="totals">
      <div class="panel"><dt>Raised</dt><dd class="figures">${money(store.raised.value)}</dd></div>
      <div class="panel"><dt>Lots ended</dt><dd class="figures">${lots.filter(hasEnded).length} of ${lots.length}</dd></div>
      <div class="panel"><dt>Sold</dt><dd class="figures">${sold}</dd></div>
      <div class="panel"><dt>Here now</dt><dd class="figures">${bidders} bidding, ${spectators} looking</dd></div>
    </dl>
    <section class="panel stack" aria-labelledby="board">
      <h3 id="board">Leaderboard</h3>
      <${Table}
        caption="The board, paddle by paddle"
        columns=${[
          { key: "paddle", label: "Paddle" },
          { key: "total", label: "Won and given", isNumber: true, cell: (row) => money(row.total) },
          {
            key: "standing",
            label: "Leads by",
            isNumber: true,
            cell: (row) => money(row.standing),
          },
        ]}
        rows=${store.leaderboard.value}
        keyOf=${(row) => row.paddle}
      />
    </section>`
    }`;
}

function Wins({ event }) {
  const list = useList(`${ofEvent(event.id, "results")}?limit=100`, "results", {
    idOf: (row) => row.seq,
  });
  const money = (amount) => formatMoney(amount, event.currency);
  const columns = [
    { key: "lot", label: "Lot", isNumber: true },
    { key: "title", label: "Title" },
    { key: "paddle", label: "Paddle", isNumber: true },
    { key: "name", label: "Name", cell: (row) => row.name ?? "–" },
    { key: "how", label: "How", cell: (row) => html`<${Badge}>${HOW[row.how]}<//>` },
    { key: "units", label: "Units", isNumber: true },
    { key: "amount", label: "Each", isNumber: true, cell: (row) => money(row.amount) },
    { key: "total", label: "Total", isNumber: true, cell: (row) => money(row.total) },
  ];
  return html`<section class="panel stack" aria-labelledby="wins">
    <div class="spread"><h3 id="wins">Wins and purchases</h3><${Button} onClick=${list.reload}>Refresh<//></div>
    ${
      (list.rows.length > 0 || !list.isLoading) &&
      html`<${Table}
        caption="Each win and purchase"
        columns=${columns}
        rows=${list.rows}
        keyOf=${(row) => `${row.seq} ${row.lot}`}
        empty="Nothing has been won yet."
      />`
    }
    <${More} list=${list} />
  </section>`;
}

const HOW = {
  hammer: "Hammer",
  clock: "Clock",
  buy_now: "Buy now",
  purchase: "Purchase",
  offer: "Offer",
};

function Exports({ event }) {
  const isDraft = event.status === "draft";
  const sheets = [
    ["lots.csv", "Lots", true],
    ["bids.csv", "Bids", !isDraft],
    ["results.csv", "Results", !isDraft],
  ];
  return html`<section class="panel stack" aria-labelledby="exports">
    <h3 id="exports">Exports</h3>
    <p class="muted">Tables as CSV, which every spreadsheet opens. Amounts are in the minor unit.</p>
    <div class="row">
      ${sheets
        .filter(([, , isThere]) => isThere)
        .map(
          ([name, title]) =>
            html`<a
              key=${name}
              class="button"
              href=${`/api/v1${ofEvent(event.id, name)}`}
              download
              >${title}</a>`,
        )}
    </div>
  </section>`;
}
