// What is one's own at this sale: bids that stand, wins, pledges, and what they come to.

import { Button } from "../parts/button.js";
import { Icon } from "../parts/icons.js";
import { toast } from "../parts/toast.js";
import { html } from "../render.js";
import { person, signOut } from "../session.js";
import { useSale } from "./context.js";
import { lotHref } from "./route.js";
import { Countdown, StandingBadge } from "./standing.js";
import { countOf } from "./words.js";

export function Mine() {
  const sale = useSale();
  const { paddle, name } = sale.store.you.value;
  if (!person.value || paddle === null) return html`<${Stranger} />`;
  const outbid = sale.outbid.value;
  const leads = sale.leads.value;
  const waiting = sale.lotsWhere((lot) => lot.state === "queued" && lot.max !== null);
  const isEmpty =
    outbid.length +
      leads.length +
      waiting.length +
      sale.wins.value.length +
      sale.pledges.value.length ===
    0;
  return html`<main id="main" class="page stack mine">
    <div class="spread">
      <div>
        <h1>Paddle ${paddle}</h1>
        <p class="muted">${person.value.name ?? name}</p>
      </div>
      <${SignOut} />
    </div>
    <dl class="totals">
      <div><dt>Leading</dt><dd class="figures">${sale.money(sale.leading.value)}</dd></div>
      <div><dt>Won</dt><dd class="figures">${sale.money(sale.won.value)}</dd></div>
      <div><dt>Pledged</dt><dd class="figures">${sale.money(sale.pledged.value)}</dd></div>
      <div class="total">
        <dt>Won and pledged</dt>
        <dd class="figures">${sale.money(sale.won.value + sale.pledged.value)}</dd>
      </div>
    </dl>
    ${isEmpty &&
    html`<div class="empty">
      <p>You have not bid yet.</p>
      <a class="button primary" href="#/">To the lots</a>
    </div>`}
    <${Lots} title="Outbid" lots=${outbid} amount=${(lot) => `now ${sale.money(lot.price)}`} />
    <${Lots}
      title="You lead"
      lots=${leads}
      amount=${(lot) => sale.money(lot.price) + (lot.max === null ? "" : ` · maximum ${sale.money(lot.max)}`)}
    />
    <${Lots} title="Maximums left for live lots" lots=${waiting} amount=${(lot) => sale.money(lot.max)} />
    <${Wins} />
    <${Pledges} />
  </main>`;
}

function Stranger() {
  const sale = useSale();
  const words = person.value
    ? "Get your paddle to bid at this sale."
    : "Sign in, or scan the code on your card, to bid.";
  return html`<main id="main" class="page empty">
    <h1>My bids</h1>
    <p>${words}</p>
    <${Button} kind="primary" onClick=${() => (sale.entry.value = { why: null })}>
      ${person.value ? "Get your paddle" : "Sign in or register"}
    <//>
    ${person.value && html`<${SignOut} />`}
  </main>`;
}

function SignOut() {
  const sale = useSale();
  async function leave() {
    try {
      await signOut();
    } catch (error) {
      toast(error.message, { kind: "lost" });
      return;
    }
    sale.leave();
  }
  return html`<${Button} kind="quiet" onClick=${leave}>Sign out<//>`;
}

function Lots({ title, lots, amount }) {
  const sale = useSale();
  const rows = lots.map((lot) => ({
    key: lot.lot,
    lot,
    about: html`<span class="row">
      <span class="figures">${amount(lot)}</span>
      <${StandingBadge} lot=${sale.store.lot(lot.lot)} />
      <${Countdown} lot=${sale.store.lot(lot.lot)} />
    </span>`,
  }));
  return html`<${Rows} title=${title} rows=${rows} />`;
}

function Wins() {
  const sale = useSale();
  const rows = sale.wins.value.map((win, index) => ({
    key: index,
    lot: win,
    about: html`<span class="figures">
      ${win.units > 1 && `${win.units} × ${sale.money(win.amount)} = `}
      ${sale.money(win.total)}${win.paid ? " · paid" : ""}
    </span>`,
  }));
  return html`<${Rows} title="Won and bought" rows=${rows} />`;
}

function Pledges() {
  const sale = useSale();
  const rows = sale.pledges.value.map((pledge, index) => ({
    key: index,
    lot: pledge,
    about: html`<span class="figures">
      ${pledge.count > 1 && `${countOf(pledge.count, "pledge", "pledges")}: `}
      ${sale.money(pledge.amount)}
      ${pledge.matched > 0 && ` · matched ${sale.money(pledge.matched)}`}
    </span>`,
  }));
  return html`<${Rows} title="Pledges" rows=${rows} />`;
}

/** Things of one kind that are one's own, each the way to its lot. rows: `[{key, lot, about}]`. */
function Rows({ title, rows }) {
  if (rows.length === 0) return null;
  return html`<section class="stack">
    <h2>${title} <span class="muted">(${rows.length})</span></h2>
    <ul class="plain rows">
      ${rows.map(
        ({ key, lot, about }) => html`<li key=${key}>
          <a class="own-row" href=${lotHref(lot.lot)}>
            <span class="own-title">${lot.title}</span>
            ${about}
            <${Icon} name="next" />
          </a>
        </li>`,
      )}
    </ul>
  </section>`;
}
