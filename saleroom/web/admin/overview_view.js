// One event: how it stands, what it lacks, its settings, and the steps from draft to close.

import { call, readAll } from "../api.js";
import { Button } from "../parts/button.js";
import { Icon } from "../parts/icons.js";
import { html, useEffect, useState } from "../render.js";
import { mayAct } from "../session.js";
import { ask } from "./ask.js";
import { command, ofEvent, useDoing } from "./doing.js";
import { EVENT_FIELDS, isFrozen } from "./event_fields.js";
import { EditForm } from "./form.js";
import { LOTS_PAGES_MAX } from "./limits.js";
import { zoneOf } from "./moments.js";
import { checklist, isReady } from "./readiness.js";
import { hashOf } from "./route.js";

export function OverviewView({ event, onChange, reload }) {
  const mayEdit = mayAct("admin", event.id);
  const context = { currency: event.currency, zone: zoneOf(event.time_zone) };
  return html`<${Steps} event=${event} reload=${reload} />
    ${event.status === "draft" && mayEdit && html`<${Checklist} event=${event} reload=${reload} />`}
    ${
      mayEdit &&
      html`<section class="panel stack" aria-labelledby="settings">
      <h2 id="settings">Settings</h2>
      ${
        event.status !== "draft" &&
        html`<p class="muted">It is published: currency, bid steps and terms stay as they are.</p>`
      }
      <${EditForm}
        key=${event.id}
        fields=${EVENT_FIELDS}
        kept=${event}
        context=${context}
        freezes=${(field) => isFrozen(event, field)}
        save=${(changes, version) => call("PATCH", ofEvent(event.id), { ...changes, version })}
        current=${() => call("GET", ofEvent(event.id))}
        onSaved=${onChange}
      />
    </section>`
    }`;
}

function Checklist({ event, reload }) {
  const [lots, setLots] = useState(null);
  const [fault, setFault] = useState(null);
  const [isBusy, run] = useDoing();
  useEffect(() => {
    readAll(`${ofEvent(event.id, "lots")}?limit=200`, "lots", LOTS_PAGES_MAX).then(
      setLots,
      setFault,
    );
  }, [event]);
  if (fault) return html`<p role="alert">${fault.message}</p>`;
  if (lots === null) return null;
  const points = checklist(event, lots, Date.now());
  async function publish() {
    const text =
      "Everybody who may see it will see it. Its currency, bid steps and terms stay as they are from then on, and it does not become a draft again.";
    if (!(await ask({ title: "Publish this event?", text, yes: "Publish", kind: "primary" })))
      return;
    if (await run(() => call("POST", ofEvent(event.id, "publish")), "The event is published."))
      reload();
  }
  return html`<section class="panel stack" aria-labelledby="checklist">
    <h2 id="checklist">Before it is published</h2>
    <ul class="plain points">
      ${points.map(
        ({
          text,
          detail,
          isDone,
          isAdvice,
          href,
        }) => html`<li key=${text} class=${isDone ? "done" : isAdvice ? "advice" : "missing"}>
          <span
            class="point-mark"
            aria-hidden="true"
            >${isDone ? html`<${Icon} name="check" />` : isAdvice ? "○" : "!"}</span>
          <span>
            ${isDone ? text : html`<a href=${href}>${text}</a>`}
            <span class="visually-hidden">${isDone ? ": done" : isAdvice ? ": advised" : ": missing"}</span>
            ${detail && html`<span class="muted small"> ${detail}</span>`}
          </span>
        </li>`,
      )}
    </ul>
    <div class="row">
      <${Button}
        kind="primary"
        isBusy=${isBusy}
        disabled=${!isReady(points)}
        onClick=${publish}
        >Publish<//>
      ${!isReady(points) && html`<span class="muted">What is marked with ! must be there first.</span>`}
    </div>
  </section>`;
}

const STEPS = {
  published: [
    ["open_event", "Open the event", "Bidding begins, and timed lots open.", "primary", null],
  ],
  open: [
    [
      "pause_event",
      "Pause",
      "No bids are taken, and the clocks of timed lots stand still.",
      "",
      { label: "Reason, which everybody reads", isRequired: true },
    ],
    [
      "close_event",
      "Close the event",
      "Every lot that is open ends now. It cannot be opened again.",
      "danger",
      null,
    ],
  ],
  paused: [
    ["resume_event", "Resume", "Bids are taken again, and the clocks go on.", "primary", null],
    [
      "close_event",
      "Close the event",
      "Every lot that is open ends now. It cannot be opened again.",
      "danger",
      null,
    ],
  ],
};

function Steps({ event, reload }) {
  const [isBusy, run] = useDoing();
  const mayRun = mayAct("auctioneer", event.id);
  const steps = mayRun ? (STEPS[event.status] ?? []) : [];
  async function take([name, title, text, kind, wants]) {
    const answer = await ask({
      title: `${title}?`,
      text,
      yes: title,
      kind: kind || "primary",
      wants,
    });
    if (answer === false) return;
    const fields = wants ? { reason: answer } : {};
    if (await run(() => command(event.id, name, fields))) reload();
  }
  async function duplicate() {
    const wants = { label: "Title of the copy", value: event.title, isRequired: true };
    const text =
      "Settings, lots, categories and givers are copied into a new draft; bids and people are not.";
    const title = await ask({
      title: "Duplicate this event?",
      text,
      yes: "Duplicate",
      kind: "primary",
      wants,
    });
    if (title === false) return;
    await run(async () => {
      const copy = await call("POST", ofEvent(event.id, "duplicate"), { title });
      location.assign(hashOf("overview", copy.id));
    }, "The copy is a new draft.");
  }
  const id = encodeURIComponent(event.id);
  return html`<div class="row">
    ${steps.map(
      (step) =>
        html`<${Button}
          key=${step[0]}
          kind=${step[3]}
          isBusy=${isBusy}
          onClick=${() => take(step)}
          >${step[1]}<//>`,
    )}
    ${
      event.status !== "draft" &&
      html`<a class="button" href=${`/e/${id}`}>Donors’ page</a>
      <a class="button" href=${`/e/${id}/auctioneer`}>Auctioneer</a>
      <a class="button" href=${`/e/${id}/display`}>Display</a>`
    }
    ${mayAct("admin") && html`<${Button} isBusy=${isBusy} onClick=${duplicate}>Duplicate<//>`}
  </div>`;
}
