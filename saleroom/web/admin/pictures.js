// The pictures of a lot: sent with progress, put in order, taken away.
//
// Owns: what is under way for one lot. Invariant: a file that cannot be taken is refused before it is
// sent; the first picture is the lot's face. Source: PROTOCOL 7 (images).

import { call } from "../api.js";
import { Button, IconButton } from "../parts/button.js";
import { Field } from "../parts/field.js";
import { toast } from "../parts/toast.js";
import { html, useId, useRef, useState } from "../render.js";
import { ask } from "./ask.js";
import { ofEvent, useDoing } from "./doing.js";
import { PICTURE_BYTES_MAX } from "./limits.js";
import { moved } from "./moving.js";
import { upload } from "./uploads.js";

const TYPES = ["image/jpeg", "image/png", "image/webp"];

export function Pictures({ event, lot }) {
  const [images, setImages] = useState(lot.images);
  const [isBusy, run] = useDoing();
  const path = ofEvent(event, "lots", lot.lot, "images");
  async function place(from, to) {
    const before = images;
    const wanted = moved(images, from, to);
    setImages(wanted);
    const keys = wanted.map(({ key }) => key);
    const went = await run(async () =>
      setImages((await call("PUT", `${path}/order`, { keys })).images),
    );
    if (!went) setImages(before);
  }
  async function remove(image) {
    const text = image.alt ?? "It is gone from this lot.";
    if (!(await ask({ title: "Take this picture away?", text, yes: "Take it away" }))) return;
    const went = await run(() => call("DELETE", `${path}/${image.key}`), "The picture is gone.");
    if (went) setImages((now) => now.filter(({ key }) => key !== image.key));
  }
  async function describe(image) {
    const wants = { label: "What it shows", value: image.alt ?? "" };
    const text = "Read out to those who do not see it.";
    const said = await ask({
      title: "Describe the picture",
      text,
      yes: "Keep it",
      kind: "primary",
      wants,
    });
    if (said === false) return;
    await run(async () => {
      const made = await call("PATCH", `${path}/${image.key}`, { alt: said || null });
      setImages((now) => now.map((each) => (each.key === made.key ? made : each)));
    });
  }
  return html`<section class="panel stack" aria-labelledby="pictures">
    <h3 id="pictures">Pictures <span class="muted">(${images.length})</span></h3>
    <${AddPicture} path=${path} onAdded=${(image) => setImages((now) => [...now, image])} />
    ${
      images.length > 0 &&
      html`<ol class="plain pictures">
      ${images.map(
        (image, index) => html`<li key=${image.key} class="picture">
          <img
            src=${`/api/v1/media/${smallest(image)}`}
            width=${image.width}
            height=${image.height}
            alt=${image.alt ?? ""}
            loading="lazy"
          />
          ${index === 0 && html`<p class="small"><strong>First picture</strong></p>`}
          <button
            type="button"
            class="link-button small"
            disabled=${isBusy}
            onClick=${() => describe(image)}
          >
            ${image.alt ?? "Not described: describe it"}
          </button>
          <div class="row">
            <${IconButton}
              icon="back"
              label=${`Move picture ${index + 1} forward`}
              disabled=${isBusy || index === 0}
              onClick=${() => place(index, index - 1)}
            />
            <${IconButton}
              icon="next"
              label=${`Move picture ${index + 1} back`}
              disabled=${isBusy || index === images.length - 1}
              onClick=${() => place(index, index + 1)}
            />
            <${IconButton}
              icon="close"
              label=${`Take picture ${index + 1} away`}
              disabled=${isBusy}
              onClick=${() => remove(image)}
            />
          </div>
        </li>`,
      )}
    </ol>`
    }
  </section>`;
}

function smallest(image) {
  return image.thumbnails[0]?.key ?? image.key;
}

function AddPicture({ path, onAdded }) {
  const [file, setFile] = useState(null);
  const [alt, setAlt] = useState("");
  const [fault, setFault] = useState(null);
  const [share, setShare] = useState(null);
  const input = useRef(null);
  const id = useId();

  function choose(chosen) {
    setFault(chosen ? faultIn(chosen) : null);
    setFile(chosen ?? null);
  }

  async function send(event) {
    event.preventDefault();
    const form = new FormData();
    form.append("alt", alt.trim());
    form.append("file", file);
    if (!alt.trim()) form.delete("alt");
    setShare(0);
    try {
      onAdded(await upload(path, form, setShare));
      toast("The picture is added.", { kind: "lead" });
      setFile(null);
      setAlt("");
      input.current.value = "";
    } catch (error) {
      if (error.code === undefined) throw error;
      setFault(error.message);
    } finally {
      setShare(null);
    }
  }

  return html`<form class="add-picture" onSubmit=${send}>
    <div
      class="field drop"
      onDragOver=${(event) => event.preventDefault()}
      onDrop=${(event) => {
        event.preventDefault();
        choose(event.dataTransfer.files[0]);
      }}
    >
      <label for=${id}>Add a picture</label>
      <input
        id=${id}
        ref=${input}
        class="input"
        type="file"
        accept=${TYPES.join(",")}
        aria-invalid=${fault ? "true" : undefined}
        aria-describedby=${`${id}-about`}
        onChange=${(event) => choose(event.target.files[0])}
      />
      <span
        id=${`${id}-about`}
        class=${fault ? "fault" : "hint"}
        role=${fault ? "alert" : undefined}
      >
        ${fault ?? (file ? `${file.name}, ${Math.ceil(file.size / 1024)} KiB` : "JPEG, PNG or WebP of at most 10 MiB. It may be dropped here.")}
      </span>
    </div>
    <${Field}
      label="What it shows"
      hint="Read out to those who do not see it."
      maxlength="500"
      value=${alt}
      onInput=${setAlt}
    />
    <div class="stack">
      <${Button}
        type="submit"
        kind="primary"
        isBusy=${share !== null}
        disabled=${file === null || fault !== null}
        >Send<//>
      ${
        share !== null &&
        html`<progress
          max="1"
          value=${share}
          aria-label="Sent so far"
          >${Math.round(share * 100)} %</progress>
        <span
          class="small muted"
          role="status"
          >${share < 1 ? `${Math.round(share * 100)} % sent` : "Being prepared…"}</span>`
      }
    </div>
  </form>`;
}

function faultIn(file) {
  if (!TYPES.includes(file.type)) return "It is a JPEG, PNG or WebP picture.";
  if (file.size > PICTURE_BYTES_MAX) return "It has at most 10 MiB.";
  return null;
}
