// The console: the desk's page, put together.
//
// Owns: the places of its parts. Invariant: on a wide screen all of it is seen at once, and only
// lists scroll. Must not know: what an action sends.

import { Banner, ConnectionBanner } from "../parts/banner.js";
import { Button } from "../parts/button.js";
import { ThemeSwitch } from "../parts/shell.js";
import { html, useLayoutEffect } from "../render.js";
import { person } from "../session.js";
import { Dialogs } from "./dialogs.js";
import { Given } from "./given.js";
import { press } from "./keyboard.js";
import { KeyMap } from "./key_map.js";
import { Log } from "./log.js";
import { PledgePanel } from "./pledge_panel.js";
import { Presence } from "./presence.js";
import { Ring } from "./ring.js";
import { RunningOrder } from "./running_order.js";

const STATUS = {
  published: "not open",
  open: "open",
  paused: "paused",
  closed: "closed",
  draft: "draft",
};

export function Console({ desk }) {
  useLayoutEffect(() => {
    const listener = (event) => press(desk, event);
    document.addEventListener("keydown", listener);
    return () => document.removeEventListener("keydown", listener);
  }, []);
  return html`<div class="console">
    <${Head} desk=${desk} />
    <${SignedOut} desk=${desk} />
    <main id="main" class="console-body">
      <${RunningOrder} desk=${desk} />
      <div class="console-middle">
        <${Ring} desk=${desk} />
        <${AtHand} desk=${desk} />
      </div>
      <div class="console-side">
        <${Given} desk=${desk} />
        <${Log} desk=${desk} />
        <${Presence} desk=${desk} />
      </div>
    </main>
    <${Dialogs} desk=${desk} />
  </div>`;
}

function AtHand({ desk }) {
  const lot = desk.lot.value;
  const isFund = desk.takesPledges.value;
  return html`${isFund && html`<${PledgePanel} desk=${desk} lot=${lot} key=${lot.lot} />`}
    <${KeyMap} desk=${desk} isFund=${isFund} />`;
}

function SignedOut({ desk }) {
  if (desk.store.you.value.role !== null) return null;
  return html`<${Banner} kind="lost" role="alert">
    <span>Your sign-in has ended: you see the sale, and can do nothing.</span>
    <${Button} onClick=${() => location.reload()}>Sign in again<//>
  <//>`;
}

function Head({ desk }) {
  const { title, status } = desk.store.event.value;
  const { role } = desk.store.you.value;
  const kind = { open: "lead", paused: "warn" }[status] ?? "";
  return html`<header class="console-head">
    <h1 class="console-title">${title}</h1>
    <span class=${`badge ${kind}`}>${STATUS[status]}</span>
    <span class="muted small">${desk.store.pauseReason.value}</span>
    <span class="console-raised figures">${desk.money(desk.store.raised.value)} raised</span>
    <${Line} desk=${desk} />
    <span class="badge info">${person.value?.name ?? "Nobody"}, ${role ?? "signed out"}</span>
    <${Button}
      kind="quiet"
      aria-pressed=${desk.hasKeys.value ? "true" : "false"}
      onClick=${() => {
        desk.hasKeys.value = !desk.hasKeys.value;
      }}
    >
      Keys ${desk.hasKeys.value ? "on" : "off"}
    <//>
    <${ThemeSwitch} />
    <div class="bar-below"><${ConnectionBanner} connection=${desk.connection} /></div>
  </header>`;
}

function Line({ desk }) {
  const isUp = desk.isUp.value;
  const kind = isUp ? "lead" : "lost";
  return html`<span class=${`badge ${kind}`}>${isUp ? "connected" : "no line"}</span>`;
}
