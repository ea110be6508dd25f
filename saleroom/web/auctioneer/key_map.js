// The entry line and the key map: what can be done now, each with its key, which a click does too.

import { html, useLayoutEffect, useRef } from "../render.js";
import { ACTIONS, GROUPS, mayDo, MOVES } from "./actions.js";
import { ENTRY_ID } from "./keyboard.js";

const ENTRY_MAX = 24;

/** Draw it. isFund: the lot at hand takes pledges, so that bids and hammer are of no use. */
export function KeyMap({ desk, isFund }) {
  const groups = Object.keys(GROUPS).filter(
    (group) => !isFund || group === "lot" || group === "room",
  );
  return html`<section class="desk-panel keys" aria-label="Keys">
    ${!isFund && html`<${Entry} desk=${desk} />`}
    ${!isFund && html`<${Note} desk=${desk} />`}
    <div class="key-groups">
      ${groups.map((group) => html`<${Group} key=${group} desk=${desk} group=${group} />`)}
    </div>
    <ul class="plain moves">
      ${MOVES.filter((move) => !isFund || move.isEverywhere).map(
        ({ key, words, typed }) => html`<li key=${key}>
          <kbd>${key}</kbd> ${words}${typed && html` <span class="typed">${typed}</span>`}
        </li>`,
      )}
    </ul>
  </section>`;
}

function Entry({ desk }) {
  const field = useRef(null);
  useLayoutEffect(() => field.current?.focus({ preventScroll: true }), []);
  return html`<div class="entry">
    <label for=${ENTRY_ID}>Entry</label>
    <input
      ref=${field}
      id=${ENTRY_ID}
      class="input figures"
      value=${desk.entry.value}
      onInput=${(event) => {
        desk.entry.value = event.target.value.replace(/[^\d.,/ ]/g, "");
        event.target.value = desk.entry.value;
      }}
      maxlength=${ENTRY_MAX}
      inputmode="decimal"
      autocomplete="off"
      aria-describedby="entry-hint"
    />
    <span class="hint" id="entry-hint">
      A number, then the key. 1500/214 Enter: 1500 by paddle 214.
    </span>
  </div>`;
}

/** The last word on what was typed. */
export function Note({ desk }) {
  const note = desk.note.value;
  return html`<p class=${`note ${note?.kind ?? ""}`}>${note?.text ?? ""}</p>`;
}

function Group({ desk, group }) {
  const actions = ACTIONS.filter((action) => action.group === group);
  const name = `keys-${group}`;
  return html`<div role="group" aria-labelledby=${name} class=${`key-group ${group}`}>
    <h2 id=${name}>${GROUPS[group]}</h2>
    ${actions.map((action) => html`<${Key} key=${action.id} desk=${desk} action=${action} />`)}
  </div>`;
}

function Key({ desk, action }) {
  const may = mayDo(desk.role, action);
  return html`<button
    type="button"
    class=${`key ${action.id}`}
    aria-keyshortcuts=${action.key}
    disabled=${!may}
    title=${may ? undefined : "For auctioneers"}
    onClick=${() => desk.act(action.id)}
  >
    <kbd>${action.key}</kbd>
    <span>${action.words}</span>
    ${action.typed && html`<span class="typed">${action.typed}</span>`}
  </button>`;
}
