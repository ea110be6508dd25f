// The way to a paddle: signing in or up, agreeing to the terms, being registered.
//
// Invariant: the step that is shown follows from what is known (who is signed in, whether they have a
// paddle), never from where somebody clicked; nobody is registered without having seen the terms.

import { Button } from "../parts/button.js";
import { Dialog } from "../parts/dialog.js";
import { Check, Field } from "../parts/field.js";
import { SignInForm } from "../parts/gate.js";
import { useSubmit } from "../parts/submitting.js";
import { toast } from "../parts/toast.js";
import { html, useEffect, useState } from "../render.js";
import { person, signUp } from "../session.js";
import { useSale } from "./context.js";

const PASSWORD_LEAST = 8;

export function Entry() {
  const sale = useSale();
  const asked = sale.entry.value;
  if (asked === null) return null;
  const close = () => {
    sale.entry.value = null;
  };
  if (!person.value) return html`<${Identify} why=${asked.why} onClose=${close} />`;
  return html`<${Register} why=${asked.why} needsTerms=${asked.needsTerms ?? false} onClose=${close} />`;
}

function Identify({ why, onClose }) {
  const sale = useSale();
  const [isNew, setNew] = useState(true);
  const done = () => sale.enter().catch((error) => toast(error.message, { kind: "lost" }));
  return html`<${Dialog} title="Come in" onClose=${onClose}>
    ${why && html`<p>${why}</p>`}
    <div class="tabs" role="group" aria-label="Have you an account?">
      <${Button} aria-pressed=${isNew ? "true" : "false"} onClick=${() => setNew(true)}>I am new<//>
      <${Button} aria-pressed=${isNew ? "false" : "true"} onClick=${() => setNew(false)}>Sign in<//>
    </div>
    ${isNew ? html`<${SignUpForm} onDone=${done} />` : html`<${SignInForm} onDone=${done} />`}
    <p class="small muted">
      Have you a card with a code? Scan it, or <a href="/">type the code</a>: then you need no
      account.
    </p>
  <//>`;
}

function SignUpForm({ onDone }) {
  const [name, setName] = useState("");
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  async function make() {
    await signUp(name.trim(), email.trim(), password);
    onDone();
  }
  const { submit, isBusy, fault, faultAt } = useSubmit(make, {
    fields: ["name", "email", "password"],
    words: { UNAUTHENTICATED: "This address has an account already. Sign in with its password." },
  });
  return html`<form class="stack" onSubmit=${submit}>
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
      type="email"
      autocomplete="email"
      required
      value=${email}
      onInput=${setEmail}
      fault=${faultAt("email")}
    />
    <${Field}
      label="Password"
      type="password"
      autocomplete="new-password"
      required
      minlength=${PASSWORD_LEAST}
      hint="A few words in a row are good."
      value=${password}
      onInput=${setPassword}
      fault=${faultAt("password")}
    />
    ${fault && html`<p class="notice lost" role="alert">${fault}</p>`}
    <${Button} type="submit" kind="primary" isWide isBusy=${isBusy}>Make an account<//>
  </form>`;
}

function Register({ why, needsTerms, onClose }) {
  const sale = useSale();
  const { paddle } = sale.store.you.value;
  const status = sale.connection.status.value;
  const [name, setName] = useState(person.value.name ?? "");
  const [isAgreed, setAgreed] = useState(false);
  const isDone = paddle !== null && !needsTerms;
  useEffect(() => {
    if (!isDone) return;
    toast(`Your paddle is ${paddle}. Good luck!`, { kind: "lead", key: "paddle" });
    onClose();
  }, [isDone]);
  const terms = sale.about.value?.terms;
  const { submit, isBusy, fault } = useSubmit(async () => {
    if (paddle === null) await sale.register(name.trim());
    else await sale.acceptTerms(paddle);
    if (needsTerms) onClose();
  });
  const title = paddle === null ? "Get your paddle" : "The terms of this sale";
  if (status !== "open" && status !== "unsure") {
    return html`<${Dialog} title=${title} onClose=${onClose}><p class="loading">One moment…</p><//>`;
  }
  return html`<${Dialog} title=${title} onClose=${onClose}>
    ${why && html`<p>${why}</p>`}
    <form class="stack" onSubmit=${submit}>
      ${
        paddle === null &&
        html`<${Field}
        label="Your name, for the house"
        autocomplete="name"
        required
        maxlength="100"
        value=${name}
        onInput=${setName}
      />`
      }
      ${terms &&
      html`<div class="terms prose" tabindex="0" role="region" aria-label="Terms">${terms}</div>`}
      <${Check} checked=${isAgreed} required onInput=${setAgreed}>
        ${terms ? "I accept these terms. My bids are binding." : "My bids are binding."}
      <//>
      ${fault && html`<p class="notice lost" role="alert">${fault}</p>`}
      <${Button} type="submit" kind="primary" isWide isBusy=${isBusy} disabled=${!isAgreed}>
        ${paddle === null ? "Get my paddle" : "Accept"}
      <//>
    </form>
  <//>`;
}
