// Each event at a glance: how it runs, its bids a second, and how soon screens hear of them.

import { Badge } from "../parts/badge.js";
import { Button } from "../parts/button.js";
import { html } from "../render.js";
import { linePath, POINTS_MAX, sayFigure } from "./figures.js";
import { STATES } from "./states.js";

const WIDTH = 240;
const HEIGHT = 44;

/** stopped: ids of events that should run and do not. titles: of those events that are listed, by id. */
export function EventFigures({ desk, events, stopped, titles, orders }) {
  return html`<section class="stack" aria-labelledby="events">
    <h2 id="events">Events <span class="muted">(${events.length})</span></h2>
    ${events.length === 0 && stopped.length === 0 && html`<p class="muted">No event runs here.</p>`}
    <ul class="plain event-figures">
      ${events.map(
        (event) => html`<${OneEvent}
        key=${event.id}
        desk=${desk}
        event=${event}
        title=${titles.get(event.id)}
        orders=${orders}
      />`,
      )}
      ${stopped.map(
        (id) => html`<li key=${id} class="panel stack event-figure">
          <div class="spread"><${Name}
            id=${id}
            title=${titles.get(id)}
          /><${Badge}>${STATES.stopped[2]} stopped<//></div>
          <div class="row"><${Button}
            kind="primary"
            onClick=${() => orders.start(id)}
            >Start…<span class="visually-hidden"> ${id}</span><//></div>
        </li>`,
      )}
    </ul>
  </section>`;
}

function Name({ id, title }) {
  if (!title) return html`<h3>${id}</h3>`;
  return html`<h3>${title}<br /><span class="muted small">${id}</span></h3>`;
}

function OneEvent({ desk, event, title, orders }) {
  const { id, path, state, stats, restarts } = event;
  const [kind, word, mark] = STATES[state];
  const turn = desk.turn.value;
  const series = desk.series.get(id);
  const isDown = state === "stopped" || state === "failed";
  return html`<li class="panel stack event-figure" data-turn=${turn}>
    <div class="spread">
      <${Name} id=${id} title=${title} />
      <${Badge} kind=${kind}>${mark} ${word}<//>
    </div>
    ${
      series &&
      html`<${Spark} name="Bids a second" unit="" series=${series.bids} />
      <${Spark} name="Bid to screens, p99" unit="ms" series=${series.p99} />`
    }
    <dl class="facts">
      <div><dt>Mailbox</dt><dd class="figures">${stats.mailbox ?? "–"}</dd></div>
      <div><dt>Seq</dt><dd class="figures">${stats.seq ?? "–"}</dd></div>
      <div><dt>Sockets</dt><dd class="figures">${stats.connections ?? "–"}</dd></div>
      <div><dt>Restarts</dt><dd class="figures">${restarts}</dd></div>
    </dl>
    <div class="row">
      ${
        isDown
          ? html`<${Button}
            kind="primary"
            onClick=${() => (state === "failed" ? orders.restart(path) : orders.start(id))}
            >Start…<span class="visually-hidden"> ${id}</span><//>`
          : html`<${Button} onClick=${() => orders.restart(`${path}/engine`)}>Restart engine…<span class="visually-hidden"> ${id}</span><//>
            <${Button}
              kind="danger"
              onClick=${() => orders.stop(id)}
              >Stop…<span class="visually-hidden"> ${id}</span><//>`
      }
    </div>
  </li>`;
}

function Spark({ name, unit, series }) {
  const { points, newest, most } = series;
  const now = newest === null ? "–" : `${sayFigure(newest)}${unit && ` ${unit}`}`;
  const label = `${name}: ${now} now, at most ${sayFigure(most)}${unit && ` ${unit}`} in the last ${POINTS_MAX} seconds`;
  return html`<div class="spark">
    <div class="spread">
      <span class="muted small">${name}</span>
      <strong class="figures">${now}</strong>
    </div>
    <svg
      viewBox=${`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      role="img"
      aria-label=${label}
    >
      <line x1="0" x2=${WIDTH} y1=${HEIGHT - 1} y2=${HEIGHT - 1} class="spark-ground" />
      <path d=${linePath(points, WIDTH, HEIGHT, most)} class="spark-line" />
    </svg>
    <span class="muted small spark-most">most ${sayFigure(most)}${unit && ` ${unit}`}</span>
  </div>`;
}
