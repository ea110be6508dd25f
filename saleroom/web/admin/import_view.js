// A table of lots or guests: checked row by row, and then taken over whole or not at all.
//
// Owns: one import from the file to its confirmation. Invariant: nothing is taken over that was not
// shown first; a report with problems cannot be confirmed. Source: PROTOCOL 7, decision 0010.

import { call } from "../api.js";
import { formatMoney } from "../money.js";
import { Badge } from "../parts/badge.js";
import { Button } from "../parts/button.js";
import { Select } from "../parts/field.js";
import { Table } from "../parts/table.js";
import { html, useId, useState } from "../render.js";
import { ofEvent, useDoing } from "./doing.js";
import { TABLE_BYTES_MAX } from "./limits.js";
import { hashOf } from "./route.js";
import { upload } from "./uploads.js";

const KINDS = [
  ["lots", "Lots"],
  ["registrations", "Guests"],
];
const CONFIRM_MS = 60_000;

export function ImportView({ event }) {
  const [report, setReport] = useState(null);
  return html`<h2>Import a table</h2>
    ${
      report === null
        ? html`<${Choose} event=${event} onReport=${setReport} />`
        : html`<${Report} event=${event} report=${report} setReport=${setReport} />`
    }`;
}

function Choose({ event, onReport }) {
  const [kind, setKind] = useState("lots");
  const [file, setFile] = useState(null);
  const [fault, setFault] = useState(null);
  const [share, setShare] = useState(null);
  const id = useId();
  const path = ofEvent(event.id, "imports");

  async function check(submitted) {
    submitted.preventDefault();
    if (file.size > TABLE_BYTES_MAX) {
      setFault("It has at most 5 MiB.");
      return;
    }
    const form = new FormData();
    form.append("kind", kind);
    form.append("file", file);
    setShare(0);
    setFault(null);
    try {
      onReport(await upload(path, form, setShare));
    } catch (error) {
      if (error.code === undefined) throw error;
      setFault(error.message);
    } finally {
      setShare(null);
    }
  }

  return html`<form class="panel stack" onSubmit=${check}>
    <p>
      CSV, a workbook (XLSX) or JSON, of at most 2000 rows. It is checked first, row by row; nothing is
      written before you confirm.
    </p>
    <div class="tools">
      <${Select} label="What it holds" value=${kind} options=${KINDS} onInput=${setKind} />
      <div class="row">
        <a
          class="button"
          href=${`/api/v1${path}/template.csv?kind=${kind}`}
          download
          >Template, CSV</a>
        <a
          class="button"
          href=${`/api/v1${path}/template.xlsx?kind=${kind}`}
          download
          >Template, XLSX</a>
      </div>
    </div>
    <div class="field drop">
      <label for=${id}>The file</label>
      <input
        id=${id}
        class="input"
        type="file"
        accept=".csv,.xlsx,.json"
        aria-invalid=${fault ? "true" : undefined}
        aria-describedby=${fault ? `${id}-fault` : undefined}
        onChange=${(chosen) => {
          setFile(chosen.target.files[0] ?? null);
          setFault(null);
        }}
      />
      ${fault && html`<span id=${`${id}-fault`} class="fault" role="alert">${fault}</span>`}
    </div>
    <div><${Button}
      type="submit"
      kind="primary"
      isBusy=${share !== null}
      disabled=${file === null}
      >Check it<//></div>
  </form>`;
}

function Report({ event, report, setReport }) {
  const [isBusy, run] = useDoing();
  const path = ofEvent(event.id, "imports", report.id);
  const isDone = report.status === "confirmed";
  const word = report.kind === "lots" ? "lots" : "guests";
  async function confirm() {
    await run(async () =>
      setReport(await call("POST", `${path}/confirm`, undefined, { timeoutMs: CONFIRM_MS })),
    );
  }
  async function drop() {
    if (await run(() => call("DELETE", path))) setReport(null);
  }
  if (isDone) {
    return html`<section class="panel stack" role="status">
      <h3>${report.added} ${word} added</h3>
      ${report.skipped > 0 && html`<p>${report.skipped} were there already and were left out.</p>`}
      <div class="row">
        <a
          class="button primary"
          href=${hashOf(report.kind === "lots" ? "lots" : "guests", event.id)}
          >Look at them</a>
        <${Button} onClick=${() => setReport(null)}>Import another table<//>
      </div>
    </section>`;
  }
  const isBad = report.problem_count > 0;
  return html`<section class="panel stack" aria-labelledby="report">
      <h3 id="report" tabindex="-1">What was found</h3>
      <div class="row" role="status">
        <${Badge}>${report.rows} rows<//>
        <${Badge} kind="lead">${report.additions} to add<//>
        ${report.duplicate_count > 0 && html`<${Badge} kind="info">${report.duplicate_count} there already<//>`}
        ${isBad && html`<${Badge} kind="lost">${report.problem_count} ${report.problem_count === 1 ? "problem" : "problems"}<//>`}
      </div>
      <p>
        ${
          isBad
            ? "Mend these cells in your table, and check it again. Nothing has been written."
            : `Nothing has been written yet. Confirm to add ${report.additions} ${word}, all of them or none.`
        }
      </p>
      <div class="row">
        ${
          !isBad &&
          html`<${Button}
          kind="primary"
          isBusy=${isBusy}
          disabled=${report.additions === 0}
          onClick=${confirm}
          >Add ${report.additions} ${word}<//>`
        }
        <${Button}
          disabled=${isBusy}
          onClick=${drop}
          >${isBad ? "Check another file" : "Leave it"}<//>
      </div>
    </section>
    ${
      isBad &&
      html`<section class="panel stack" aria-labelledby="problems">
      <h3 id="problems">Problems</h3>
      <${Table}
        caption="Each problem"
        columns=${PROBLEMS}
        rows=${report.problems}
        keyOf=${(row) => `${row.row} ${row.column} ${row.code}`}
      />
      ${report.problem_count > report.problems.length && html`<p class="muted">And ${report.problem_count - report.problems.length} more.</p>`}
    </section>`
    }
    ${
      report.duplicates.length > 0 &&
      html`<section class="panel stack" aria-labelledby="doubles">
      <h3 id="doubles">There already</h3>
      <p class="muted">These rows are left out.</p>
      <${Table}
        caption="Rows that are there already"
        columns=${DOUBLES}
        rows=${report.duplicates}
        keyOf=${(row) => row.row}
      />
    </section>`
    }
    ${
      report.preview.length > 0 &&
      html`<section class="panel stack" aria-labelledby="preview">
      <h3 id="preview">The first of those to add</h3>
      <${Table}
        caption="Rows to add"
        columns=${previewColumns(event, report.kind)}
        rows=${report.preview}
        keyOf=${(row) => row.row}
      />
    </section>`
    }
    <section class="panel stack" aria-labelledby="columns">
      <h3 id="columns">Columns</h3>
      <${Table}
        caption="Each column"
        columns=${COLUMNS}
        rows=${report.columns}
        keyOf=${(row) => row.column}
      />
    </section>`;
}

const PROBLEMS = [
  { key: "row", label: "Row", isNumber: true },
  { key: "column", label: "Column" },
  { key: "text", label: "What is wrong" },
];
const DOUBLES = [
  { key: "row", label: "Row", isNumber: true },
  { key: "of", label: "The same as", cell: ({ of }) => sameAs(of) },
];
const COLUMNS = [
  { key: "column", label: "In the table" },
  {
    key: "field",
    label: "Taken for",
    cell: ({ field }) => field ?? html`<span class="muted">left alone</span>`,
  },
];

function sameAs({ lot, paddle, row }) {
  if (lot) return `Lot ${lot}`;
  return paddle ? `Paddle ${paddle}` : `Row ${row}`;
}

function previewColumns(event, kind) {
  const row = { key: "row", label: "Row", isNumber: true };
  if (kind === "lots") {
    return [
      row,
      { key: "lot", label: "Lot", isNumber: true },
      { key: "title", label: "Title", cell: ({ fields }) => fields.title },
      { key: "mode", label: "Mode", cell: ({ fields }) => fields.mode },
      {
        key: "opening",
        label: "Opening",
        isNumber: true,
        cell: ({ fields }) => formatMoney(fields.opening, event.currency),
      },
    ];
  }
  return [
    row,
    { key: "paddle", label: "Paddle", isNumber: true },
    { key: "name", label: "Name" },
    { key: "table", label: "Table" },
    { key: "email", label: "E-mail" },
  ];
}
