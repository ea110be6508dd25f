// What lots stand under, and who gave them: categories and givers.

import { call } from "../api.js";
import { Badge } from "../parts/badge.js";
import { Button, IconButton } from "../parts/button.js";
import { Dialog } from "../parts/dialog.js";
import { Field } from "../parts/field.js";
import { Table } from "../parts/table.js";
import { html, useEffect, useState } from "../render.js";
import { ask } from "./ask.js";
import { ofEvent, useDoing } from "./doing.js";
import { EditForm } from "./form.js";
import { More, useList } from "./lists.js";
import { moved } from "./moving.js";

export function HeadingsView({ event }) {
  return html`<${Categories} event=${event.id} /><${Donors} event=${event.id} />`;
}

function Categories({ event }) {
  const [rows, setRows] = useState(null);
  const [name, setName] = useState("");
  const [fault, setFault] = useState(null);
  const [isBusy, run] = useDoing();
  const path = ofEvent(event, "categories");
  const load = () => run(async () => setRows((await call("GET", path)).categories));
  useEffect(() => {
    load();
  }, [event]);

  async function add(submitted) {
    submitted.preventDefault();
    setFault(null);
    try {
      const made = await call("POST", path, { name: name.trim() });
      setRows((now) => [...now, made]);
      setName("");
    } catch (error) {
      if (error.code === undefined) throw error;
      setFault(error.message);
    }
  }

  async function rename(row) {
    const wants = { label: "Name", value: row.name, isRequired: true };
    const said = await ask({
      title: "Rename the category",
      text: "Its lots stand under the new name.",
      yes: "Rename",
      kind: "primary",
      wants,
    });
    if (said === false) return;
    await run(async () => {
      const made = await call("PATCH", `${path}/${row.id}`, { version: row.version, name: said });
      setRows((now) => now.map((each) => (each.id === row.id ? made : each)));
    });
  }

  async function remove(row) {
    const text = "A category that lots stand under cannot be removed.";
    if (!(await ask({ title: `Remove “${row.name}”?`, text, yes: "Remove" }))) return;
    if (await run(() => call("DELETE", `${path}/${row.id}`)))
      setRows((now) => now.filter(({ id }) => id !== row.id));
  }

  async function place(from, to) {
    const before = rows;
    const wanted = moved(rows, from, to);
    setRows(wanted);
    const categories = wanted.map(({ id }) => id);
    if (!(await run(() => call("PUT", `${path}/order`, { categories })))) setRows(before);
  }

  return html`<section class="panel stack" aria-labelledby="categories">
    <h2 id="categories">Categories</h2>
    <form class="tools" onSubmit=${add}>
      <${Field}
        label="New category"
        maxlength="100"
        value=${name}
        fault=${fault}
        onInput=${setName}
      />
      <${Button} type="submit" disabled=${!name.trim()}>Add<//>
    </form>
    ${rows !== null && rows.length === 0 && html`<p class="muted">There is none yet.</p>`}
    <ol class="plain headings">
      ${(rows ?? []).map(
        (row, index) => html`<li key=${row.id} class="spread">
          <span>${row.name}</span>
          <span class="row">
            <${IconButton}
              icon="back"
              class="turned"
              label=${`Move ${row.name} up`}
              disabled=${isBusy || index === 0}
              onClick=${() => place(index, index - 1)}
            />
            <${IconButton}
              icon="next"
              class="turned"
              label=${`Move ${row.name} down`}
              disabled=${isBusy || index === rows.length - 1}
              onClick=${() => place(index, index + 1)}
            />
            <${Button} onClick=${() => rename(row)}>Rename<span class="visually-hidden"> ${row.name}</span><//>
            <${IconButton}
              icon="close"
              label=${`Remove ${row.name}`}
              disabled=${isBusy}
              onClick=${() => remove(row)}
            />
          </span>
        </li>`,
      )}
    </ol>
  </section>`;
}

const DONOR_FIELDS = [
  { name: "name", label: "Name", kind: "text", isRequired: true, isWide: true, most: 200 },
  { name: "hidden", label: "Hidden: the name is for the house alone", kind: "flag", isWide: true },
  { name: "contact", label: "Contact", kind: "text", most: 500 },
  { name: "email", label: "E-mail", kind: "text", most: 254 },
  { name: "phone", label: "Phone", kind: "text", most: 32 },
];

function Donors({ event }) {
  const path = ofEvent(event, "donors");
  const list = useList(`${path}?limit=100`, "donors");
  const [edited, setEdited] = useState(null);
  const [, run] = useDoing();
  async function remove(row) {
    const text = "A giver whom lots name cannot be removed.";
    if (!(await ask({ title: `Remove ${row.name}?`, text, yes: "Remove" }))) return;
    if (await run(() => call("DELETE", `${path}/${row.id}`), "Removed.")) list.reload();
  }
  function save(changes, version) {
    if (version === undefined) return call("POST", path, changes);
    return call("PATCH", `${path}/${edited.id}`, { ...changes, version });
  }
  const columns = [
    {
      key: "name",
      label: "Name",
      cell: (row) =>
        html`<button
          type="button"
          class="link-button"
          onClick=${() => setEdited(row)}
          >${row.name}</button>`,
    },
    {
      key: "hidden",
      label: "Shown",
      cell: (row) => (row.hidden ? html`<${Badge} kind="warn">Hidden<//>` : "By name"),
    },
    {
      key: "contact",
      label: "Contact",
      cell: (row) => [row.contact, row.email, row.phone].filter(Boolean).join(", ") || "–",
    },
    {
      key: "remove",
      label: html`<span class="visually-hidden">Actions</span>`,
      cell: (row) =>
        html`<${IconButton}
          icon="close"
          label=${`Remove ${row.name}`}
          onClick=${() => remove(row)}
        />`,
    },
  ];
  return html`<section class="panel stack" aria-labelledby="givers">
    <div class="spread">
      <h2 id="givers">Givers of lots</h2>
      <${Button} onClick=${() => setEdited({ hidden: false })}>Add<span class="visually-hidden"> a giver</span><//>
    </div>
    ${
      (list.rows.length > 0 || !list.isLoading) &&
      html`<${Table}
        caption="Givers, by name"
        columns=${columns}
        rows=${list.rows}
        keyOf=${(row) => row.id}
        empty="There is none yet."
      />`
    }
    <${More} list=${list} />
    ${
      edited &&
      html`<${Dialog} title=${edited.id ? "A giver" : "New giver"} onClose=${() => setEdited(null)}>
      <${EditForm}
        fields=${DONOR_FIELDS}
        kept=${edited}
        context=${{}}
        save=${save}
        current=${edited.id ? () => call("GET", `${path}/${edited.id}`) : null}
        onSaved=${() => {
          setEdited(null);
          list.reload();
        }}
      />
    <//>`
    }
  </section>`;
}
