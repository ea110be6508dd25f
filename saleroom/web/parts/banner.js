// Banners: what is so of the whole page now, above all of the line to the server.

import { html } from "../render.js";
import { Button } from "./button.js";

/** A line across the page. kind: warn, lost or none. */
export function Banner({ kind = "", role = "status", children }) {
  return html`<div class=${`banner ${kind}`} role=${role}>${children}</div>`;
}

const REFUSED = {
  4001: "Sign in to enter this event.",
  4002: "You may not enter this event.",
  4003: "This event is not open here.",
  4004: "You have been shut out of this event.",
  4006: "This event is open in too many places. This page was disconnected.",
};

/** Tell the truth about a connection; nothing while all is well. */
export function ConnectionBanner({ connection }) {
  const status = connection.status.value;
  if (status === "open" || status === "closed") return null;
  if (status === "connecting") return null;
  if (status === "refused") {
    const code = connection.closeCode.value;
    return html`<${Banner} kind="lost" role="alert">
      <span>${REFUSED[code] ?? "The server has ended the connection."}</span>
      ${code !== 4004 && html`<${Button} onClick=${() => connection.reconnect()}>Connect again<//>`}
    <//>`;
  }
  return html`<${Banner} kind="lost" role="alert">
    <span class="spinner" aria-hidden="true"></span>
    <span>${status === "unsure" ? UNSURE : LOST}</span>
  <//>`;
}

const UNSURE = "No answer from the server. What you see may be out of date.";
const LOST = "Connection lost. Reconnecting…";
