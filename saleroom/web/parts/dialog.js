// Dialogs: the browser's own, modal, so that focus stays inside and Escape closes.

import { html, useId, useLayoutEffect, useRef } from "../render.js";
import { IconButton } from "./button.js";

/**
 * Show a dialog for as long as it is drawn; onClose: the person wants it gone. It opens before the
 * next key is heard, so that whoever types on loses no letter.
 */
export function Dialog({ title, onClose, children }) {
  const element = useRef(null);
  const name = useId();
  useLayoutEffect(() => {
    const shown = element.current;
    shown.showModal();
    return () => {
      shown.close();
      giveBackCaret();
    };
  }, []);
  function cancel(event) {
    event.preventDefault();
    onClose();
  }
  function leave(event) {
    if (event.target === element.current) onClose();
  }
  return html`<dialog
    ref=${element}
    class="dialog"
    aria-labelledby=${name}
    onCancel=${cancel}
    onClick=${leave}
  >
    <div class="dialog-head">
      <h2 id=${name}>${title}</h2>
      <${IconButton} icon="close" label="Close" onClick=${onClose} />
    </div>
    <div class="dialog-body stack">${children}</div>
  </dialog>`;
}

/** Browsers give the focus back to a field without its caret, so that nothing could be typed there. */
function giveBackCaret() {
  const field = document.activeElement;
  if (!field?.matches("input, textarea")) return;
  field.blur();
  field.focus({ preventScroll: true });
}

/** Ask before something that cannot be taken back. */
export function Confirm({ title, text, yes, kind = "primary", isBusy, onYes, onClose }) {
  return html`<${Dialog} title=${title} onClose=${onClose}>
    <p>${text}</p>
    <div class="row">
      <button type="button" class=${`button ${kind}`} disabled=${isBusy} onClick=${onYes}>${yes}</button>
      <button type="button" class="button" onClick=${onClose}>Cancel</button>
    </div>
  <//>`;
}
