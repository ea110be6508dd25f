// Choosing an amount: the least one, a wheel of the next ten, or one's own.

import { html, useEffect, useId, useRef } from "../render.js";
import { Field } from "../parts/field.js";
import { parseMoney, plainMoney, symbolOf } from "../money.js";
import { useSale } from "./context.js";

/** A wheel of amounts, one of which is chosen. name: what it chooses. */
export function Wheel({ name, amounts, chosen, firstLabel, onChoose }) {
  const sale = useSale();
  const group = useId();
  const list = useRef(null);
  useEffect(() => {
    const row = list.current.querySelector("input:checked")?.closest("label");
    if (row)
      list.current.scrollTo({
        left: row.offsetLeft - list.current.clientWidth / 2 + row.offsetWidth / 2,
      });
  }, [chosen]);
  return html`<fieldset class="wheel-field">
    <legend class="visually-hidden">${name}</legend>
    <div class="wheel" ref=${list}>
      ${amounts.map(
        (
          amount,
          index,
        ) => html`<label key=${amount} class=${`wheel-step ${amount === chosen ? "chosen" : ""}`}>
          <input
            class="visually-hidden"
            type="radio"
            name=${group}
            value=${amount}
            checked=${amount === chosen}
            onChange=${() => onChoose(amount)}
          />
          <span class="figures">${sale.money(amount)}</span>
          ${index === 0 && html`<span class="small">${firstLabel}</span>`}
        </label>`,
      )}
    </div>
  </fieldset>`;
}

/** An amount that is typed. least: below it there is a fault. isAtOnce: typing begins here now. */
export function OwnAmount({ label, hint, text, least, onText, isAtOnce = false }) {
  const sale = useSale();
  const { fault } = readAmount(sale, text, least);
  return html`<${Field}
    label=${`${label} (${symbolOf(sale.currency)})`}
    hint=${hint}
    fault=${fault}
    inputmode="decimal"
    autocomplete="off"
    placeholder=${plainMoney(least, sale.currency)}
    maxlength="20"
    autofocus=${isAtOnce}
    value=${text}
    onInput=${onText}
  />`;
}

/** Read what was typed: `{amount, fault}`. */
export function readAmount(sale, text, least) {
  if (text.trim() === "") return { amount: null, fault: null };
  const amount = parseMoney(text, sale.currency);
  if (amount === null) return { amount: null, fault: "This is not an amount." };
  if (amount < least) return { amount: null, fault: `The least is ${sale.money(least)}.` };
  return { amount, fault: null };
}
