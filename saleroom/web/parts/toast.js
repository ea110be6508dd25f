// Toasts: what has just happened, told at the head of the page and to screen readers.
//
// Owns: the toasts that are shown. Invariant: at most `SHOWN_MAX`, the newest; one with the same key
// takes the place of the one before. Urgent ones interrupt a screen reader, others wait their turn.

import { html, signal } from "../render.js";
import { IconButton } from "./button.js";

const SHOWN_MAX = 3;
const SHOWN_MS = 6_000;
const toasts = signal([]);
const spoken = signal({ polite: "", urgent: "" });
let count = 0;

/** Show a toast. kind: lead, lost or none. action: `{label, run}`. */
export function toast(
  text,
  { kind = "", key = null, action = null, isUrgent = kind === "lost", ms = SHOWN_MS } = {},
) {
  const made = { id: (count += 1), text, kind, key, action };
  const others = toasts.value.filter((each) => key === null || each.key !== key);
  toasts.value = [...others, made].slice(-SHOWN_MAX);
  speak(text, isUrgent);
  setTimeout(() => dismiss(made.id), ms);
}

/** Have a text read out without showing it. */
export function speak(text, isUrgent = false) {
  spoken.value = isUrgent ? { ...spoken.value, urgent: text } : { ...spoken.value, polite: text };
}

function dismiss(id) {
  toasts.value = toasts.value.filter((each) => each.id !== id);
}

/** The place of toasts; once on each page. */
export function Toasts() {
  return html`<div>
    <div class="visually-hidden" role="status" aria-live="polite">${spoken.value.polite}</div>
    <div class="visually-hidden" role="alert" aria-live="assertive">${spoken.value.urgent}</div>
    <div class="toasts">
      ${toasts.value.map(
        ({ id, text, kind, action }) => html`<div key=${id} class=${`toast ${kind}`}>
          <span>${text}</span>
          ${
            action &&
            html`<button
            type="button"
            class="button"
            onClick=${() => {
              dismiss(id);
              action.run();
            }}
          >
            ${action.label}
          </button>`
          }
          <${IconButton} icon="close" label="Dismiss" onClick=${() => dismiss(id)} />
        </div>`,
      )}
    </div>
  </div>`;
}
