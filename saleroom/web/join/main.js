// Joining by the code of a card, as the link of its QR code opens it.
//
// Invariant: the terms are shown before they can be accepted; the code is used by the last step alone.

import { call } from "../api.js";
import { Button } from "../parts/button.js";
import { Check, Field } from "../parts/field.js";
import { Bar, mount, pathParts } from "../parts/shell.js";
import { useSubmit } from "../parts/submitting.js";
import { html, useEffect, useState } from "../render.js";
import { joinByCode } from "../session.js";

const given = pathParts()[1] ?? "";

function Join() {
  const [code, setCode] = useState(given);
  const [sale, setSale] = useState(null); // {event, title, terms}
  const [fault, setFault] = useState(null);
  useEffect(() => {
    lookUp(code).then(setSale, setFault);
  }, [code]);
  return html`<${Bar} title="Saleroom" back="/" />
    <main id="main" class="page narrow">
      ${sale !== null && html`<${Welcome} code=${code} sale=${sale} />`}
      ${sale === null && fault === null && html`<p class="loading">Looking up your code…</p>`}
      ${
        sale === null &&
        fault !== null &&
        html`<${WrongCode} fault=${fault} code=${code} onCode=${(typed) => {
          setFault(null);
          setCode(typed);
        }} />`
      }
    </main>`;
}

/** Ask what a code is for. Throws ApiError. */
function lookUp(code) {
  return call("POST", "/join/invitation", { code }, { isFinal: true });
}

const WRONG = "It may be mistyped, used already, or have run out. The desk prints you another.";

function WrongCode({ fault, code, onCode }) {
  const [typed, setTyped] = useState(code);
  const isWrong = fault.code === "INVALID_CODE" || fault.code === "MALFORMED";
  function submit(event) {
    event.preventDefault();
    onCode(typed.trim());
  }
  return html`<form class="panel stack" onSubmit=${submit}>
    <h1>${isWrong ? "This code does not work" : "That did not work"}</h1>
    <p class="muted">
      ${isWrong ? WRONG : fault.message}
    </p>
    <${Field}
      label="Your code"
      autocomplete="off"
      autocapitalize="characters"
      required
      maxlength="40"
      value=${typed}
      onInput=${setTyped}
    />
    <${Button} type="submit" kind="primary" isWide>Try this code<//>
  </form>`;
}

function Welcome({ code, sale }) {
  const [name, setName] = useState("");
  const [email, setEmail] = useState("");
  const [isAgreed, setAgreed] = useState(false);
  async function join() {
    const contacts = email.trim() ? { email: email.trim() } : {};
    const joined = await joinByCode(code, name.trim(), contacts);
    location.replace(`/e/${encodeURIComponent(joined.event)}`);
  }
  const { submit, isBusy, fault, faultAt } = useSubmit(join, { fields: ["name", "email"] });
  return html`<form class="panel stack" onSubmit=${submit}>
    <div>
      <p class="muted">You are invited to bid at</p>
      <h1>${sale.title}</h1>
    </div>
    <${Field}
      label="Your name"
      autocomplete="name"
      required
      maxlength="100"
      value=${name}
      onInput=${setName}
      fault=${faultAt("name")}
    />
    <${Field}
      label="E-mail"
      hint="For your receipt; you may leave it out."
      type="email"
      autocomplete="email"
      value=${email}
      onInput=${setEmail}
      fault=${faultAt("email")}
    />
    ${sale.terms && html`<div class="terms" tabindex="0" role="region" aria-label="Terms">${sale.terms}</div>`}
    <${Check} checked=${isAgreed} required onInput=${setAgreed}>
      ${sale.terms ? "I accept these terms. My bids are binding." : "My bids are binding."}
    <//>
    ${fault && html`<p class="join-fault" role="alert">${fault}</p>`}
    <${Button} type="submit" kind="primary" isWide isBusy=${isBusy} disabled=${!isAgreed}>Join the sale<//>
  </form>`;
}

mount(html`<${Join} />`);
