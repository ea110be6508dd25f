// Fields of forms: a label, a hint and a fault, tied to their input for those who do not see.

import { html, useId } from "../render.js";

/** A text field. onInput is given the text. fault: what is wrong with it, shown and read out. */
export function Field({ label, hint, fault, value, onInput, isMultiline, type = "text", ...rest }) {
  const id = useId();
  const about = `${hint ? `${id}-hint` : ""} ${fault ? `${id}-fault` : ""}`.trim();
  const shared = {
    ...rest,
    id,
    class: `input ${rest.class ?? ""}`,
    value: value ?? "",
    "aria-invalid": fault ? "true" : undefined,
    "aria-describedby": about || undefined,
    onInput: (event) => onInput(event.target.value),
  };
  return html`<div class="field">
    <label for=${id}>${label}</label>
    ${isMultiline ? html`<textarea ...${shared}></textarea>` : html`<input type=${type} ...${shared} />`}
    ${hint && html`<span class="hint" id=${`${id}-hint`}>${hint}</span>`}
    ${fault && html`<span class="fault" id=${`${id}-fault`} role="alert">${fault}</span>`}
  </div>`;
}

/** A choice among few. options: `[[value, label], …]`; onInput is given the value. */
export function Select({ label, isLabelHidden, value, options, onInput, ...rest }) {
  const id = useId();
  return html`<div class="field">
    <label for=${id} class=${isLabelHidden ? "visually-hidden" : undefined}>${label}</label>
    <select ...${rest} id=${id} class="input" onChange=${(event) => onInput(event.target.value)}>
      ${options.map(
        ([key, name]) =>
          html`<option key=${key} value=${key} selected=${key === value}>${name}</option>`,
      )}
    </select>
  </div>`;
}

/** A box to tick; onInput is given whether it is. */
export function Check({ checked, onInput, children, ...rest }) {
  return html`<label class="check">
    <input
      ...${rest}
      type="checkbox"
      checked=${checked}
      onChange=${(event) => onInput(event.target.checked)}
    />
    <span>${children}</span>
  </label>`;
}
