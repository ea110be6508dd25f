// The pledge panel: level, number, Enter; what was keyed, and the doubles that wait for a word.

import { Button } from "../parts/button.js";
import { html, useLayoutEffect, useRef, useState } from "../render.js";
import { Note } from "./key_map.js";
import { PADDLE_ID } from "./keyboard.js";
import { keyed, waitingDouble } from "./pledge_book.js";

const SHOWN = 8;
const STATES = {
  sent: "…",
  made: "pledged",
  double: "double: Y or N",
  refused: "refused",
  void: "voided",
};

export function PledgePanel({ desk, lot }) {
  const { pledges } = desk;
  const book = pledges.book(lot);
  const { count, amount } = keyed(book);
  return html`<section class="desk-panel pledge" aria-labelledby="pledge-title">
    <h2 id="pledge-title">Key pledges</h2>
    <${Levels} desk=${desk} lot=${lot} />
    <${Paddle} desk=${desk} lot=${lot} />
    <${Note} desk=${desk} />
    <${Double} desk=${desk} lot=${lot} />
    <p class="spread">
      <span role="status">Keyed here: <strong class="figures">${count}</strong>, together
        <strong class="figures"> ${desk.money(amount)}</strong></span>
      <${Button} onClick=${() => pledges.voidLast(lot)}><kbd>V</kbd> Void the last<//>
    </p>
    <ol class="plain pledge-list">
      ${book.entries.slice(0, SHOWN).map(
        (entry) => html`<li key=${entry.id} class=${entry.state}>
          <span class="figures">${entry.paddle}</span>
          <span class="figures">${desk.money(entry.level)}</span>
          <span>${entry.words ?? STATES[entry.state]}</span>
          <span class="who">${entry.state === "made" && desk.names.of(entry.paddle)}</span>
        </li>`,
      )}
    </ol>
  </section>`;
}

function Levels({ desk, lot }) {
  const { pledges } = desk;
  const chosen = pledges.level(lot);
  if (lot.levels.length === 0) return html`<${FreeLevel} desk=${desk} lot=${lot} />`;
  return html`<div class="levels" role="radiogroup" aria-label="Level">
    ${lot.levels.map(
      (level) => html`<label key=${level} class="level">
        <input
          type="radio"
          name="level"
          checked=${level === chosen}
          onChange=${() => pledges.choose(lot, level)}
        />
        <span class="figures">${desk.money(level)}</span>
      </label>`,
    )}
    <span class="hint">↑ ↓ change the level while you type numbers.</span>
  </div>`;
}

function FreeLevel({ desk, lot }) {
  const [text, setText] = useState("");
  const read = desk.amount(text);
  const chosen = desk.pledges.level(lot);
  function take(event) {
    event.preventDefault();
    if (read !== null) desk.pledges.choose(lot, read);
  }
  return html`<form class="row" onSubmit=${take}>
    <label for="level">Amount of each</label>
    <input
      id="level"
      class="input figures"
      inputmode="decimal"
      autocomplete="off"
      value=${text}
      onInput=${(event) => setText(event.target.value)}
      onBlur=${take}
    />
    <span class="muted">${chosen === null ? "not set" : `now ${desk.money(chosen)}`}</span>
  </form>`;
}

function Paddle({ desk, lot }) {
  const { pledges } = desk;
  const field = useRef(null);
  useLayoutEffect(() => field.current.focus({ preventScroll: true }), []);
  return html`<div class="entry">
    <label for=${PADDLE_ID}>Paddle</label>
    <input
      ref=${field}
      id=${PADDLE_ID}
      class="input figures"
      inputmode="numeric"
      autocomplete="off"
      maxlength="6"
      value=${pledges.typed.value}
      onInput=${(event) => {
        pledges.typed.value = event.target.value.replace(/\D/g, "");
        event.target.value = pledges.typed.value;
      }}
      aria-describedby="paddle-hint"
    />
    <span class="hint" id="paddle-hint">Number, Enter; the next number at once.</span>
  </div>`;
}

function Double({ desk, lot }) {
  const double = waitingDouble(desk.pledges.book(lot));
  if (double === null) return null;
  const answer = (isYes) => desk.pledges.answer(lot, isYes);
  return html`<div class="double" role="alert">
    <p>Paddle ${double.paddle} has pledged ${desk.money(double.level)} already.</p>
    <div class="row">
      <${Button} kind="primary" onClick=${() => answer(true)}><kbd>Y</kbd> Pledge again<//>
      <${Button} onClick=${() => answer(false)}><kbd>N</kbd> Leave it<//>
    </div>
  </div>`;
}
