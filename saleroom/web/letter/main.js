// Where the links of our letters lead: a new password, or an address that is confirmed.
//
// Invariant: the code stands behind the `#`, so that no server's log and no referrer ever has it; it
// leaves the address line as soon as it was read.

import { call } from "../api.js";
import { Button } from "../parts/button.js";
import { Field } from "../parts/field.js";
import { Bar, mount, pathParts } from "../parts/shell.js";
import { html, useEffect, useState } from "../render.js";

const purpose = pathParts()[0];
const token = location.hash.slice(1);
history.replaceState(null, "", location.pathname);

function Page() {
  return html`<${Bar} title="Saleroom" back="/" />
    <main id="main" class="page narrow">
      <div class="panel stack">
        ${purpose === "verify" && token && html`<${Verify} />`}
        ${purpose === "reset" && token && html`<${NewPassword} />`}
        ${purpose === "reset" && !token && html`<${AskLetter} />`}
        ${purpose === "verify" &&
        !token &&
        html`<${Done}
          title="Open the link of the letter"
          text="It holds the code that belongs here."
        />`}
      </div>
    </main>`;
}

function Verify() {
  const [state, setState] = useState({ isBusy: true, fault: null });
  useEffect(() => {
    call("POST", "/auth/verify-email/confirm", { token }).then(
      () => setState({ isBusy: false, fault: null }),
      (fault) => setState({ isBusy: false, fault }),
    );
  }, []);
  if (state.isBusy) return html`<p class="loading">One moment…</p>`;
  if (state.fault)
    return html`<${Done} title="This link does not work" text=${state.fault.message} />`;
  return html`<${Done} title="Your address is confirmed" text="Thank you." />`;
}

function NewPassword() {
  const [password, setPassword] = useState("");
  const [state, setState] = useState({ isBusy: false, isDone: false, fault: null });
  async function submit(event) {
    event.preventDefault();
    setState({ isBusy: true, isDone: false, fault: null });
    try {
      await call("POST", "/auth/reset/confirm", { token, password });
      setState({ isBusy: false, isDone: true, fault: null });
    } catch (fault) {
      setState({ isBusy: false, isDone: false, fault });
    }
  }
  if (state.isDone)
    return html`<${Done} title="Your password is changed" text="Sign in with the new one." />`;
  return html`<form class="stack" onSubmit=${submit}>
    <h1>Choose a new password</h1>
    <${Field}
      label="New password"
      type="password"
      autocomplete="new-password"
      required
      hint="A few words in a row are good."
      value=${password}
      onInput=${setPassword}
      fault=${state.fault?.message}
    />
    <${Button} type="submit" kind="primary" isWide isBusy=${state.isBusy}>Change the password<//>
  </form>`;
}

function AskLetter() {
  const [email, setEmail] = useState("");
  const [state, setState] = useState({ isBusy: false, isDone: false, fault: null });
  async function submit(event) {
    event.preventDefault();
    setState({ isBusy: true, isDone: false, fault: null });
    try {
      await call("POST", "/auth/reset", { email: email.trim() });
      setState({ isBusy: false, isDone: true, fault: null });
    } catch (fault) {
      setState({ isBusy: false, isDone: false, fault });
    }
  }
  if (state.isDone) {
    const text = "If there is an account with this address, a letter is on its way.";
    return html`<${Done} title="Look into your mail" text=${text} />`;
  }
  return html`<form class="stack" onSubmit=${submit}>
    <h1>Forgotten your password?</h1>
    <p class="muted">We send you a letter with a link to choose a new one.</p>
    <${Field}
      label="E-mail"
      type="email"
      autocomplete="username"
      required
      value=${email}
      onInput=${setEmail}
      fault=${state.fault?.message}
    />
    <${Button} type="submit" kind="primary" isWide isBusy=${state.isBusy}>Send me a letter<//>
  </form>`;
}

function Done({ title, text }) {
  return html`<h1>${title}</h1>
    <p role="status">${text}</p>
    <a class="button primary" href="/">To the events</a>`;
}

mount(html`<${Page} />`);
