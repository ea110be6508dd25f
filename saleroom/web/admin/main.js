// The page `/admin`: one page for everything that an event is prepared and settled with.
//
// Owns: where one is, the event that is looked at, and the ways between places. Invariant: what is
// drawn is what the person's roles allow; the server decides again. Source: PROTOCOL 7, issue 7.

import { call } from "../api.js";
import { statusOf } from "../home/groups.js";
import { Badge } from "../parts/badge.js";
import { Button } from "../parts/button.js";
import { Gate, WhoAmI } from "../parts/gate.js";
import { Bar, mount } from "../parts/shell.js";
import { html, signal, useEffect, useRef, useState } from "../render.js";
import { mayAct, person } from "../session.js";
import { AccountsView } from "./accounts_view.js";
import { Questions } from "./ask.js";
import { AuditView } from "./audit_view.js";
import { CodesView } from "./codes_view.js";
import { ofEvent } from "./doing.js";
import { EventsView } from "./events_view.js";
import { GuestsView } from "./guests_view.js";
import { HeadingsView } from "./headings_view.js";
import { ImportView } from "./import_view.js";
import { JournalView } from "./journal_view.js";
import { LotsView } from "./lots_view.js";
import { MessagesView } from "./messages_view.js";
import { MoneyView } from "./money_view.js";
import { OverviewView } from "./overview_view.js";
import { ResultsView } from "./results_view.js";
import { hashOf, readRoute } from "./route.js";
import { SandboxView } from "./sandbox_view.js";

const STAFF = ["clerk", "auctioneer", "admin"];
const route = signal(readRoute(location.hash));
window.addEventListener("hashchange", () => {
  route.value = readRoute(location.hash);
});

/** {place: [its name, the least role, its view]}. */
const WHOLE = {
  events: ["Events", "clerk", EventsView],
  accounts: ["Accounts", "admin", AccountsView],
  messages: ["Messages", "admin", MessagesView],
  sandbox: ["Sandbox", "admin", SandboxView],
  audit: ["Audit", "admin", AuditView],
};
const OF_EVENT = {
  overview: ["Overview", "clerk", OverviewView],
  lots: ["Lots", "clerk", LotsView],
  headings: ["Categories, givers", "admin", HeadingsView],
  import: ["Import", "admin", ImportView],
  guests: ["Guests, check-in", "clerk", GuestsView],
  codes: ["Join codes", "clerk", CodesView],
  results: ["Results", "clerk", ResultsView],
  money: ["Money", "clerk", MoneyView],
  audit: ["Audit", "admin", AuditView],
  journal: ["Journal", "admin", JournalView],
};

function Admin() {
  const { view, event } = route.value;
  return html`<${Bar}
    title=${html`<a href=${hashOf("events")}>Administration</a>`}
    back="/"
    ><${WhoAmI} isGated /><//>
    <${Gate} may=${isStaff} need="The administration is for the house.">
      <div class="office">
        <${Places}
          places=${WHOLE}
          event=${null}
          view=${event === null ? view : null}
          label="Administration"
        />
        <main id="main" class="office-place">
          ${event === null ? html`<${Place} place=${WHOLE[view]} />` : html`<${EventPlace} key=${event} id=${event} />`}
        </main>
      </div>
    <//>
    <${Questions} />`;
}

function isStaff() {
  return STAFF.some((role) => person.value.roles.includes(role));
}

function Places({ places, event, view, label }) {
  const shown = Object.entries(places).filter(
    ([, [, role]]) => mayAct(role, event) || role === "clerk",
  );
  const nav = useRef(null);
  useEffect(() => {
    nav.current
      .querySelector("[aria-current]")
      ?.scrollIntoView({ block: "nearest", inline: "center" });
  }, [view]);
  return html`<nav class="places" aria-label=${label} ref=${nav}>
    <ul class="plain">
      ${shown.map(
        ([name, [title]]) => html`<li key=${name}>
          <a
            href=${hashOf(name, event)}
            aria-current=${name === view ? "page" : undefined}
            >${title}</a>
        </li>`,
      )}
    </ul>
  </nav>`;
}

function Place({ place: [title, role, View], ...rest }) {
  const { view, event, item } = route.value;
  useEffect(() => {
    document.title = `${title} · Administration · Saleroom`;
    window.scrollTo(0, 0);
  }, [view, event, item]);
  if (event !== null && !mayAct(role, event))
    return html`<p class="empty panel">This is not for your account.</p>`;
  if (event === null && role === "admin" && !mayAct(role))
    return html`<p class="empty panel">This is for admins.</p>`;
  return html`<div class="office-main stack"><${View} key=${view} item=${item} ...${rest} /></div>`;
}

function EventPlace({ id }) {
  const [event, setEvent] = useState(null);
  const [fault, setFault] = useState(null);
  async function reload() {
    setFault(null);
    try {
      setEvent(await call("GET", ofEvent(id)));
    } catch (error) {
      setFault(error);
    }
  }
  useEffect(() => {
    reload();
  }, [id]);
  if (fault) {
    return html`<p role="alert">${fault.message}</p>
      <div class="row"><${Button} onClick=${reload}>Try again<//><a
        class="button"
        href=${hashOf("events")}
        >To the events</a></div>`;
  }
  if (event === null) return html`<p class="loading">Loading…</p>`;
  const [kind, word] = statusOf(event);
  const { view } = route.value;
  return html`<div class="office-head">
      <h1>${event.title}</h1>
      <${Badge} kind=${kind}>${word}<//>
    </div>
    <${Places} places=${OF_EVENT} event=${id} view=${view} label="This event" />
    <${Place} place=${OF_EVENT[view]} event=${event} onChange=${setEvent} reload=${reload} />`;
}

mount(html`<${Admin} />`);
