// The keyboard: which key press of the page means what.
//
// Owns: the way from a key to the entry line, an action or the pledge desk. Invariant: a letter
// acts only where no text is being written, no dialog is open, and the keys are switched on (WCAG
// 2.1.4); a key held down acts once. Must not know: what an action sends. Source: issue 7.

import { actionOf } from "./actions.js";

export const ENTRY_ID = "entry";
export const PADDLE_ID = "paddle";
const WRITTEN = "input:not([type=radio], [type=checkbox]), textarea, select";
const PRESSED = "button, a, summary";

/** Take a key press anywhere on the page. */
export function press(desk, event) {
  const { target, key } = event;
  if (event.isComposing || event.defaultPrevented || desk.dialog.value !== null) return;
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const isOurs = target.id === ENTRY_ID || target.id === PADDLE_ID;
  if (target.matches(WRITTEN) && !isOurs) return;
  if (!desk.hasKeys.value && !isOurs) return;
  if (target.matches(PRESSED) && (key === "Enter" || key === " ")) return;
  const isRadio = target.matches("[type=radio]");
  if (isRadio && (key === " " || key.startsWith("Arrow"))) return;
  const isFund = desk.takesPledges.value;
  const run =
    (isFund ? fundKey(desk, desk.lot.value, key) : entryKey(desk, key)) ?? roomKey(desk, event);
  if (run !== null && run !== undefined && (desk.hasKeys.value || !isLetter(key))) {
    event.preventDefault();
    if (!event.repeat || /^(Arrow|Page)/.test(key)) run();
  } else if (!isOurs && /^[\d.,/]$/.test(key)) {
    event.preventDefault();
    type(desk, key);
  }
}

function isLetter(key) {
  return /^[a-z]$/i.test(key);
}

function fundKey(desk, lot, key) {
  const { pledges } = desk;
  const keys = {
    Enter: () => pledges.enter(lot),
    ArrowUp: () => pledges.step(lot, -1),
    ArrowDown: () => pledges.step(lot, 1),
    Y: () => pledges.answer(lot, true),
    N: () => pledges.answer(lot, false),
    V: () => pledges.voidLast(lot),
  };
  return keys[isLetter(key) ? key.toUpperCase() : key];
}

function entryKey(desk, key) {
  const keys = {
    ArrowUp: () => desk.step(-1),
    ArrowDown: () => desk.step(1),
    G: () => desk.goToTyped(),
  };
  return keys[isLetter(key) ? key.toUpperCase() : key];
}

function roomKey(desk, event) {
  if (event.key === "Escape") return () => desk.escape();
  if (event.key === "PageUp") return () => desk.step(-1);
  if (event.key === "PageDown") return () => desk.step(1);
  const action = actionOf(event);
  return action === undefined ? null : () => desk.act(action.id);
}

/** What is typed anywhere goes to the line that it is for. */
function type(desk, key) {
  const isFund = desk.takesPledges.value;
  if (!isFund || /\d/.test(key)) desk.typed.value += key;
  document.getElementById(isFund ? PADDLE_ID : ENTRY_ID)?.focus();
}
