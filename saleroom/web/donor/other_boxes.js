// What else one does with a lot: pledge, buy units, choose units, answer an offer.

import { Button } from "../parts/button.js";
import { Confirm } from "../parts/dialog.js";
import { toast } from "../parts/toast.js";
import { html, useState } from "../render.js";
import { OwnAmount, readAmount } from "./amounts.js";
import { askAndTell } from "./answers.js";
import { WhoMay } from "./bid_box.js";
import { useSale } from "./context.js";
import { Slide } from "./slide.js";
import { countOf } from "./words.js";

const UNITS_MOST = 99;

/** Pledge at a level, or at any amount where there are no levels. */
export function PledgeBox({ lot }) {
  const sale = useSale();
  const [level, setLevel] = useState(null);
  const [text, setText] = useState("");
  const [isBusy, setBusy] = useState(false);
  const [isDouble, setDouble] = useState(false);
  const isFree = lot.levels.length === 0;
  const amount = isFree ? readAmount(sale, text, 1).amount : level;
  async function pledge(confirm) {
    setBusy(true);
    const fields = { lot: lot.lot, level: amount, ...(confirm ? { confirm } : {}) };
    const answer = await sale.ask("pledge", fields);
    setBusy(false);
    if (answer.type === "nack" && answer.code === "DUPLICATE_PLEDGE") {
      setDouble(true);
      return;
    }
    setDouble(false);
    if (answer.type === "nack") {
      toast(answer.message, { kind: "lost", key: `lot ${lot.lot}` });
      return;
    }
    setLevel(null);
    setText("");
    toast(`Thank you! You have pledged ${sale.money(amount)}.`, {
      kind: "lead",
      key: `lot ${lot.lot}`,
    });
  }
  return html`<div class="stack">
    ${
      isFree
        ? html`<${OwnAmount} label="Your pledge" text=${text} least=${1} onText=${setText} />`
        : html`<div class="levels" role="group" aria-label="Level">
          ${lot.levels.map(
            (each) => html`<${Button}
              key=${each}
              class="level figures"
              aria-pressed=${each === level ? "true" : "false"}
              onClick=${() => setLevel(each)}
            >${sale.money(each)}<//>`,
          )}
        </div>`
    }
    <${WhoMay}>
      <${Slide}
        of=${amount}
        label=${amount === null ? "pledge" : `pledge ${sale.money(amount)}`}
        isBusy=${isBusy}
        disabled=${amount === null}
        onConfirm=${() => pledge(false)}
      />
    <//>
    ${
      isDouble &&
      html`<${Confirm}
      title="Pledge again?"
      text=${`You have pledged ${sale.money(amount)} here already. Pledge the same once more?`}
      yes=${`Pledge ${sale.money(amount)} more`}
      isBusy=${isBusy}
      onYes=${() => pledge(true)}
      onClose=${() => setDouble(false)}
    />`
    }
  </div>`;
}

/** How far a pledge lot has come; the match is shown apart. */
export function Thermometer({ lot }) {
  const sale = useSale();
  const { total, match, goal, donors } = lot;
  const full = Math.max(goal ?? 0, total + match, 1);
  return html`<div class="stack thermometer">
    <div class="meter" aria-hidden="true">
      <span class="meter-part" style=${{ width: `${(100 * total) / full}%` }}></span>
      <span class="meter-part match" style=${{ width: `${(100 * match) / full}%` }}></span>
    </div>
    <p>
      <strong class="figures">${sale.money(total + match)}</strong>
      ${goal !== null && html` of <span class="figures">${sale.money(goal)}</span>`} raised by
      ${" "}${countOf(donors, "donor", "donors")}
      ${match > 0 && html`, of it <span class="figures">${sale.money(match)}</span> matched`}
    </p>
    ${
      lot.matching &&
      html`<p class="notice">
      New pledges are matched at ${lot.matching.ratio_percent} %, up to
      ${" "}${sale.money(lot.matching.cap)} in all.
    </p>`
    }
    ${
      lot.challenge &&
      html`<p class="notice">
      At ${sale.money(lot.challenge.threshold)} of pledges, ${sale.money(lot.challenge.amount)} is
      added.
    </p>`
    }
  </div>`;
}

/** Buy units of a sale lot at its price. */
export function BuyBox({ lot }) {
  const sale = useSale();
  const [units, setUnits] = useState(1);
  const [isBusy, setBusy] = useState(false);
  const most = Math.min(lot.remaining ?? UNITS_MOST, UNITS_MOST);
  const wanted = Math.min(units, most);
  const sum = sale.money(wanted * lot.min_next);
  async function buy() {
    setBusy(true);
    const ack = await askAndTell(sale, "buy", { lot: lot.lot, units: wanted, price: lot.min_next });
    setBusy(false);
    if (!ack) return;
    setUnits(1);
    toast(`You have bought ${wanted} for ${sum}.`, { kind: "lead", key: `lot ${lot.lot}` });
  }
  return html`<div class="stack">
    ${lot.remaining !== null && html`<p class="muted">${countOf(lot.remaining, "unit", "units")} left</p>`}
    <${Stepper} label="How many" value=${wanted} most=${most} onInput=${setUnits} />
    <${WhoMay}>
      <${Slide} of=${wanted} label=${`buy ${wanted} for ${sum}`} isBusy=${isBusy} onConfirm=${buy} />
    <//>
  </div>`;
}

/** The winner of a choice lot takes units at the hammer price (rule 20). */
export function ChoiceBox({ lot }) {
  const sale = useSale();
  const [units, setUnits] = useState(1);
  const [isBusy, setBusy] = useState(false);
  const wanted = Math.min(units, lot.choice.units);
  const sum = sale.money(wanted * lot.price);
  async function choose() {
    setBusy(true);
    const ack = await askAndTell(sale, "choose_units", { lot: lot.lot, units: wanted });
    setBusy(false);
    if (ack) toast(`You take ${wanted} for ${sum}.`, { kind: "lead", key: `lot ${lot.lot}` });
  }
  return html`<div class="stack panel lead-panel">
    <h2>You won: how many do you take?</h2>
    <p>Each is ${sale.money(lot.price)}. What you leave is offered to the next bidder.</p>
    <${Stepper} label="How many" value=${wanted} most=${lot.choice.units} onInput=${setUnits} />
    <${WhoMay}>
      <${Slide}
        of=${wanted}
        label=${`take ${wanted} for ${sum}`}
        isBusy=${isBusy}
        onConfirm=${choose}
      />
    <//>
  </div>`;
}

/** The next bidder is offered the lot at their own last bid (rule 21). */
export function OfferBox({ lot }) {
  const sale = useSale();
  const [isBusy, setBusy] = useState(false);
  const amount = sale.money(lot.offer.amount);
  async function answer(accept) {
    setBusy(true);
    const ack = await askAndTell(sale, "answer_offer", { lot: lot.lot, accept });
    setBusy(false);
    if (ack)
      toast(accept ? `It is yours for ${amount}.` : "You have declined the offer.", {
        key: `lot ${lot.lot}`,
      });
  }
  return html`<div class="stack panel lead-panel">
    <h2>This lot is offered to you</h2>
    <p>You may have it at your own last bid, <strong class="figures">${amount}</strong>.</p>
    <${WhoMay}>
      <${Slide}
        of=${lot.offer.amount}
        label=${`take it for ${amount}`}
        isBusy=${isBusy}
        onConfirm=${() => answer(true)}
      />
      <${Button} isWide isBusy=${isBusy} onClick=${() => answer(false)}>No, thank you<//>
    <//>
  </div>`;
}

function Stepper({ label, value, most, onInput }) {
  return html`<div class="stepper" role="group" aria-label=${label}>
    <${Button} aria-label="One less" disabled=${value <= 1} onClick=${() => onInput(value - 1)}>−<//>
    <output class="figures" aria-live="polite">${value}</output>
    <${Button} aria-label="One more" disabled=${value >= most} onClick=${() => onInput(value + 1)}>+<//>
  </div>`;
}
