// The bids on a lot: read once, then moved on by the feed.

import { call } from "../api.js";
import { html, useEffect, useState } from "../render.js";
import { useSale } from "./context.js";

const SHOWN = 12;
const RESHAPING = new Set(["bid_undone", "bids_retracted", "lot_reopened"]);
const SOURCES = { floor: "in the room", absentee: "left before", sms: "by text message" };

export function History({ number }) {
  const sale = useSale();
  const [bids, setBids] = useState(null);
  const [fault, setFault] = useState(null);
  useEffect(() => {
    let isShown = true;
    async function load() {
      try {
        const page = await call("GET", `${sale.path}/lots/${number}/bids?limit=${SHOWN}`);
        if (isShown) setBids(page.bids);
      } catch (error) {
        if (isShown) setFault(error);
      }
    }
    const stop = sale.store.listen((told) => {
      if (told.lot !== number) return;
      if (told.type === "bid_placed" && told.bids === 1) {
        const { seq, at, bidder, amount, paddle, source } = told;
        const bid = { seq, at, bidder, amount, leader: paddle, source };
        setBids((before) =>
          [bid, ...(before ?? []).filter((each) => each.seq !== seq)].slice(0, SHOWN),
        );
      } else if (told.type === "bid_placed" || RESHAPING.has(told.type)) {
        load();
      }
    });
    load();
    return () => {
      isShown = false;
      stop();
    };
  }, [number]);

  if (fault) return html`<p class="muted">${fault.message}</p>`;
  if (bids === null) return html`<p class="muted">Loading…</p>`;
  if (bids.length === 0) return html`<p class="muted">No bids yet.</p>`;
  return html`<ol class="plain history">
    ${bids.map(
      (bid) => html`<li key=${`${bid.seq} ${bid.amount}`} class="history-row">
        <span>${bidderName(sale, bid.bidder)} <span class="muted small">${SOURCES[bid.source] ?? ""}</span></span>
        <span class="figures">${sale.money(bid.amount)}</span>
        <time class="muted small">${bid.at === null ? "" : timeOf(bid.at)}</time>
      </li>`,
    )}
  </ol>`;
}

function bidderName(sale, paddle) {
  if (paddle === null) return "The room";
  return paddle === sale.store.you.value.paddle ? html`<strong>You</strong>` : `Paddle ${paddle}`;
}

function timeOf(at) {
  return new Intl.DateTimeFormat(undefined, { timeStyle: "medium" }).format(at);
}
