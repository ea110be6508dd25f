// One guest at the desk: who they are, where they sit, what they may spend, and whether they bid.

import { call, newId } from "../api.js";
import { formatMoney } from "../money.js";
import { Badge } from "../parts/badge.js";
import { Button } from "../parts/button.js";
import { Dialog } from "../parts/dialog.js";
import { html, useEffect, useState } from "../render.js";
import { mayAct } from "../session.js";
import { ask } from "./ask.js";
import { command, ofEvent, useDoing } from "./doing.js";
import { EditForm } from "./form.js";
import { sayMoment, zoneOf } from "./moments.js";

const NO_LIMIT = 10 ** 12;

const WHO_FIELDS = [
  { name: "name", label: "Name", kind: "text", isRequired: true, isWide: true, most: 200 },
  { name: "email", label: "E-mail", kind: "text", most: 254 },
  { name: "phone", label: "Phone", kind: "text", most: 32 },
];
const SEAT_FIELDS = [
  { name: "table", label: "Table", kind: "text", most: 100 },
  {
    name: "limit",
    label: "Limit",
    kind: "money",
    hint: "Leads, wins and purchases together. Empty: none.",
  },
  {
    name: "captain",
    label: "Captain of the table",
    kind: "flag",
    hint: "May bid for those at the table who agreed.",
  },
  { name: "opted_in", label: "Lets the captain bid", kind: "flag" },
  {
    name: "notes",
    label: "Notes",
    kind: "text",
    isLong: true,
    isWide: true,
    most: 2_000,
    hint: "For the house alone.",
  },
];

export function GuestCard({ event, guest: shown, onChange, reload, onClose }) {
  const [guest, setGuest] = useState(shown);
  const [isBusy, run] = useDoing();
  const path = ofEvent(event.id, "registrations", guest.paddle);
  const isPublished = event.status !== "draft";
  const isOn = ["open", "paused"].includes(event.status);

  async function fresh() {
    const now = await call("GET", path);
    setGuest(now);
    onChange(now);
  }
  useEffect(() => {
    run(fresh);
  }, []);

  async function save(changes) {
    const sent = { ...changes };
    if (sent.limit === null) sent.limit = NO_LIMIT;
    if (sent.table === null) delete sent.table;
    const now = await call("PATCH", path, sent, { key: newId() });
    setGuest(now);
    return forForm(now);
  }

  async function lock() {
    const wants = { label: "Reason, for the house alone", isRequired: true };
    const text =
      "No more bids, purchases or pledges are taken of this paddle. What it leads stands.";
    const reason = await ask({ title: `Lock paddle ${guest.paddle}?`, text, yes: "Lock", wants });
    if (reason === false) return;
    await run(async () => {
      await command(event.id, "lock_paddle", { paddle: guest.paddle, reason });
      await fresh();
    }, "The paddle is locked.");
  }

  async function unlock() {
    await run(async () => {
      await command(event.id, "unlock_paddle", { paddle: guest.paddle });
      await fresh();
    }, "The paddle is unlocked.");
  }

  async function acceptTerms() {
    const text = `${guest.name} accepts the terms in your presence.`;
    if (!(await ask({ title: "Accept the terms?", text, yes: "Accepted", kind: "primary" })))
      return;
    await run(async () => {
      await call("POST", `${path}/accept-terms`, undefined, { key: newId() });
      await fresh();
    }, "The terms are accepted.");
  }

  async function renumber() {
    const wants = { label: "New number", isRequired: true };
    const text =
      "Bids and wins stay with the guest. Whoever holds that number now gets the lowest free one.";
    const said = await ask({
      title: `Give paddle ${guest.paddle} another number?`,
      text,
      yes: "Renumber",
      kind: "primary",
      wants,
    });
    if (said === false) return;
    const wanted = Number(said);
    const went = await run(
      () => call("POST", `${path}/renumber`, { paddle: wanted }, { key: newId() }),
      `The paddle is ${said} now.`,
    );
    if (!went) return;
    reload();
    onClose();
  }

  async function undoCheckIn() {
    if (
      !(await ask({
        title: "Undo the check-in?",
        text: `${guest.name} counts as not here.`,
        yes: "Undo",
      }))
    )
      return;
    await run(async () => {
      const now = await call("DELETE", `${path}/check-in`);
      setGuest(now);
      onChange(now);
    });
  }

  const zone = zoneOf(event.time_zone);
  return html`<${Dialog} title=${`${guest.name}, paddle ${guest.paddle}`} onClose=${onClose}>
    <div class="row">
      ${
        guest.checked_in_at === null
          ? html`<${Badge}>Not here yet<//>`
          : html`<${Badge} kind="lead">Here since ${sayMoment(guest.checked_in_at, zone)}<//>`
      }
      ${guest.locked && html`<${Badge} kind="lost">Locked${guest.lock_reason ? `: ${guest.lock_reason}` : ""}<//>`}
      <${Badge} kind=${guest.terms_version ? "" : "warn"}>${guest.terms_version ? "Terms accepted" : "Terms not accepted"}<//>
      ${guest.limit !== null && guest.limit !== NO_LIMIT && html`<${Badge}>Limit ${formatMoney(guest.limit, event.currency)}<//>`}
    </div>
    <div class="row">
      ${
        isPublished &&
        guest.terms_version === 0 &&
        html`<${Button}
        isBusy=${isBusy}
        onClick=${acceptTerms}
        >Accept the terms<//>`
      }
      ${
        isOn &&
        html`<${Button}
        kind=${guest.locked ? "" : "danger"}
        isBusy=${isBusy}
        onClick=${guest.locked ? unlock : lock}
        >${guest.locked ? "Unlock" : "Lock"}<//>`
      }
      ${
        isPublished &&
        mayAct("admin", event.id) &&
        html`<${Button}
        isBusy=${isBusy}
        onClick=${renumber}
        >Renumber<//>`
      }
      ${
        guest.checked_in_at !== null &&
        html`<${Button}
        isBusy=${isBusy}
        onClick=${undoCheckIn}
        >Undo check-in<//>`
      }
    </div>
    <${EditForm}
      fields=${[...WHO_FIELDS, ...SEAT_FIELDS]}
      kept=${forForm(guest)}
      context=${{ currency: event.currency, zone }}
      save=${save}
      onSaved=${() => run(fresh)}
    />
  <//>`;
}

function forForm(guest) {
  return { ...guest, limit: guest.limit === NO_LIMIT ? null : guest.limit };
}

/** Register somebody who stands at the desk. */
export function NewGuest({ event, onClose, onAdded }) {
  const fields = [
    ...WHO_FIELDS,
    { name: "paddle", label: "Paddle", kind: "whole", hint: "Empty: the lowest free one." },
  ];
  function save(wanted) {
    return call("POST", ofEvent(event.id, "registrations"), wanted, { key: newId() });
  }
  return html`<${Dialog} title="New guest" onClose=${onClose}>
    <${EditForm}
      fields=${fields}
      kept=${{}}
      context=${{}}
      save=${save}
      yes="Register"
      done="The guest is registered."
      onSaved=${() => {
        onAdded();
        onClose();
      }}
    />
  <//>`;
}
