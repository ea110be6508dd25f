// Badges: a word on how something stands. kind: lead, lost, warn, info, accent or none.

import { html } from "../render.js";

export function Badge({ kind = "", children }) {
  return html`<span class=${`badge ${kind}`}>${children}</span>`;
}
