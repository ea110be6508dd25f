// Pictures of lots: the smallest that will do, and something calm where there is none.

import { html } from "../render.js";
import { Icon } from "../parts/icons.js";

function address(key) {
  return `/api/v1/media/${key}`;
}

/** Show a picture of a lot. sizes: as in HTML. isFirst: it is seen at once, so nothing is put off. */
export function Picture({ image, title, sizes, isFirst = false }) {
  if (!image) {
    return html`<div class="picture bare" aria-hidden="true"><${Icon} name="image" size=${32} /></div>`;
  }
  const forms = [...image.thumbnails].sort((a, b) => a.width - b.width);
  const set = forms.map((form) => `${address(form.key)} ${form.width}w`).join(", ");
  return html`<img
    class="picture"
    src=${address((forms[0] ?? image).key)}
    srcset=${set || undefined}
    sizes=${sizes}
    width=${image.width}
    height=${image.height}
    alt=${image.alt ?? title}
    loading=${isFirst ? "eager" : "lazy"}
    fetchpriority=${isFirst ? "high" : undefined}
    decoding="async"
  />`;
}
