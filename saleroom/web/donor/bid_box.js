// Bidding on a silent or live lot: the least amount, a wheel, one's own, or a secret maximum.
//
// Invariant: what is confirmed is what was shown when the slide began; an amount that the price has
// passed is never raised for the bidder, who is told and starts anew (rule 14).

import { isRunning } from "../event_store.js";
import { nextAmounts, stepAt } from "../ladder.js";
import { Button } from "../parts/button.js";
import { Dialog } from "../parts/dialog.js";
import { toast } from "../parts/toast.js";
import { html, useEffect, useState } from "../render.js";
import { OwnAmount, readAmount, Wheel } from "./amounts.js";
import { askAndTell } from "./answers.js";
import { useSale } from "./context.js";
import { Slide } from "./slide.js";

const WHEEL = 10;
const NO_LADDER = [[0, 1]];

export function BidBox({ number }) {
  const sale = useSale();
  const lot = sale.store.lot(number).value;
  const [isMax, setMax] = useState(false);
  const isAbsentee = lot.mode === "live" && lot.state === "queued";
  const mayMax = isAbsentee || lot.mode === "silent";
  const wantsMax = isAbsentee || (isMax && mayMax);
  if (lot.locked)
    return html`<p class="notice">Online bids on this lot are held back for the moment.</p>`;
  return html`<div class="stack bid-box">
    ${
      mayMax &&
      !isAbsentee &&
      html`<div class="tabs" role="group" aria-label="How to bid">
      <${Button} aria-pressed=${isMax ? "false" : "true"} onClick=${() => setMax(false)}>Bid now<//>
      <${Button} aria-pressed=${isMax ? "true" : "false"} onClick=${() => setMax(true)}>Secret maximum<//>
    </div>`
    }
    ${
      wantsMax &&
      html`<p class="small muted">
      We bid for you, one step at a time and no more than is needed, up to your maximum. Nobody
      else sees it.
      ${isAbsentee && " It counts when the lot is opened."}
    </p>`
    }
    <${Amounts} key=${wantsMax} lot=${lot} isMax=${wantsMax} />
    ${lot.mode === "silent" && isRunning(lot) && html`<${BuyNow} lot=${lot} />`}
  </div>`;
}

function Amounts({ lot, isMax }) {
  const sale = useSale();
  const ladder = sale.details(lot.lot).ladder ?? sale.about.value?.ladder ?? NO_LADDER;
  const least = isMax ? leastMax(sale, lot, ladder) : lot.min_next;
  const [picked, setPicked] = useState(null);
  const [text, setText] = useState(null); // null: nobody types
  const [isBusy, setBusy] = useState(false);
  const [note, setNote] = useState(null);
  useEffect(() => {
    if (picked !== null && picked < least) {
      setPicked(null);
      setNote(`The price has moved. The least is now ${sale.money(least)}.`);
    }
  }, [least, picked]);

  const amount = text === null ? (picked ?? least) : readAmount(sale, text, least).amount;
  async function confirm() {
    setBusy(true);
    setNote(null);
    const wanted = isMax ? { max: amount } : { amount };
    const ack = await askAndTell(sale, isMax ? "set_max_bid" : "place_bid", {
      lot: lot.lot,
      ...wanted,
    });
    setBusy(false);
    if (ack === null) return;
    setPicked(null);
    setText(null);
    tellBid(sale, lot, ack, isMax ? amount : null);
  }
  const verb = isMax ? "leave a maximum of" : "bid";
  return html`<div class="stack">
    <div class="wheel-row">
      <${Wheel}
        name="Amount"
        amounts=${nextAmounts(least, ladder, WHEEL)}
        chosen=${text === null ? amount : null}
        firstLabel=${isMax ? "least" : "next bid"}
        onChoose=${(value) => {
          setPicked(value);
          setText(null);
          setNote(null);
        }}
      />
      <${Button}
        aria-expanded=${text === null ? "false" : "true"}
        onClick=${() => setText(text === null ? "" : null)}
      >
        Other<span class="visually-hidden"> amount</span>
      <//>
    </div>
    ${text !== null &&
    html`<${OwnAmount}
      label="Or your own amount"
      text=${text}
      least=${least}
      onText=${setText}
      isAtOnce
    />`}
    <${WhoMay}>
      <${Slide}
        of=${`${isMax} ${amount}`}
        label=${amount === null ? verb : `${verb} ${sale.money(amount)}`}
        isBusy=${isBusy}
        disabled=${amount === null}
        onConfirm=${confirm}
      />
    <//>
    ${note && html`<p class="notice warn" role="alert">${note}</p>`}
  </div>`;
}

function leastMax(sale, lot, ladder) {
  if (lot.state === "queued")
    return lot.max === null ? lot.min_next : lot.max + stepAt(ladder, lot.max);
  if (!sale.store.leads(lot)) return lot.min_next;
  const most = Math.max(lot.max ?? 0, lot.price);
  return most + stepAt(ladder, most);
}

function tellBid(sale, lot, ack, max) {
  const key = `lot ${lot.lot}`;
  if (lot.state === "queued") {
    toast(`Your maximum of ${sale.money(max)} is kept until the lot is opened.`, {
      kind: "lead",
      key,
    });
  } else if (ack.leading) {
    const words = max === null ? "" : ` Your maximum is ${sale.money(max)}.`;
    toast(`You lead at ${sale.money(ack.price)}.${words}`, { kind: "lead", key });
  } else {
    sale.answered.set(lot.lot, ack.price);
    toast(`Outbid at once by an earlier maximum: now ${sale.money(ack.price)}.`, {
      kind: "lost",
      key,
    });
  }
}

function BuyNow({ lot }) {
  const sale = useSale();
  const [isAsking, setAsking] = useState(false);
  const [isBusy, setBusy] = useState(false);
  if (lot.buy_now === null || (lot.price ?? 0) >= lot.buy_now) return null;
  async function confirm() {
    setBusy(true);
    const ack = await askAndTell(sale, "buy", { lot: lot.lot, price: lot.buy_now });
    setBusy(false);
    setAsking(false);
    if (ack)
      toast(`It is yours for ${sale.money(lot.buy_now)}.`, { kind: "lead", key: `lot ${lot.lot}` });
  }
  return html`<${Button} isWide onClick=${() => setAsking(true)}>Buy now for ${sale.money(lot.buy_now)}<//>
    ${
      isAsking &&
      html`<${Dialog} title="Buy now" onClose=${() => setAsking(false)}>
      <p>${lot.title}: yours at once for <strong>${sale.money(lot.buy_now)}</strong>, and the lot ends.</p>
      <${WhoMay}>
        <${Slide}
          of=${lot.buy_now}
          label=${`buy for ${sale.money(lot.buy_now)}`}
          isBusy=${isBusy}
          onConfirm=${confirm}
        />
      <//>
    <//>`
    }`;
}

/** Show what is inside to those who may bid, and to others how they come to. */
export function WhoMay({ children }) {
  const sale = useSale();
  const { status } = sale.store.event.value;
  const { paddle, locked } = sale.store.you.value;
  if (status === "closed") return html`<p class="notice">The event is over.</p>`;
  if (paddle === null) {
    const enter = () => (sale.entry.value = { why: null });
    return html`<${Button} kind="primary" isWide onClick=${enter}>Get your paddle to bid<//>`;
  }
  if (locked) return html`<p class="notice lost">Your paddle is locked. Please see the desk.</p>`;
  if (status === "paused")
    return html`<p class="notice warn">The sale is paused. Your bid can be made when it goes on.</p>`;
  return children;
}
