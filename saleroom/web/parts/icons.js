// Icons, drawn with the text's own colour; always beside a word, or on a button that has a label.

import { html } from "../render.js";

const PATHS = {
  back: "M15 5l-7 7 7 7",
  close: "M6 6l12 12M18 6L6 18",
  heart:
    "M12 20s-7-4.4-9-8.7C1.4 7.6 3.7 4.5 7 4.5c2 0 3.8 1 5 2.9 1.2-1.9 3-2.9 5-2.9 3.3 0 5.6 3.1 4 6.8C19 15.6 12 20 12 20z",
  search: "M10.5 17.5a7 7 0 1 1 0-14 7 7 0 0 1 0 14zM15.8 15.8L21 21",
  sun: "M12 16.5a4.5 4.5 0 1 1 0-9 4.5 4.5 0 0 1 0 9zM12 2v2.5M12 19.5V22M2 12h2.5M19.5 12H22M4.9 4.9l1.8 1.8M17.3 17.3l1.8 1.8M4.9 19.1l1.8-1.8M17.3 6.7l1.8-1.8",
  moon: "M20 14.5A8.5 8.5 0 0 1 9.5 4 8.5 8.5 0 1 0 20 14.5z",
  person:
    "M12 12a4.2 4.2 0 1 1 0-8.4 4.2 4.2 0 0 1 0 8.4zM4 20.5c.8-4 4-6 8-6s7.2 2 8 6",
  clock: "M12 21a9 9 0 1 1 0-18 9 9 0 0 1 0 18zM12 7v5l3.5 2",
  eye: "M2 12s3.6-6.5 10-6.5S22 12 22 12s-3.6 6.5-10 6.5S2 12 2 12zM12 15a3 3 0 1 1 0-6 3 3 0 0 1 0 6z",
  next: "M9 5l7 7-7 7",
  check: "M4.5 12.5l5 5 10-11",
  filter: "M4 6h16M7 12h10M10 18h4",
  image: "M4 5h16v14H4zM4 16l5-5 4 4 3-2.5 4 3.5",
  grip: "M9 6h.01M15 6h.01M9 12h.01M15 12h.01M9 18h.01M15 18h.01",
  gavel: "M13 4l7 7M10.5 6.5l7 7M15.5 6.5l-5 5M12.5 10.5L4 19",
};

/** Draw an icon. */
export function Icon({ name, size = 20, isFull = false }) {
  return html`<svg
    width=${size}
    height=${size}
    viewBox="0 0 24 24"
    fill=${isFull ? "currentColor" : "none"}
    stroke="currentColor"
    stroke-width="2"
    stroke-linecap="round"
    stroke-linejoin="round"
    aria-hidden="true"
  >
    <path d=${PATHS[name]} />
  </svg>`;
}
