// Buttons. kind: primary, danger, quiet, or none. A busy one keeps its width and takes no tap.

import { html } from "../render.js";
import { Icon } from "./icons.js";

export function Button({
  kind = "",
  isWide,
  isBusy,
  disabled,
  type = "button",
  children,
  class: more = "",
  ...rest
}) {
  const look = `button ${kind} ${isWide ? "wide" : ""} ${more}`;
  return html`<button
    ...${rest}
    type=${type}
    class=${look}
    disabled=${Boolean(disabled || isBusy)}
    aria-busy=${isBusy ? "true" : undefined}
  >
    ${isBusy && html`<span class="spinner" aria-hidden="true"></span>`}${children}
  </button>`;
}

/** A button that shows an icon alone; label: what is read out, and shown on hovering. */
export function IconButton({ icon, label, kind = "quiet", size, isFull, ...rest }) {
  return html`<${Button} ...${rest} kind=${kind} aria-label=${label} title=${label}>
    <${Icon} name=${icon} size=${size} isFull=${isFull} />
  <//>`;
}
