// The desk's dialogs: what needs a reason, an amount or a second look before it is done.

import { Button } from "../parts/button.js";
import { Confirm, Dialog } from "../parts/dialog.js";
import { Field } from "../parts/field.js";
import { html, useEffect, useState } from "../render.js";
import { ENTRY_ID, PADDLE_ID } from "./keyboard.js";

const TEXT_MAX = 500;
const CLOSING =
  "Silent lots end by their rules now, open and waiting live lots pass, and funds close. " +
  "This cannot be taken back.";

export function Dialogs({ desk }) {
  const shown = desk.dialog.value;
  if (shown === null) return null;
  const close = () => {
    desk.dialog.value = null;
  };
  const give = (label, command) => {
    close();
    desk.give(label, command);
  };
  return html`<${BackToEntry} />
    <${DIALOGS[shown.name]}
      desk=${desk}
      lot=${shown.lot}
      paddle=${shown.paddle}
      give=${give}
      close=${close}
    />`;
}

/** Have whoever leaves a dialog type on where they were. */
function BackToEntry() {
  useEffect(
    () => () => {
      (document.getElementById(PADDLE_ID) ?? document.getElementById(ENTRY_ID))?.focus();
    },
    [],
  );
  return null;
}

/** One text and a button. */
function Reason({ title, about, label, yes, isOptional = false, kind = "primary", onYes, close }) {
  const [text, setText] = useState("");
  const reason = text.trim();
  function submit(event) {
    event.preventDefault();
    if (reason !== "" || isOptional) onYes(reason);
  }
  return html`<${Dialog} title=${title} onClose=${close}>
    <form class="stack" onSubmit=${submit}>
      ${about && html`<p>${about}</p>`}
      <${Field}
        label=${label}
        value=${text}
        onInput=${setText}
        maxlength=${TEXT_MAX}
        required=${!isOptional}
        autofocus
      />
      <div class="row">
        <${Button} type="submit" kind=${kind} disabled=${reason === "" && !isOptional}>${yes}<//>
        <${Button} onClick=${close}>Cancel<//>
      </div>
    </form>
  <//>`;
}

function Withdraw({ lot, give, close }) {
  return html`<${Reason}
    title=${`Withdraw lot ${lot.lot}`}
    about=${`“${lot.title}” leaves the sale for good; its pledges are void.`}
    label="Reason, shown to everyone"
    yes="Withdraw"
    kind="danger"
    close=${close}
    onYes=${(reason) =>
      give(`Withdraw lot ${lot.lot}`, { type: "withdraw_lot", lot: lot.lot, reason })}
  />`;
}

function Reopen({ lot, give, close }) {
  const isSold = lot.state === "sold";
  const about = isSold
    ? "The bids stay, and the sale is taken back."
    : "A new round begins without bids.";
  return html`<${Reason}
    title=${`Open lot ${lot.lot} again`}
    about=${about}
    label=${isSold ? "Reason (needed once the next lot has opened)" : "Reason"}
    yes="Open again"
    isOptional
    close=${close}
    onYes=${(reason) =>
      give(`Open lot ${lot.lot} again`, {
        type: "reopen_lot",
        lot: lot.lot,
        ...(reason ? { reason } : {}),
      })}
  />`;
}

function Undo({ lot, give, close }) {
  return html`<${Confirm}
    title=${`Undo on lot ${lot.lot}?`}
    text="The newest action here was before this page looked. It is taken back, whatever it was."
    yes="Undo"
    onClose=${close}
    onYes=${() => give(`Undo on lot ${lot.lot}`, { type: "undo", lot: lot.lot })}
  />`;
}

function Pause({ give, close }) {
  return html`<${Reason}
    title="Pause the event"
    about="Every clock stands still, and no bid is taken until you go on."
    label="Reason, shown to everyone"
    yes="Pause"
    close=${close}
    onYes=${(reason) => give("Pause", { type: "pause_event", reason })}
  />`;
}

function Close({ give, close }) {
  return html`<${Confirm}
    title="Close the event?"
    text=${CLOSING}
    yes="Close the event"
    kind="danger"
    onClose=${close}
    onYes=${() => give("Close the event", { type: "close_event" })}
  />`;
}

function Announce({ give, close }) {
  return html`<${Reason}
    title="Tell everyone"
    label="Shown on every screen"
    yes="Tell"
    close=${close}
    onYes=${(text) => give(`Tell: ${text}`, { type: "announce", text })}
  />`;
}

function PaddleLock({ desk, paddle, give, close }) {
  const [guest, setGuest] = useState(null);
  const [fault, setFault] = useState(null);
  const [reason, setReason] = useState("");
  useEffect(() => {
    desk.names.read(paddle).then(setGuest, (error) => setFault(error.message));
  }, []);
  const lock = (ban) =>
    give(`${ban ? "Ban" : "Lock"} paddle ${paddle}`, {
      type: "lock_paddle",
      paddle,
      reason: reason.trim(),
      ...(ban ? { ban } : {}),
    });
  const unlock = () => give(`Unlock paddle ${paddle}`, { type: "unlock_paddle", paddle });
  const isGiven = reason.trim() !== "";
  const mayBan = desk.role !== "clerk";
  return html`<${Dialog} title=${`Paddle ${paddle}`} onClose=${close}>
    ${fault && html`<p class="fault">${fault}</p>`}
    ${guest && html`<p>${guest.name}</p>`}
    ${guest?.locked && html`<p><strong>Locked</strong>: ${guest.lock_reason}</p>`}
    ${
      guest?.locked
        ? html`<div class="row">
          <${Button} kind="primary" onClick=${unlock}>Unlock<//>
          <${Button} onClick=${close}>Cancel<//>
        </div>`
        : html`<form
          class="stack"
          onSubmit=${(event) => {
            event.preventDefault();
            if (isGiven) lock(false);
          }}
        >
          <${Field}
            label="Reason, for staff alone"
            value=${reason}
            onInput=${setReason}
            maxlength=${TEXT_MAX}
            autofocus
          />
          <div class="row">
            <${Button} type="submit" kind="primary" disabled=${!isGiven}>Lock<//>
            <${Button} kind="danger" disabled=${!isGiven || !mayBan} onClick=${() => lock(true)}>
              Lock and take back open bids
            <//>
            <${Button} onClick=${close}>Cancel<//>
          </div>
          ${!mayBan && html`<p class="muted small">Only an auctioneer takes bids back.</p>`}
        </form>`
    }
  <//>`;
}

/** Two amounts and a button. fields: `[{name, label, isPercent?}]`. */
function Amounts({ desk, title, about, fields, yes, onYes, close }) {
  const [texts, setTexts] = useState({});
  const values = fields.map(({ name, isPercent }) => readValue(desk, texts[name] ?? "", isPercent));
  const isWhole = values.every((value) => value !== null);
  function submit(event) {
    event.preventDefault();
    if (isWhole) onYes(...values);
  }
  return html`<${Dialog} title=${title} onClose=${close}>
    <form class="stack" onSubmit=${submit}>
      <p>${about}</p>
      ${fields.map(
        ({ name, label }, place) => html`<${Field}
          key=${name}
          label=${label}
          value=${texts[name]}
          inputmode="decimal"
          autocomplete="off"
          autofocus=${place === 0}
          onInput=${(text) => setTexts({ ...texts, [name]: text })}
        />`,
      )}
      <div class="row">
        <${Button} type="submit" kind="primary" disabled=${!isWhole}>${yes}<//>
        <${Button} onClick=${close}>Cancel<//>
      </div>
    </form>
  <//>`;
}

function readValue(desk, text, isPercent) {
  if (!isPercent) return desk.amount(text);
  const percent = Number(text.trim());
  return Number.isInteger(percent) && percent >= 1 && percent <= 10_000 ? percent : null;
}

function Match({ desk, lot, give, close }) {
  return html`<${Amounts}
    desk=${desk}
    title=${`Match for lot ${lot.lot}`}
    about="Acts on pledges from now on, and takes the place of an earlier match."
    fields=${[
      { name: "ratio", label: "Per cent of each pledge (100: one for one)", isPercent: true },
      { name: "cap", label: "At most" },
    ]}
    yes="Set the match"
    close=${close}
    onYes=${(ratio_percent, cap) =>
      give(`Match ${ratio_percent} % up to ${desk.money(cap)}`, {
        type: "set_match",
        lot: lot.lot,
        ratio_percent,
        cap,
      })}
  />`;
}

function Challenge({ desk, lot, give, close }) {
  return html`<${Amounts}
    desk=${desk}
    title=${`Challenge for lot ${lot.lot}`}
    about="Added whole when the pledges alone reach the threshold."
    fields=${[
      { name: "threshold", label: "When pledges reach" },
      { name: "amount", label: "This is added" },
    ]}
    yes="Set the challenge"
    close=${close}
    onYes=${(threshold, amount) =>
      give(`Challenge ${desk.money(amount)}`, {
        type: "set_challenge",
        lot: lot.lot,
        threshold,
        amount,
      })}
  />`;
}

const DIALOGS = {
  withdraw: Withdraw,
  reopen: Reopen,
  undo: Undo,
  pause: Pause,
  close: Close,
  announce: Announce,
  paddle: PaddleLock,
  match: Match,
  challenge: Challenge,
};
