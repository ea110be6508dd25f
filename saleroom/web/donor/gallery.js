// The gallery: every lot, found by filter, word and order; above it what is on the block now.
//
// Invariant: what is shown changes only when the list itself does; prices are the cards' own. The
// first cards are painted before the others are made, so that an old phone is of use at once.

import { isRunning } from "../event_store.js";
import { Button } from "../parts/button.js";
import { Select } from "../parts/field.js";
import { Icon } from "../parts/icons.js";
import { html, signal, useComputed, useEffect } from "../render.js";
import { Card } from "./card.js";
import { useSale } from "./context.js";
import { Picture } from "./picture.js";
import { lotHref } from "./route.js";
import { filtered, FILTERS, matches, sorted, SORTS } from "./search.js";
import { StandingBadge } from "./standing.js";
import { priceLabel, priceOf } from "./words.js";

const BLOCK_SIZES = "(min-width: 48rem) 16rem, 7rem";
const FIRST_MADE = 16;
const MADE_AT_ONCE = 32;
const PAINT_MS = 20;

const made = signal(FIRST_MADE); // cards; stays when the gallery is left: the way back is whole
const filter = signal("all");
const sort = signal("order");
const sought = signal("");

export function Gallery() {
  const sale = useSale();
  const shown = useComputed(() => shownNumbers(sale).join(" ")).value;
  const numbers = shown === "" ? [] : shown.split(" ").map(Number);
  useEffect(() => makeMore(numbers.length), [made.value, numbers.length]);
  return html`<main id="main" class="page stack">
    <h1 class="visually-hidden">Lots</h1>
    <${OnTheBlock} />
    <${Finder} />
    <p class="visually-hidden" role="status">${numbers.length} lots shown</p>
    ${
      numbers.length === 0
        ? html`<${Nothing} />`
        : html`<ul class="plain cards">
          ${numbers
            .slice(0, made.value)
            .map((number, index) => html`<${Card} key=${number} number=${number} index=${index} />`)}
        </ul>`
    }
  </main>`;
}

/** Make the next cards once those before are painted; give what ends that. */
function makeMore(wanted) {
  if (made.value >= wanted) return undefined;
  const timer = setTimeout(() => {
    made.value += MADE_AT_ONCE;
  }, PAINT_MS);
  return () => clearTimeout(timer);
}

function shownNumbers(sale) {
  const own = {
    watching: sale.watching.value,
    bidOn: sale.bidOn.value,
    leads: (lot) => sale.store.leads(lot),
  };
  const lots = sale.store.numbers.value.map((number) => sale.store.lot(number).value);
  const found = sought.value.trim()
    ? lots.filter((lot) => matches(searchText(sale, lot), sought.value.trim()))
    : lots;
  return sorted(filtered(found, filter.value, own), sort.value).map((lot) => lot.lot);
}

function searchText(sale, lot) {
  const { description, category, donor_name } = sale.details(lot.lot);
  return [lot.lot, lot.title, category, donor_name, description].filter(Boolean).join(" ");
}

function Finder() {
  const sale = useSale();
  const present = useComputed(() => presentFilters(sale).join(" ")).value.split(" ");
  const outbid = sale.outbid.value.length;
  return html`<div class="finder">
    <div class="finder-row">
      <label class="search">
        <span class="visually-hidden">Search lots</span>
        <${Icon} name="search" />
        <input
          class="input"
          type="search"
          placeholder="Search lots"
          maxlength="200"
          value=${sought.value}
          onInput=${(event) => {
            sought.value = event.target.value;
          }}
        />
      </label>
      <${Select}
        label="Order"
        isLabelHidden
        value=${sort.value}
        options=${SORTS}
        onInput=${(value) => {
          sort.value = value;
        }}
      />
    </div>
    <div class="chips" role="group" aria-label="Show">
      ${FILTERS.filter(([key]) => present.includes(key)).map(
        ([key, label]) => html`<${Button}
          key=${key}
          class="chip"
          aria-pressed=${filter.value === key ? "true" : "false"}
          onClick=${() => {
            filter.value = key;
          }}
        >
          ${label}${key === "outbid" && outbid > 0 && html`<span class="dot">${outbid}</span>`}
        <//>`,
      )}
    </div>
  </div>`;
}

/** Give the filters that mean something at this sale. */
function presentFilters(sale) {
  const modes = new Set(
    sale.store.numbers.value.map((number) => sale.store.lot(number).value.mode),
  );
  const isMode = (key) => ["live", "silent", "pledge", "sale"].includes(key);
  return FILTERS.map(([key]) => key).filter(
    (key) => !isMode(key) || (modes.size > 1 && modes.has(key)),
  );
}

const NOTHING = {
  watching: "Tap the heart of a lot to watch it.",
  bids: "You have not bid yet.",
  winning: "You lead no lot yet.",
  outbid: "Nobody has outbid you.",
};

function Nothing() {
  const isNarrowed = filter.value !== "all" || sought.value.trim() !== "";
  function all() {
    filter.value = "all";
    sought.value = "";
  }
  return html`<div class="empty">
    <p>${(!sought.value.trim() && NOTHING[filter.value]) || "No lots here."}</p>
    ${isNarrowed && html`<${Button} onClick=${all}>Show all lots<//>`}
  </div>`;
}

function OnTheBlock() {
  const sale = useSale();
  const numbers = useComputed(() =>
    sale
      .lotsWhere((lot) => lot.mode === "live" && isRunning(lot))
      .map((lot) => lot.lot)
      .join(" "),
  ).value;
  if (numbers === "") return null;
  return numbers
    .split(" ")
    .map((number) => html`<${BlockLot} key=${number} number=${Number(number)} />`);
}

function BlockLot({ number }) {
  const sale = useSale();
  const lot = sale.store.lot(number);
  const view = lot.value;
  return html`<a class="block" href=${lotHref(number)}>
    <div class="block-picture">
      <${Picture} image=${sale.details(number).images[0]} title=${view.title} sizes=${BLOCK_SIZES} isFirst />
    </div>
    <div class="block-body">
      <div class="row">
        <span class="on-air">On the block</span>
        ${(view.state !== "open" || sale.bidOn.value.has(number)) &&
        html`<${StandingBadge} lot=${lot} />`}
      </div>
      <h2 class="block-title">${view.title}</h2>
      <div class="block-sums">
        <${Sum} label=${priceLabel(view)} amount=${priceOf(view)} />
        <${Sum} label="Asking" amount=${view.ask} />
      </div>
    </div>
    <${Icon} name="next" />
  </a>`;
}

function Sum({ label, amount }) {
  const sale = useSale();
  return html`<div>
    <div class="muted small">${label}</div>
    <div class="block-price figures">${sale.money(amount)}</div>
  </div>`;
}
