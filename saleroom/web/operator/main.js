// The page `/operator`: the supervision tree as it lives, and the few things that one may do to it.
//
// Owns: the connection to the operator socket and the questions before each act. Invariant: nothing is
// asked of the server without a yes, and what became of it is said. Source: PROTOCOL 8, issue 7.

import { Questions, ask } from "../admin/ask.js";
import { readAll } from "../api.js";
import { ServerClock } from "../clock.js";
import { attend, Connection, socketUrl } from "../connection.js";
import { Badge } from "../parts/badge.js";
import { ConnectionBanner } from "../parts/banner.js";
import { Button } from "../parts/button.js";
import { Gate, WhoAmI } from "../parts/gate.js";
import { Bar, mount } from "../parts/shell.js";
import { toast } from "../parts/toast.js";
import { html, useEffect, useState } from "../render.js";
import { person, socketToken } from "../session.js";
import { Desk, TICK_MS } from "./desk.js";
import { EventFigures } from "./event_figures.js";
import { FaultLog } from "./fault_log.js";
import { eventsOf, rowsOf } from "./tree.js";
import { TreeTable } from "./tree_table.js";

const clock = new ServerClock();
const desk = new Desk(clock);
const connection = new Connection({
  url: socketUrl("/ws/v1/operator"),
  token: socketToken,
  clock,
  take: (message) => desk.take(message),
});

async function order({ title, text, yes, kind = "danger", command, done }) {
  if (!(await ask({ title, text, yes, kind }))) return;
  const answer = await connection.send(command);
  if (answer.type === "ack") toast(done, { kind: "lead" });
  else toast(`${title} It was not done: ${answer.message}.`, { kind: "lost" });
}

const ORDERS = {
  restart: (path) =>
    order({
      title: `Restart ${path}?`,
      text: "It is stopped and started again, with all that depends on it. Sockets stay open while an event restarts.",
      yes: "Restart",
      command: { type: "restart_child", path },
      done: `${path} was restarted.`,
    }),
  stop: (event) =>
    order({
      title: `Stop event ${event}?`,
      text: "No command of it is taken until it is started again; sockets stay. Its clocks stand still as in an outage.",
      yes: "Stop the event",
      command: { type: "stop_event", event },
      done: `Event ${event} is stopped.`,
    }),
  start: (event) =>
    order({
      title: `Start event ${event}?`,
      text: "It is rebuilt from its journal and takes commands again.",
      yes: "Start the event",
      kind: "primary",
      command: { type: "start_event", event },
      done: `Event ${event} is started.`,
    }),
  drain: () =>
    order({
      title: "Drain this server?",
      text: "It takes no newcomers, sends everybody away to connect again, keeps what it has, and stops. Nothing but a start brings it back.",
      yes: "Drain and stop",
      command: { type: "drain" },
      done: "The server is draining.",
    }),
};

const RUNS = ["published", "open", "paused"]; // an event of these that is not in the tree was stopped

function Operator() {
  return html`<${Bar}
      title="Operation"
      back="/"
      below=${html`<${ConnectionBanner} connection=${connection} />`}
      ><${WhoAmI} isGated /><//>
    <${Gate}
      may=${() => person.value.roles.includes("operator")}
      need="The operation is for operators."
      ><${Watch} /><//>
    <${Questions} />`;
}

function Watch() {
  useEffect(() => {
    attend(connection.start());
    const timer = setInterval(() => desk.tick(connection.status.value === "open"), TICK_MS);
    return () => {
      clearInterval(timer);
      connection.close();
    };
  }, []);
  const tree = desk.tree.value;
  return html`<main id="main" class="page stack operation">
    ${tree === null ? html`<p class="loading">Connecting…</p>` : html`<${Whole} tree=${tree} />`}
  </main>`;
}

function Whole({ tree }) {
  const nodes = rowsOf(tree).map(({ node }) => node);
  const running = nodes.filter(({ state }) => state === "running").length;
  const failed = nodes.filter(({ state }) => state === "failed").length;
  const restarts = nodes.reduce((sum, node) => sum + node.restarts, 0);
  const isLive = connection.status.value === "open";
  const events = eventsOf(tree);
  const ids = events.map(({ id }) => id).join(" ");
  const [listed, setListed] = useState([]);
  useEffect(() => {
    readAll("/events?limit=200", "events").then(setListed, (error) =>
      toast(error.message, { kind: "lost" }),
    );
  }, [ids]);
  const titles = new Map(listed.map(({ id, title }) => [id, title]));
  const isHere = new Set(events.map(({ id }) => id));
  const stopped = listed
    .filter(({ id, status }) => RUNS.includes(status) && !isHere.has(id))
    .map(({ id }) => id);
  return html`<div class="spread operation-head">
      <div class="row">
        <h1>Supervision</h1>
        ${isLive ? html`<${Badge} kind="lead">● Live<//>` : html`<${Badge} kind="lost">✕ Not live<//>`}
        <${Badge} kind=${failed ? "lost" : ""}>${failed ? `${failed} failed` : "none failed"}<//>
        <${Badge}>${running} of ${nodes.length} running<//>
        <${Badge} kind=${restarts ? "warn" : ""}>${restarts} ${restarts === 1 ? "restart" : "restarts"}<//>
      </div>
      <${Button} kind="danger" onClick=${ORDERS.drain}>Drain…<//>
    </div>
    <${EventFigures}
      desk=${desk}
      events=${events}
      stopped=${stopped}
      titles=${titles}
      orders=${ORDERS}
    />
    <${TreeTable} tree=${tree} clock=${clock} orders=${ORDERS} />
    <${FaultLog} faults=${desk.faults.value} />`;
}

mount(html`<${Operator} />`);
