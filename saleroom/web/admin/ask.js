// Questions before something that cannot be taken back.
//
// Owns: the one question that is open. Invariant: nothing is done unless somebody said yes; a
// question that wants a reason has one. Must not know: what is asked about.

import { Button } from "../parts/button.js";
import { Dialog } from "../parts/dialog.js";
import { Field } from "../parts/field.js";
import { html, signal, useState } from "../render.js";

const REASON_CHARS_MAX = 500;
const question = signal(null);

/**
 * Ask, and give the answer: false, true, or the text where `wants` names one.
 * wants: `{label, isRequired?, value?}`.
 */
export function ask({ title, text, yes, kind = "danger", wants = null }) {
  question.value?.resolve(false);
  return new Promise((resolve) => {
    question.value = { title, text, yes, kind, wants, resolve };
  });
}

/** The place of questions; once on each page. */
export function Questions() {
  const asked = question.value;
  if (asked === null) return null;
  function answer(value) {
    question.value = null;
    asked.resolve(value);
  }
  return html`<${Question} key=${asked.title} asked=${asked} answer=${answer} />`;
}

function Question({ asked, answer }) {
  const { title, text, yes, kind, wants } = asked;
  const [said, setSaid] = useState(wants?.value ?? "");
  const isLacking = Boolean(wants?.isRequired) && said.trim() === "";
  function submit(event) {
    event.preventDefault();
    if (!isLacking) answer(wants ? said.trim() : true);
  }
  return html`<${Dialog} title=${title} onClose=${() => answer(false)}>
    <form class="stack" onSubmit=${submit}>
      <p>${text}</p>
      ${
        wants &&
        html`<${Field}
        label=${wants.label}
        value=${said}
        onInput=${setSaid}
        maxlength=${REASON_CHARS_MAX}
        required=${Boolean(wants.isRequired)}
      />`
      }
      <div class="row">
        <${Button} type="submit" kind=${kind} disabled=${isLacking}>${yes}<//>
        <${Button} onClick=${() => answer(false)}>Cancel<//>
      </div>
    </form>
  <//>`;
}
