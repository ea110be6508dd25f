// Tables. columns: `[{key, label, isNumber?, cell?(row)}]`; rows: objects with a `key`, or `keyOf`.

import { html } from "../render.js";

export function Table({
  caption,
  columns,
  rows,
  keyOf = (row) => row.key,
  empty = "Nothing yet.",
}) {
  if (rows.length === 0) return html`<p class="empty">${empty}</p>`;
  return html`<div class="table-wrap" tabindex="0" role="region" aria-label=${caption}>
    <table class="table">
      <caption class="visually-hidden">${caption}</caption>
      <thead>
        <tr>
          ${columns.map(
            ({ key, label, isNumber }) =>
              html`<th key=${key} scope="col" class=${isNumber ? "number" : undefined}>${label}</th>`,
          )}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (row) => html`<tr key=${keyOf(row)}>
            ${columns.map(
              ({
                key,
                isNumber,
                cell,
              }) => html`<td key=${key} class=${isNumber ? "number" : undefined}>
                ${cell ? cell(row) : row[key]}
              </td>`,
            )}
          </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}
