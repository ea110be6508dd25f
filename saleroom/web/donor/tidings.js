// Tidings: what a bidder must not miss, told at once by toast, vibration and the page's title.
//
// Invariant: what one's own answer has told already is not told again by the feed; a page in the
// background says by its title how many lots one has lost.

import { speak, toast } from "../parts/toast.js";
import { effect } from "../render.js";
import { lotHref } from "./route.js";

const OUTBID_BEAT = [120, 60, 120];
const WON_BEAT = [60, 40, 60, 40, 200];

/** Tell of everything that concerns the person, from now on. */
export function tellTidings(sale) {
  sale.store.listen((told) => TIDINGS[told.type]?.(sale, told));
  effect(() => {
    const title = sale.store.event.value?.title ?? sale.about.value?.title ?? "Auction";
    const lost = sale.outbid.value.length;
    document.title = lost === 0 ? `${title} · Saleroom` : `(${lost}) Outbid · ${title}`;
    if ("setAppBadge" in navigator) badge(lost);
  });
}

function badge(lost) {
  const done = lost === 0 ? navigator.clearAppBadge() : navigator.setAppBadge(lost);
  done.catch(() => {}); // an ornament that a browser may refuse
}

function beat(pattern) {
  if (navigator.userActivation?.hasBeenActive) navigator.vibrate?.(pattern);
}

const titleOf = (sale, number) => sale.store.lot(number)?.value.title ?? `Lot ${number}`;

const TIDINGS = {
  outbid: (sale, { lot, price, min_next }) => {
    beat(OUTBID_BEAT);
    if (sale.answered.get(lot) === price) return;
    const now = price === null ? "" : ` Now ${sale.money(price)}.`;
    toast(`You are outbid: ${titleOf(sale, lot)}.${now}`, {
      kind: "lost",
      key: `lot ${lot}`,
      ms: 10_000,
      action: {
        label: `Bid ${sale.money(min_next)}`,
        run: () => {
          location.hash = lotHref(lot);
        },
      },
    });
  },
  won: (sale, { lot, amount }) => {
    if (sale.store.lot(lot)?.value.mode === "sale") return; // bought, and told by the answer
    beat(WON_BEAT);
    const words = `You won: ${titleOf(sale, lot)}, for ${sale.money(amount)}.`;
    toast(words, { kind: "lead", key: `lot ${lot}`, isUrgent: true, ms: 12_000 });
  },
  offer_made: (sale, { lot, paddle, amount }) => {
    if (paddle !== sale.store.you.value.paddle) return;
    beat(WON_BEAT);
    toast(`${titleOf(sale, lot)} is offered to you at ${sale.money(amount)}.`, {
      kind: "lead",
      key: `lot ${lot}`,
      ms: 15_000,
      isUrgent: true,
      action: { label: "Answer", run: () => (location.hash = lotHref(lot)) },
    });
  },
  lot_opened: (sale, { lot }) => {
    const view = sale.store.lot(lot)?.value;
    if (view?.mode === "live") speak(`Lot ${lot}, ${view.title}, is on the block.`);
  },
  lot_extended: (sale, { lot }) => {
    if (sale.bidOn.value.has(lot)) speak(`${titleOf(sale, lot)} has been extended.`);
  },
};
