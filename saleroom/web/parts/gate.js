// The gate before pages that are for some people only, and the ways in and out on any page.
//
// Owns: the form to sign in, and what somebody sees who may not enter. Invariant: nothing of what is
// behind the gate is drawn, or asked of the server, before the person may see it.
// Must not know: what is behind it. Source: PROTOCOL 6 and 7.

import { html, useEffect, useState } from "../render.js";
import { loadPerson, person, signIn, signOut } from "../session.js";
import { Button } from "./button.js";
import { Dialog } from "./dialog.js";
import { Field } from "./field.js";
import { useSubmit } from "./submitting.js";
import { toast } from "./toast.js";

/** The form to sign in. onDone: somebody is signed in. */
export function SignInForm({ onDone = () => {} }) {
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  async function enter() {
    await signIn(email.trim(), password);
    onDone();
  }
  const { submit, isBusy, fault } = useSubmit(enter, {
    words: { UNAUTHENTICATED: "The address or the password is not right." },
  });
  return html`<form class="stack" onSubmit=${submit}>
    <${Field} label="E-mail" type="email" autocomplete="username" required value=${email} onInput=${setEmail} />
    <${Field}
      label="Password"
      type="password"
      autocomplete="current-password"
      required
      value=${password}
      onInput=${setPassword}
      fault=${fault}
    />
    <${Button} type="submit" kind="primary" isWide isBusy=${isBusy}>Sign in<//>
    <p class="small"><a href="/reset">Forgotten your password?</a></p>
  </form>`;
}

/** Who is signed in, with the way in or out; stands in a page's bar. isGated: a gate is the way in. */
export function WhoAmI({ isGated = false }) {
  const [isAsking, setAsking] = useState(false);
  if (person.value === undefined || (person.value === null && isGated)) return null;
  if (person.value === null) {
    return html`<${Button} onClick=${() => setAsking(true)}>Sign in<//>
      ${
        isAsking &&
        html`<${Dialog} title="Sign in" onClose=${() => setAsking(false)}>
        <${SignInForm} onDone=${() => setAsking(false)} />
      <//>`
      }`;
  }
  async function leave() {
    try {
      await signOut();
    } catch (error) {
      toast(error.message, { kind: "lost" });
    }
  }
  const { name, email } = person.value;
  return html`<span class="who muted small">${name ?? email ?? "Signed in"}</span>
    <${Button} kind="quiet" onClick=${leave}>Sign out<//>`;
}

/** Draw its children for those alone who may enter. may: asked once the person is known. */
export function Gate({ may, need, children }) {
  const [fault, setFault] = useState(null);
  useEffect(() => {
    loadPerson().catch((error) => setFault(error));
  }, []);
  if (person.value === undefined) {
    if (fault === null) return html`<p class="loading">Loading…</p>`;
    return html`<main id="main" class="page narrow stack">
      <p role="alert">${fault.message}</p>
      <${Button} onClick=${() => location.reload()}>Try again<//>
    </main>`;
  }
  if (person.value === null) {
    return html`<main id="main" class="page narrow">
      <div class="panel stack">
        <h1>Sign in</h1>
        <p class="muted">${need}</p>
        <${SignInForm} />
      </div>
    </main>`;
  }
  if (!may()) {
    return html`<main id="main" class="page narrow">
      <div class="panel stack">
        <h1>Not for this account</h1>
        <p>${need} You are signed in as ${person.value.email ?? person.value.name}.</p>
        <div class="row">
          <a class="button primary" href="/">To the events</a>
          <${Button} onClick=${() => signOut().catch(() => {})}>Sign in as somebody else<//>
        </div>
      </div>
    </main>`;
  }
  return children;
}
