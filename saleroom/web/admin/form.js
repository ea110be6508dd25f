// A form over fields: what is kept, what was typed, and the way from one to the other.
//
// Owns: the texts of a form while it is on the page, and the meeting of two people's changes.
// Invariant: what is typed is lost by no answer of the server; a fault stands beside its field; what
// somebody else changed meanwhile is shown before it is written over.
// Must not know: what is edited, or where it is kept. Source: RFC 9457, PROTOCOL 7 (`version`).

import { Button } from "../parts/button.js";
import { Check, Field, Select } from "../parts/field.js";
import { toast } from "../parts/toast.js";
import { html, useEffect, useId, useRef, useState } from "../render.js";
import { asText, changesOf, faultOf, textsOf } from "./fields.js";
import { merge, withoutFields } from "./merge.js";

const BESIDE = "Some fields do not hold. They say what is wrong.";

/**
 * A form. kept: the values that are there already. starts: of what is new, the values that the form
 * begins with, each of which is then a change. save(changes, version) gives what is kept then.
 * current(): reads what is kept now, where others may change it too. shows(field, texts): whether a
 * field has a meaning; one that has none is cleared. freezes(field): whether it does not change.
 */
export function EditForm({
  fields,
  kept: first,
  starts = null,
  context,
  save,
  current = null,
  onSaved = () => {},
  shows = () => true,
  freezes = () => false,
  yes = "Save",
  done = "Saved.",
  children,
}) {
  const [kept, setKept] = useState(first);
  const [texts, setTexts] = useState(() => textsOf(fields, starts ?? first, context));
  const [faults, setFaults] = useState({});
  const [clash, setClash] = useState(null);
  const [isBusy, setBusy] = useState(false);
  const [refusals, setRefusals] = useState(0);
  const form = useRef(null);
  const shown = fields.filter((field) => shows(field, texts));

  useEffect(() => {
    const place = form.current.querySelector(
      clash ? ".clash" : '[aria-invalid="true"], .edit-fault',
    );
    place?.scrollIntoView({ block: "center" });
    place?.focus({ preventScroll: true });
  }, [refusals]);

  function type(name, text) {
    setTexts((now) => ({ ...now, [name]: text }));
    setFaults((now) =>
      name in now ? Object.fromEntries(Object.entries(now).filter(([each]) => each !== name)) : now,
    );
  }

  function wanted() {
    const found = changesOf(shown, kept, texts, context);
    for (const field of fields) {
      const isCleared = !shown.includes(field) && (kept[field.name] ?? null) !== null;
      if (isCleared) found.changes[field.name] = null;
    }
    return found;
  }

  async function submit(event) {
    event.preventDefault();
    const { changes, faults: found } = wanted();
    setFaults(found);
    setRefusals((count) => count + 1);
    if (Object.keys(found).length > 0) toast(BESIDE, { kind: "lost", key: "form" });
    else if (Object.keys(changes).length === 0) toast("Nothing has changed.", { key: "form" });
    else await send(changes, kept.version);
  }

  async function send(changes, version) {
    setBusy(true);
    try {
      const saved = await save(changes, version);
      setClash(null);
      start(saved);
      toast(done, { kind: "lead", key: "form" });
      onSaved(saved);
    } catch (error) {
      if (error.code === undefined) throw error;
      await refused(error, changes);
    } finally {
      setBusy(false);
    }
  }

  async function refused(error, changes) {
    if (error.code === "STALE_VERSION" && current !== null) {
      try {
        const now = await current();
        const names = fields.map(({ name }) => name);
        setClash({ now, changes, ...merge(kept, changes, now, names) });
        setRefusals((count) => count + 1);
      } catch (second) {
        toast(second.message, { kind: "lost", key: "form" });
      }
      return;
    }
    const found = faultOf(fields, error);
    if (found) setFaults({ [found.name]: found.words });
    setRefusals((count) => count + 1);
    toast(found ? BESIDE : error.message, { kind: "lost", key: "form" });
  }

  function start(values) {
    if (starts === null) setKept(values);
    setTexts(textsOf(fields, starts ?? values, context));
    setFaults({});
  }

  function settle(theirs) {
    const changes = withoutFields(clash.changes, theirs);
    if (Object.keys(changes).length > 0) return send(changes, clash.now.version);
    setClash(null);
    start(clash.now);
    onSaved(clash.now);
    return null;
  }

  return html`<form class="stack edit" ref=${form} onSubmit=${submit} noValidate>
    ${
      clash &&
      html`<${Clash}
        clash=${clash}
        fields=${fields}
        kept=${kept}
        context=${context}
        isBusy=${isBusy}
        settle=${settle}
      />`
    }
    <div class="edit-fields">
      ${shown.map(
        (field) => html`<${OneField}
          key=${field.name}
          field=${field}
          text=${texts[field.name]}
          fault=${faults[field.name]}
          isFrozen=${freezes(field)}
          onInput=${(text) => type(field.name, text)}
        />`,
      )}
    </div>
    ${children}
    <div class="row edit-end">
      <${Button} type="submit" kind="primary" isBusy=${isBusy} disabled=${clash !== null}>${yes}<//>
    </div>
  </form>`;
}

function OneField({ field, text, fault, isFrozen, onInput }) {
  const { kind, label, hint } = field;
  const look = `edit-field ${field.isWide ? "wide" : ""}`;
  if (kind === "flag") {
    return html`<div class=${look}>
      <${Check} checked=${text} disabled=${isFrozen} onInput=${onInput}>
        ${label}${hint && html`<br /><span class="muted small">${hint}</span>`}
      <//>
    </div>`;
  }
  if (kind === "softClose") {
    return html`<div class="edit-field wide"><${SoftClose}
      field=${field}
      said=${text}
      fault=${fault}
      isFrozen=${isFrozen}
      onInput=${onInput}
    /></div>`;
  }
  if (field.options) {
    return html`<div class=${look}>
      <${Select}
        label=${label}
        value=${text}
        options=${field.options}
        disabled=${isFrozen}
        onInput=${onInput}
      />
      ${fault && html`<p class="edit-fault small" role="alert">${fault}</p>`}
    </div>`;
  }
  const isMultiline = Boolean(field.isLong) || kind === "ladder" || kind === "amounts";
  return html`<div class=${look}>
    <${Field}
      label=${label}
      hint=${hint}
      fault=${fault}
      value=${text}
      isMultiline=${isMultiline}
      type=${kind === "moment" ? "datetime-local" : "text"}
      inputmode=${["money", "fee", "percent"].includes(kind) ? "decimal" : kind === "whole" ? "numeric" : undefined}
      maxlength=${field.most}
      required=${Boolean(field.isRequired)}
      disabled=${isFrozen}
      autocomplete="off"
      onInput=${onInput}
    />
  </div>`;
}

const FROM = [
  ["bid", "the bid that came late"],
  ["end", "the end that it moves"],
];

function SoftClose({ field, said, fault, isFrozen, onInput }) {
  const id = useId();
  function set(name, value) {
    onInput({ ...said, [name]: value });
  }
  return html`<fieldset class="stack soft-close" disabled=${isFrozen}>
    <legend class="field-label">${field.label}</legend>
    <${Check} checked=${said.on} onInput=${(on) => set("on", on)}>${field.toggle}<//>
    ${
      said.on &&
      html`<div class="edit-fields">
      <${Field}
        label="Late is within (minutes)"
        inputmode="decimal"
        value=${said.window}
        onInput=${(text) => set("window", text)}
      />
      <${Field}
        label="Adds (minutes)"
        inputmode="decimal"
        value=${said.extension}
        onInput=${(text) => set("extension", text)}
      />
      <${Field}
        label="At most, in all (minutes)"
        hint="Empty: no limit."
        inputmode="decimal"
        value=${said.cap}
        onInput=${(text) => set("cap", text)}
      />
      <${Select}
        label="Counted from"
        value=${said.from}
        options=${FROM}
        onInput=${(from) => set("from", from)}
      />
    </div>`
    }
    ${fault && html`<p id=${id} class="edit-fault small" role="alert">${fault}</p>`}
  </fieldset>`;
}

function Clash({ clash, fields, kept, context, isBusy, settle }) {
  const [theirs, setTheirs] = useState([]);
  const named = (name) => fields.find((field) => field.name === name);
  const say = (name, value) => sayValue(named(name), value, context);
  return html`<section class="panel clash stack" role="alert" tabindex="-1">
    <h2>Somebody else has changed this meanwhile</h2>
    ${
      clash.theirs.length > 0 &&
      html`<div>
      <p>These changes of theirs are kept:</p>
      <ul>
        ${clash.theirs.map(
          (name) => html`<li key=${name}>
            <strong>${named(name).label}</strong>: ${say(name, kept[name])} → ${say(name, clash.now[name])}
          </li>`,
        )}
      </ul>
    </div>`
    }
    ${
      clash.conflicts.length > 0
        ? html`<p>Both of you have changed these. Choose which stands:</p>
          ${clash.conflicts.map(
            (name) => html`<fieldset key=${name} class="clash-choice">
              <legend class="field-label">${named(name).label}</legend>
              ${[
                ["mine", "Yours", clash.changes[name]],
                ["theirs", "Theirs", clash.now[name]],
              ].map(
                ([who, word, value]) => html`<label key=${who} class="check">
                  <input
                    type="radio"
                    name=${`clash-${name}`}
                    checked=${theirs.includes(name) === (who === "theirs")}
                    onChange=${() =>
                      setTheirs((now) => [
                        ...now.filter((each) => each !== name),
                        ...(who === "theirs" ? [name] : []),
                      ])}
                  />
                  <span><strong>${word}:</strong> ${say(name, value)}</span>
                </label>`,
              )}
            </fieldset>`,
          )}`
        : html`<p>Nothing of it touches what you have changed.</p>`
    }
    <div class="row">
      <${Button}
        kind="primary"
        isBusy=${isBusy}
        onClick=${() => settle(theirs)}
        >Save both together<//>
    </div>
  </section>`;
}

function sayValue(field, value, context) {
  if (value === null || value === undefined || value === "") return "nothing";
  if (field.kind === "flag") return value ? "yes" : "no";
  if (field.kind === "softClose") return `${value.extension / 60_000} min`;
  const text = asText(field, value, context);
  const chosen = field.options?.find(([key]) => key === text);
  return chosen ? chosen[1] : String(text).replace(/T(\d\d:\d\d)$/, " $1");
}
