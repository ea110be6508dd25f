// The page `/`: which events there are, and the ways in.
//
// Owns: the list and its groups. Invariant: what is shown is what the server lists for this person;
// drafts and staff's links are for staff. Source: PROTOCOL 7.

import { readAll } from "../api.js";
import { Badge } from "../parts/badge.js";
import { Banner } from "../parts/banner.js";
import { Button } from "../parts/button.js";
import { Field } from "../parts/field.js";
import { WhoAmI } from "../parts/gate.js";
import { Bar, mount } from "../parts/shell.js";
import { html, useEffect, useState } from "../render.js";
import { loadPerson, mayAct, person } from "../session.js";
import { groupEvents, statusOf } from "./groups.js";

const GROUPS = [
  ["open", "On now"],
  ["upcoming", "Upcoming"],
  ["drafts", "Drafts"],
  ["past", "Past"],
];

function Home() {
  const [events, setEvents] = useState(null);
  const [fault, setFault] = useState(null);
  const who = person.value?.id ?? null;
  async function load() {
    setFault(null);
    try {
      if (person.value === undefined) await loadPerson();
      setEvents(await readAll("/events?limit=200", "events"));
    } catch (error) {
      setFault(error);
    }
  }
  useEffect(() => {
    load();
  }, [who]);
  return html`<${Bar} title="Saleroom"><${WhoAmI} /><//>
    ${
      fault &&
      html`<${Banner} kind="lost" role="alert">
      <span>${fault.message}</span><${Button} onClick=${load}>Try again<//>
    <//>`
    }
    <main id="main" class="page stack home">
      <div class="home-head">
        <h1>Auctions</h1>
        <${HouseLinks} />
      </div>
      <${JoinForm} />
      ${events === null ? !fault && html`<p class="loading">Loading…</p>` : html`<${Lists} events=${events} />`}
    </main>`;
}

function HouseLinks() {
  if (!person.value) return null;
  const runsSome = ["clerk", "auctioneer", "admin"].some((role) =>
    person.value.roles.includes(role),
  );
  const operates = person.value.roles.includes("operator");
  if (!runsSome && !operates) return null;
  return html`<nav class="row" aria-label="The house">
    ${runsSome && html`<a class="button" href="/admin">Administration</a>`}
    ${operates && html`<a class="button" href="/operator">Operation</a>`}
  </nav>`;
}

function JoinForm() {
  const [code, setCode] = useState("");
  function go(event) {
    event.preventDefault();
    if (code.trim()) location.assign(`/j/${encodeURIComponent(code.trim())}`);
  }
  return html`<form class="panel home-join" onSubmit=${go}>
    <${Field}
      label="The code on your card"
      hint="Such as 7KQ2M-X9RTB. Or scan the card with your phone."
      autocomplete="off"
      autocapitalize="characters"
      spellcheck=${false}
      maxlength="40"
      value=${code}
      onInput=${setCode}
    />
    <${Button} type="submit" kind="primary" disabled=${!code.trim()}>Join<//>
  </form>`;
}

function Lists({ events }) {
  if (events.length === 0) {
    const mayMake = mayAct("admin");
    return html`<div class="empty panel">
      <p>There is no event yet.</p>
      ${mayMake && html`<a class="button primary" href="/admin#/events">Make one</a>`}
    </div>`;
  }
  const groups = groupEvents(events);
  return GROUPS.filter(([name]) => groups[name].length > 0).map(
    ([name, title]) => html`<section key=${name} class="stack" aria-labelledby=${`group-${name}`}>
      <h2 id=${`group-${name}`}>${title} <span class="muted">(${groups[name].length})</span></h2>
      <ul class="plain home-events">
        ${groups[name].map((event) => html`<${EventCard} key=${event.id} event=${event} />`)}
      </ul>
    </section>`,
  );
}

function EventCard({ event }) {
  const [kind, word] = statusOf(event);
  const id = encodeURIComponent(event.id);
  const isDraft = event.status === "draft";
  const about = [whenOf(event), event.venue].filter(Boolean).join(" · ");
  const entry = event.status === "open" || event.status === "paused" ? "Enter" : "Look inside";
  return html`<li class="panel stack home-event">
    <div class="spread">
      <${Badge} kind=${kind}>${word}<//>
      ${!event.public && html`<${Badge}>Private<//>`}
    </div>
    <h3>${event.title}</h3>
    ${about && html`<p class="muted">${about}</p>`}
    ${event.description && html`<p class="home-about">${event.description}</p>`}
    <div class="row home-ways">
      ${
        !isDraft &&
        html`<a
        class="button primary"
        href=${`/e/${id}`}
        >${entry}<span class="visually-hidden"> ${event.title}</span></a>`
      }
      ${
        mayAct("clerk", event.id) &&
        html`${
          !isDraft &&
          html`<a class="button" href=${`/e/${id}/auctioneer`}>Auctioneer</a>
          <a class="button" href=${`/e/${id}/display`}>Display</a>`
        }
        <a class="button" href=${`/admin#/events/${id}`}>Manage</a>`
      }
    </div>
  </li>`;
}

function whenOf(event) {
  if (event.starts_at === null) return null;
  const shape = { dateStyle: "full", timeStyle: "short" };
  try {
    return new Intl.DateTimeFormat(event.locale ?? undefined, {
      ...shape,
      timeZone: event.time_zone ?? undefined,
    }).format(event.starts_at);
  } catch {
    return new Intl.DateTimeFormat(undefined, shape).format(event.starts_at);
  }
}

mount(html`<${Home} />`);
