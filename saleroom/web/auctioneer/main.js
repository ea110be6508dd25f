// The desk of an event's auctioneer and clerks.
//
// Owns: who is let in, and what others are told. Invariant: the desk is drawn for staff of this
// event alone, as the server names their role. Must not know: what the desk does. Source: issue 7.

import { openEvent } from "../house/event_line.js";
import { isSignedIn, loadPerson, mayAct, person } from "../session.js";
import { ConnectionBanner } from "../parts/banner.js";
import { SignInForm } from "../parts/gate.js";
import { Bar, mount, pathParts } from "../parts/shell.js";
import { html, signal } from "../render.js";
import { Desk } from "./desk.js";
import { Console } from "./console.js";

const [, id] = pathParts();
const desk = signal(null);
const failure = signal(null);

if (new URLSearchParams(location.search).get("view") === "rostrum") {
  location.replace(`/e/${encodeURIComponent(id)}/rostrum`);
}

async function start() {
  failure.value = null;
  try {
    await loadPerson();
  } catch (error) {
    failure.value = error.message;
    return;
  }
  if (mayAct("clerk", id)) desk.value = new Desk(openEvent(id, "full")).start();
}

function Outside() {
  if (failure.value !== null) {
    return html`<p>${failure.value}</p>
      <button type="button" class="button primary" onClick=${start}>Try again</button>`;
  }
  if (person.value === undefined) return html`<p class="loading">Loading…</p>`;
  const donorPage = `/e/${encodeURIComponent(id)}`;
  if (!isSignedIn.value) {
    return html`<div class="panel stack">
      <h1>Sign in to the desk</h1>
      <p class="muted">Auctioneers and clerks run the sale from here.</p>
      <${SignInForm} onDone=${start} />
      <p class="small"><a href=${donorPage}>To the auction, as a donor</a></p>
    </div>`;
  }
  return html`<h1>This desk is for the house</h1>
    <p>
      You are signed in as ${person.value.name}, who may bid here but not run the sale. Only
      auctioneers and clerks of this event may; an administrator can give you that right.
    </p>
    <p><a class="button primary" href=${donorPage}>To the auction</a></p>`;
}

function Page() {
  if (desk.value === null) {
    return html`<${Bar} title="Auctioneer" back="/" />
      <main id="main" class="page narrow stack"><${Outside} /></main>`;
  }
  const { store, connection } = desk.value;
  if (!store.isKnown.value) {
    return html`<${Bar} title="Auctioneer" back="/" />
      <${ConnectionBanner} connection=${connection} />
      <main id="main" class="loading">Loading the sale…</main>`;
  }
  return html`<${Console} desk=${desk.value} />`;
}

mount(html`<${Page} />`);
start();
