// The desk: guests found as one types, and checked in with one key.
//
// Owns: what is typed and who is chosen. Invariant: Enter checks in the guest who is marked, and none
// before the answer to what is typed has come; what was done is said aloud. Source: issue 6 point 3.

import { call } from "../api.js";
import { Badge } from "../parts/badge.js";
import { Button } from "../parts/button.js";
import { Field, Select } from "../parts/field.js";
import { toast } from "../parts/toast.js";
import { html, useEffect, useLayoutEffect, useRef, useState } from "../render.js";
import { ofEvent, useDoing } from "./doing.js";
import { GuestCard, NewGuest } from "./guest_card.js";
import { More, queryOf, useList, useRested } from "./lists.js";

const WHO = [
  ["", "Everybody"],
  ["false", "Not here yet"],
  ["true", "Checked in"],
];

export function GuestsView({ event }) {
  const [typed, setTyped] = useState("");
  const [who, setWho] = useState("");
  const [marked, setMarked] = useState(0);
  const [opened, setOpened] = useState(null);
  const [isAdding, setAdding] = useState(false);
  const [isBusy, run] = useDoing();
  const box = useRef(null);
  const sought = useRested(typed.trim(), 150);
  const path = `${ofEvent(event.id, "registrations")}?${queryOf({ q: sought, checked_in: who, limit: 50 })}`;
  const list = useList(path, "registrations", { idOf: (row) => row.paddle });
  const isSettled = sought === typed.trim() && !list.isLoading;

  useEffect(() => setMarked(0), [path]);
  useLayoutEffect(() => {
    box.current?.querySelector("input").focus();
  }, []);

  async function checkIn(guest) {
    if (guest.checked_in_at !== null) {
      toast(`${guest.name} is here already, with paddle ${guest.paddle}.`, { key: "desk" });
      return;
    }
    const went = await run(async () => {
      list.replace(
        await call("POST", `${ofEvent(event.id, "registrations", guest.paddle)}/check-in`),
      );
    });
    if (!went) return;
    toast(
      `${guest.name} is checked in: paddle ${guest.paddle}${guest.table ? `, table ${guest.table}` : ""}.`,
      { kind: "lead", key: "desk" },
    );
    const input = box.current?.querySelector("input");
    input?.focus();
    input?.select();
  }

  function press(pressed) {
    if (pressed.key === "ArrowDown" || pressed.key === "ArrowUp") {
      pressed.preventDefault();
      const by = pressed.key === "ArrowDown" ? 1 : -1;
      setMarked((now) => Math.max(0, Math.min(list.rows.length - 1, now + by)));
    } else if (pressed.key === "Enter") {
      pressed.preventDefault();
      const guest = list.rows[marked];
      if (isSettled && guest) checkIn(guest);
    } else if (pressed.key === "Escape") {
      setTyped("");
    }
  }

  function changed(guest) {
    list.replace(guest);
    setOpened(guest);
  }

  return html`<div class="spread">
      <h2>Guests</h2>
      <${Button} kind="primary" onClick=${() => setAdding(true)}>Add a guest<//>
    </div>
    <div class="tools" ref=${box} onKeyDown=${press}>
      <${Field}
        type="search"
        label="Name, phone, paddle or e-mail"
        hint="Enter checks in the guest who is marked; ↑ and ↓ mark another."
        autocomplete="off"
        maxlength="200"
        value=${typed}
        onInput=${setTyped}
      />
      <${Select} label="Who" value=${who} options=${WHO} onInput=${setWho} />
    </div>
    <p class="visually-hidden" role="status">${isSettled ? sayMarked(list.rows, marked) : ""}</p>
    ${list.rows.length === 0 && !list.isLoading && !list.error && html`<p class="empty panel">${typed ? "Nobody is found." : "Nobody has registered yet."}</p>`}
    ${
      list.rows.length > 0 &&
      html`<ul class="plain guests panel">
      ${list.rows.map(
        (
          guest,
          index,
        ) => html`<li key=${guest.paddle} class=${index === marked ? "guest marked" : "guest"}>
          <span class="guest-paddle figures">${guest.paddle}</span>
          <button type="button" class="guest-name" onClick=${() => setOpened(guest)}>
            <strong>${guest.name}</strong>
            <span class="muted small">${aboutGuest(guest)}</span>
          </button>
          <span class="row">
            ${guest.locked && html`<${Badge} kind="lost">Locked<//>`}
            ${guest.terms_version === 0 && html`<${Badge} kind="warn">Terms open<//>`}
            ${
              guest.checked_in_at !== null
                ? html`<${Badge} kind="lead">✓ Here<//>`
                : html`<${Button}
                  disabled=${isBusy}
                  onClick=${() => checkIn(guest)}
                  >Check in<span class="visually-hidden"> ${guest.name}</span><//>`
            }
          </span>
        </li>`,
      )}
    </ul>`
    }
    <${More} list=${list} />
    ${
      opened &&
      html`<${GuestCard}
      key=${opened.paddle}
      event=${event}
      guest=${opened}
      onChange=${changed}
      reload=${list.reload}
      onClose=${() => setOpened(null)}
    />`
    }
    ${
      isAdding &&
      html`<${NewGuest}
      event=${event}
      onClose=${() => setAdding(false)}
      onAdded=${list.reload}
    />`
    }`;
}

function sayMarked(rows, marked) {
  if (rows.length === 0) return "Nobody is found.";
  const guest = rows[marked];
  return guest
    ? `${guest.name}, paddle ${guest.paddle}, ${guest.checked_in_at === null ? "not here yet" : "checked in"}.`
    : "";
}

function aboutGuest(guest) {
  const seat = guest.table ? `table ${guest.table}${guest.captain ? " (captain)" : ""}` : null;
  return [seat, guest.phone, guest.email].filter(Boolean).join(" · ");
}
