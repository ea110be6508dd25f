// The tree itself: every child with its state in a word and a colour, and why it fell.

import { formatRemaining } from "../countdown.js";
import { Badge } from "../parts/badge.js";
import { Button } from "../parts/button.js";
import { html } from "../render.js";
import { STATES, statsOf } from "./states.js";
import { nameOf, rowsOf } from "./tree.js";

export function TreeTable({ tree, clock, orders }) {
  const rows = rowsOf(tree);
  return html`<section class="stack" aria-labelledby="tree">
    <h2 id="tree">Tree <span class="muted">(${rows.length})</span></h2>
    <div class="panel sheet">
      <div class="table-wrap" tabindex="0" role="region" aria-label="The supervision tree">
        <table class="table tree">
          <caption class="visually-hidden">The supervision tree</caption>
          <thead>
            <tr>
              <th scope="col">Child</th>
              <th scope="col" class="wide-only">State</th>
              <th scope="col" class="number wide-only">Since</th>
              <th scope="col" class="number wide-only">Restarts</th>
              <th scope="col" class="wide-only">Figures</th>
              <th scope="col"><span class="visually-hidden">Actions</span></th>
            </tr>
          </thead>
          <tbody>
            ${rows.map(
              ({ node, depth }) => html`<${Row}
              key=${node.path}
              node=${node}
              depth=${depth}
              now=${clock.now()}
              orders=${orders}
            />`,
            )}
          </tbody>
        </table>
      </div>
    </div>
  </section>`;
}

function Row({ node, depth, now, orders }) {
  const [kind, word, mark] = STATES[node.state];
  const { path, restarts, last_error: error, strategy } = node;
  const indent = { paddingInlineStart: `${depth * 1.25}rem` };
  const figures = html`<div class="tree-stats">
    ${statsOf(node).map(([name, value]) => html`<span key=${name}><span class="muted">${name}</span> ${value}</span>`)}
  </div>`;
  const state = html`<${Badge} kind=${kind}>${mark} ${word}<//>`;
  return html`<tr class=${`state-${node.state}`}>
    <td>
      <div class="tree-name" style=${indent}>
        <strong>${nameOf(path)}</strong>
        <span class="muted small">${strategy ? strategy.replaceAll("_", " ") : node.kind === "pool" ? "pool" : ""}</span>
      </div>
      ${error && html`<div class="tree-error small" style=${indent}>! ${error}</div>`}
      <div class="name-more small" style=${indent}>
        ${state} ${restarts > 0 && html`<span>${restarts} ${restarts === 1 ? "restart" : "restarts"}</span>`}${figures}
      </div>
    </td>
    <td class="wide-only">${state}</td>
    <td class="number wide-only">${formatRemaining(Math.max(0, now - node.since))}</td>
    <td class="number wide-only">${restarts}</td>
    <td class="small tree-figures wide-only">${figures}</td>
    <td>
      ${
        depth > 0 &&
        html`<${Button}
        kind="quiet"
        onClick=${() => orders.restart(path)}
        >Restart…<span class="visually-hidden"> ${path}</span><//>`
      }
    </td>
  </tr>`;
}
