// The lots of an event: the running order, and the way into each lot.
//
// Owns: the running order on this page. Invariant: an order that the server did not take is not shown
// for longer than it takes to know; lots that have opened keep their places. Source: PROTOCOL 7.

import { call, readAll } from "../api.js";
import { Badge } from "../parts/badge.js";
import { Button, IconButton } from "../parts/button.js";
import { Field, Select } from "../parts/field.js";
import { Icon } from "../parts/icons.js";
import { speak } from "../parts/toast.js";
import { formatMoney } from "../money.js";
import { html, useEffect, useLayoutEffect, useRef, useState } from "../render.js";
import { mayAct } from "../session.js";
import { ask } from "./ask.js";
import { ofEvent, useDoing } from "./doing.js";
import { LOTS_PAGES_MAX, ROWS_SHOWN } from "./limits.js";
import { LotEditor } from "./lot_editor.js";
import { MODE_WORDS, MODES, STATE_WORDS } from "./lot_fields.js";
import { sayMoment, zoneOf } from "./moments.js";
import { movedAmong, placesTo } from "./moving.js";
import { hashOf } from "./route.js";

export function LotsView({ event, item }) {
  const [lots, setLots] = useState(null);
  const [fault, setFault] = useState(null);
  async function load() {
    setFault(null);
    try {
      setLots(await readAll(`${ofEvent(event.id, "lots")}?limit=200`, "lots", LOTS_PAGES_MAX));
    } catch (error) {
      setFault(error);
    }
  }
  useEffect(() => {
    if (item === null) load();
  }, [event.id, item]);
  if (item !== null)
    return html`<${LotEditor}
      key=${item}
      event=${event}
      number=${item === "new" ? null : Number(item)}
    />`;
  if (fault)
    return html`<p role="alert">${fault.message}</p><div><${Button} onClick=${load}>Try again<//></div>`;
  if (lots === null) return html`<p class="loading">Loading…</p>`;
  return html`<${LotTable} event=${event} lots=${lots} setLots=${setLots} reload=${load} />`;
}

function LotTable({ event, lots, setLots, reload }) {
  const [sought, setSought] = useState("");
  const [mode, setMode] = useState("");
  const [shown, setShown] = useState(ROWS_SHOWN);
  const mayEdit = mayAct("admin", event.id);
  const found = lots.filter((lot) => (mode === "" || lot.mode === mode) && matches(lot, sought));
  const isWhole = found.length === lots.length;
  const order = useOrder(event, lots, setLots, reload);
  return html`<div class="spread">
      <h2>Lots <span class="muted">(${lots.length})</span></h2>
      ${
        mayEdit &&
        html`<div class="row">
        <a class="button" href=${hashOf("import", event.id)}>Import</a>
        <a class="button primary" href=${hashOf("lots", event.id, "new")}>Add a lot</a>
      </div>`
      }
    </div>
    <div class="tools">
      <${Field} type="search" label="Find" value=${sought} onInput=${setSought} />
      <${Select}
        label="Mode"
        value=${mode}
        options=${[["", "All modes"], ...MODES.map(([key]) => [key, MODE_WORDS[key]])]}
        onInput=${setMode}
      />
    </div>
    ${
      mayEdit &&
      lots.length > 1 &&
      html`<p class="muted small" id="order-help">
      ${
        isWhole
          ? "Drag a lot by its handle; or press the handle, move the lot with the arrows, and press again."
          : "Show all lots to change their order."
      }
    </p>`
    }
    ${
      found.length === 0
        ? html`<p class="empty panel">${lots.length === 0 ? "There is no lot yet." : "No lot matches."}</p>`
        : html`<div class="panel sheet">
          <div
            class="table-wrap"
            tabindex="0"
            role="region"
            aria-label="Lots in their running order"
          >
            <table class="table lots">
              <caption class="visually-hidden">Lots in their running order</caption>
              <thead>
                <tr>
                  ${mayEdit && html`<th scope="col"><span class="visually-hidden">Order</span></th>`}
                  <th scope="col" class="number">Lot</th>
                  <th scope="col">Title</th>
                  <th scope="col" class="wide-only">Mode</th>
                  <th scope="col" class="wide-only">State</th>
                  <th scope="col" class="number wide-only">Opening</th>
                  <th scope="col" class="number">Price</th>
                  <th scope="col" class="wide-only">Ends</th>
                  <th scope="col"><span class="visually-hidden">Actions</span></th>
                </tr>
              </thead>
              <tbody>
                ${found.slice(0, shown).map(
                  (lot) =>
                    html`<${LotRow}
                        key=${lot.lot}
                        lot=${lot}
                        event=${event}
                        mayEdit=${mayEdit}
                        isWhole=${isWhole}
                        order=${order}
                        reload=${reload}
                      />`,
                )}
              </tbody>
            </table>
          </div>
        </div>`
    }
    ${
      found.length > shown &&
      html`<div><${Button} onClick=${() => setShown(shown + ROWS_SHOWN)}>Show more (${found.length - shown} left)<//></div>`
    }`;
}

function matches(lot, sought) {
  const words = sought.toLowerCase().split(/\s+/).filter(Boolean);
  const text =
    `${lot.lot} ${lot.title} ${lot.category ?? ""} ${lot.donor_name ?? ""}`.toLowerCase();
  return words.every((word) => text.includes(word));
}

function isFree(lot) {
  return lot.state === "queued";
}

/** Give what rows need to move: which one is held, and the ways to move it. */
function useOrder(event, lots, setLots, reload) {
  const [held, setHeld] = useState(null); // {number, before}: by keyboard
  const [dragged, setDragged] = useState(null);
  const [target, setTarget] = useState(null);
  const [isBusy, run] = useDoing();

  function say(number, rows) {
    const place = rows.filter(isFree).findIndex((lot) => lot.lot === number) + 1;
    speak(`Lot ${number}, place ${place} of ${rows.filter(isFree).length}.`);
  }

  async function store(rows) {
    const numbers = (event.status === "draft" ? rows : rows.filter(isFree)).map((lot) => lot.lot);
    const went = await run(
      () => call("PUT", ofEvent(event.id, "lots", "order"), { lots: numbers }),
      "The order is kept.",
    );
    if (!went) await reload();
  }

  function move(lot, by) {
    const rows = movedAmong(lots, lot, by, isFree);
    setLots(rows);
    say(lot.lot, rows);
    return rows;
  }

  return {
    held: held?.number ?? null,
    dragged,
    target,
    isBusy,
    move,
    toggle(lot) {
      if (held?.number === lot.lot) {
        setHeld(null);
        if (held.before.some((each, index) => each.lot !== lots[index].lot)) store(lots);
        return;
      }
      setHeld({ number: lot.lot, before: held?.before ?? lots });
      speak(
        `Lot ${lot.lot} is held. Move it with the arrows; press again to put it down, Escape to take it back.`,
      );
    },
    press(pressed, lot) {
      const { key } = pressed;
      const isHeld = held?.number === lot.lot;
      if (key === "Escape" && isHeld) {
        pressed.preventDefault();
        setLots(held.before);
        setHeld(null);
        speak("Nothing was moved.");
      } else if (isHeld && MOVES[key] !== undefined) {
        pressed.preventDefault();
        move(lot, MOVES[key]);
      }
    },
    drag: (lot) => setDragged(lot.lot),
    over: (lot) => dragged !== null && isFree(lot) && setTarget(lot.lot),
    leave: () => {
      setDragged(null);
      setTarget(null);
    },
    drop(lot) {
      const from = lots.find((each) => each.lot === dragged);
      setDragged(null);
      setTarget(null);
      if (from === undefined || from === lot || !isFree(lot)) return;
      store(move(from, placesTo(lots, from, lot, isFree)));
    },
  };
}

const MOVES = {
  ArrowUp: -1,
  ArrowDown: 1,
  PageUp: -10,
  PageDown: 10,
  Home: -Infinity,
  End: Infinity,
};

function LotRow({ lot, event, mayEdit, isWhole, order, reload }) {
  const handle = useRef(null);
  const [kind, word] = STATE_WORDS[lot.state];
  const isHeld = order.held === lot.lot;
  const mayMove = isWhole && isFree(lot);
  useLayoutEffect(() => {
    if (isHeld) handle.current?.focus();
  });
  const money = (amount) => formatMoney(amount, event.currency);
  const look = [
    isHeld && "held",
    order.target === lot.lot && "target",
    order.dragged === lot.lot && "dragged",
  ];
  return html`<tr
    class=${look.filter(Boolean).join(" ") || undefined}
    onDragOver=${(event) => {
      event.preventDefault();
      order.over(lot);
    }}
    onDrop=${(event) => {
      event.preventDefault();
      order.drop(lot);
    }}
  >
    ${
      mayEdit &&
      html`<td>
      ${
        mayMove &&
        html`<button
        type="button"
        class="button quiet handle"
        ref=${handle}
        draggable="true"
        disabled=${order.isBusy}
        aria-label=${`Move lot ${lot.lot}`}
        aria-describedby="order-help"
        aria-pressed=${isHeld ? "true" : "false"}
        onClick=${() => order.toggle(lot)}
        onKeyDown=${(event) => order.press(event, lot)}
        onDragStart=${(event) => {
          event.dataTransfer.effectAllowed = "move";
          event.dataTransfer.setData("text/plain", String(lot.lot));
          order.drag(lot);
        }}
        onDragEnd=${order.leave}
      >
        <${Icon} name="grip" />
      </button>`
      }
      ${
        isHeld &&
        html`<div class="nudges">
          <${IconButton}
            icon="back"
            class="turned"
            label=${`Move lot ${lot.lot} up`}
            onClick=${() => order.move(lot, -1)}
          />
          <${IconButton}
            icon="next"
            class="turned"
            label=${`Move lot ${lot.lot} down`}
            onClick=${() => order.move(lot, 1)}
          />
        </div>`
      }
    </td>`
    }
    <td class="number">${lot.lot}</td>
    <td class="title">
      <a class="row-link" href=${hashOf("lots", event.id, lot.lot)}>${lot.title}</a>
      ${lot.category && html`<div class="muted small">${lot.category}</div>`}
      <div class="muted small title-more">${MODE_WORDS[lot.mode]} · ${word} · from ${money(lot.opening)}</div>
    </td>
    <td class="wide-only">${MODE_WORDS[lot.mode]}</td>
    <td class="wide-only"><${Badge} kind=${kind}>${word}<//></td>
    <td class="number wide-only">${money(lot.opening)}</td>
    <td class="number">${lot.mode === "pledge" ? money(lot.total) : money(lot.price)}</td>
    <td class="wide-only">${lot.ends_at === null ? "–" : sayMoment(lot.ends_at, zoneOf(event.time_zone))}</td>
    <td>${
      mayEdit &&
      isFree(lot) &&
      html`<${RemoveLot}
      event=${event}
      lot=${lot}
      reload=${reload}
    />`
    }</td>
  </tr>`;
}

function RemoveLot({ event, lot, reload }) {
  const [isBusy, run] = useDoing();
  async function remove() {
    const isDraft = event.status === "draft";
    const text = isDraft
      ? "It is gone with its pictures and words."
      : "It is withdrawn; everybody sees that it was, and why.";
    const wants = isDraft ? null : { label: "Reason", isRequired: true };
    const answer = await ask({
      title: `Take out lot ${lot.lot}?`,
      text,
      yes: "Take it out",
      wants,
    });
    if (answer === false) return;
    const query = isDraft ? "" : `?reason=${encodeURIComponent(answer)}`;
    if (
      await run(
        () => call("DELETE", ofEvent(event.id, "lots", lot.lot) + query),
        `Lot ${lot.lot} is out.`,
      )
    )
      reload();
  }
  return html`<${IconButton}
    icon="close"
    label=${`Take out lot ${lot.lot}`}
    isBusy=${isBusy}
    onClick=${remove}
  />`;
}
