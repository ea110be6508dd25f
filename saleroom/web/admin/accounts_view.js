// Accounts: who there is, what they may do and where, and the ways to stop somebody.
//
// Invariant: nobody changes their own rights here, and nothing is taken away without a question.

import { call, readAll } from "../api.js";
import { Badge } from "../parts/badge.js";
import { Button } from "../parts/button.js";
import { Dialog } from "../parts/dialog.js";
import { Check, Field, Select } from "../parts/field.js";
import { Table } from "../parts/table.js";
import { html, useEffect, useState } from "../render.js";
import { person } from "../session.js";
import { ask } from "./ask.js";
import { useDoing } from "./doing.js";
import { More, queryOf, useList, useRested } from "./lists.js";
import { sayMoment, zoneOf } from "./moments.js";

const ROLES = [
  ["donor", "Donor", "Bids for themself."],
  ["clerk", "Clerk", "Keys in bids, checks guests in."],
  ["auctioneer", "Auctioneer", "Runs the room, opens and closes events."],
  ["admin", "Admin", "Prepares events, changes what people may do."],
  ["operator", "Operator", "Watches and restarts the server itself."],
];
const STAFF = ["clerk", "auctioneer", "admin"];

export function AccountsView() {
  const [typed, setTyped] = useState("");
  const [role, setRole] = useState("");
  const [opened, setOpened] = useState(null);
  const sought = useRested(typed.trim());
  const list = useList(`/accounts?${queryOf({ q: sought, role, limit: 50 })}`, "accounts");
  const columns = [
    {
      key: "name",
      label: "Name",
      cell: (row) =>
        html`<button
          type="button"
          class="link-button"
          onClick=${() => setOpened(row)}
          >${row.name ?? row.email ?? "No name"}</button>`,
    },
    {
      key: "email",
      label: "E-mail",
      cell: (row) => row.email ?? html`<span class="muted">Guest</span>`,
    },
    {
      key: "roles",
      label: "Roles",
      cell: (row) =>
        html`<span class="row">${row.roles.map(
          (each) => html`<${Badge}
          key=${each}
          kind=${each === "donor" ? "" : "info"}
          >${roleName(each)}<//>`,
        )}</span>`,
    },
    { key: "events", label: "Events", cell: (row) => sayEvents(row) },
    {
      key: "state",
      label: "State",
      cell: (row) =>
        row.disabled
          ? html`<${Badge} kind="lost">Disabled<//>`
          : html`<${Badge} kind="lead">Active<//>`,
    },
    { key: "created_at", label: "Since", cell: (row) => sayMoment(row.created_at, zoneOf(null)) },
  ];
  return html`<h1>Accounts</h1>
    <div class="tools">
      <${Field} type="search" label="Name or e-mail" value=${typed} onInput=${setTyped} />
      <${Select}
        label="Role"
        value=${role}
        options=${[["", "All roles"], ...ROLES.map(([key, name]) => [key, name])]}
        onInput=${setRole}
      />
    </div>
    ${
      (list.rows.length > 0 || !list.isLoading) &&
      html`<div class="panel sheet">
      <${Table}
        caption="Accounts"
        columns=${columns}
        rows=${list.rows}
        keyOf=${(row) => row.id}
        empty="Nobody is found."
      />
    </div>`
    }
    <${More} list=${list} />
    ${
      opened &&
      html`<${Rights} account=${opened} onClose=${() => setOpened(null)} onChange=${(row) => {
        list.replace(row);
        setOpened(row);
      }} />`
    }`;
}

function roleName(role) {
  return ROLES.find(([key]) => key === role)[1];
}

function sayEvents({ events, roles }) {
  if (!roles.some((role) => STAFF.includes(role))) return "–";
  if (events === null) return "All";
  return events.length === 1 ? "1 event" : `${events.length} events`;
}

function Rights({ account, onChange, onClose }) {
  const [roles, setRoles] = useState(account.roles);
  const [events, setEvents] = useState(account.events);
  const [known, setKnown] = useState([]);
  const [isBusy, run] = useDoing();
  const isOwn = account.id === person.value.id;
  const path = `/accounts/${encodeURIComponent(account.id)}`;
  useEffect(() => {
    run(async () => setKnown(await readAll("/events?limit=200", "events")));
  }, []);

  async function change(changes, done) {
    await run(async () => onChange(await call("PATCH", path, changes)), done);
  }

  async function disable() {
    const text =
      "They are signed out everywhere, and cannot sign in again until you enable the account.";
    if (await ask({ title: "Disable this account?", text, yes: "Disable" }))
      await change({ disabled: true }, "The account is disabled.");
  }

  async function signOut() {
    const text = "On every device, at once. They may sign in again.";
    if (await ask({ title: "Sign them out everywhere?", text, yes: "Sign out" })) {
      await run(() => call("POST", `${path}/sign-out`), "They are signed out.");
    }
  }

  async function erase() {
    const text =
      "Their name, address and phone are erased for good, in every event. Bids stay, under their paddle. This cannot be taken back.";
    const wants = { label: "Type ERASE to go on", isRequired: true };
    const said = await ask({ title: "Erase this person?", text, yes: "Erase", wants });
    if (said !== "ERASE") return;
    if (await run(() => call("POST", `${path}/erase`), "The person is erased.")) {
      onChange(await call("GET", path));
      onClose();
    }
  }

  function narrow(id, isOn) {
    setEvents((now) => (isOn ? [...(now ?? []), id] : now.filter((each) => each !== id)));
  }

  const isStaff = roles.some((role) => STAFF.includes(role));
  return html`<${Dialog} title=${account.name ?? account.email ?? "Account"} onClose=${onClose}>
    <p class="muted">${account.email ?? "A guest, who joined with a code."}${account.email && !account.verified ? " (not confirmed)" : ""}</p>
    ${isOwn && html`<p>These are your own rights; another admin may change them.</p>`}
    <form
      class="stack"
      onSubmit=${(event) => {
        event.preventDefault();
        change(
          { roles, events: isStaff ? events : null },
          "The rights are changed; they hold at once.",
        );
      }}
    >
      <fieldset disabled=${isOwn}>
        <legend class="field-label">Roles</legend>
        ${ROLES.map(
          ([key, name, about]) => html`<${Check}
            key=${key}
            checked=${roles.includes(key)}
            onInput=${(isOn) => setRoles((now) => (isOn ? [...now, key] : now.filter((each) => each !== key)))}
            >${name}<span class="muted small"> ${about}</span><//
          >`,
        )}
      </fieldset>
      ${
        isStaff &&
        html`<fieldset disabled=${isOwn}>
        <legend class="field-label">Events</legend>
        <${Check}
          checked=${events === null}
          onInput=${(isOn) => setEvents(isOn ? null : [])}
          >All events<//>
        ${
          events !== null &&
          known.map(
            (event) =>
              html`<${Check}
                key=${event.id}
                checked=${events.includes(event.id)}
                onInput=${(isOn) => narrow(event.id, isOn)}
                >${event.title}<//>`,
          )
        }
      </fieldset>`
      }
      <div class="row"><${Button}
        type="submit"
        kind="primary"
        isBusy=${isBusy}
        disabled=${isOwn || roles.length === 0}
        >Save the rights<//></div>
    </form>
    ${
      !isOwn &&
      html`<div class="row danger-row">
      ${
        account.disabled
          ? html`<${Button}
            isBusy=${isBusy}
            onClick=${() => change({ disabled: false }, "The account is enabled.")}
            >Enable<//>`
          : html`<${Button} kind="danger" isBusy=${isBusy} onClick=${disable}>Disable<//>`
      }
      <${Button} isBusy=${isBusy} onClick=${signOut}>Sign out everywhere<//>
      <${Button} kind="danger" isBusy=${isBusy} onClick=${erase}>Erase…<//>
    </div>`
    }
  <//>`;
}
