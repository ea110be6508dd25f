// Icons, drawn with the text's own colour; always beside a word, or on a button that has a label.

import { html } from "../render.js";

const PATHS = {
  back: "M15 5l-7 7 7 7",
  close: "M6 6l12 12M18 6L6 18",
  heart: "M12 20s-7-4.4-9-8.7C1.400 7.600 3.700 4.500 7 4.500c2 0 3.800 1 5 2.900 1.200-1.900 3-2.900 5-2.900 3.300 0 5.600 3.100 4 6.800C19 15.600 12 20 12 20z",
  search: "M10.500 17.500a7 7 0 1 1 0-14 7 7 0 0 1 0 14zM15.800 15.800L21 21",
  sun: "M12 16.500a4.500 4.500 0 1 1 0-9 4.500 4.500 0 0 1 0 9zM12 2v2.500M12 19.500V22M2 12h2.500M19.500 12H22M4.900 4.900l1.800 1.800M17.300 17.300l1.800 1.800M4.900 19.100l1.800-1.800M17.300 6.700l1.800-1.800",
  moon: "M20 14.500A8.500 8.500 0 0 1 9.500 4 8.500 8.500 0 1 0 20 14.500z",
  person: "M12 12a4.200 4.200 0 1 1 0-8.400 4.200 4.200 0 0 1 0 8.400zM4 20.500c.8-4 4-6 8-6s7.200 2 8 6",
  clock: "M12 21a9 9 0 1 1 0-18 9 9 0 0 1 0 18zM12 7v5l3.500 2",
  eye: "M2 12s3.600-6.500 10-6.500S22 12 22 12s-3.600 6.500-10 6.500S2 12 2 12zM12 15a3 3 0 1 1 0-6 3 3 0 0 1 0 6z",
  next: "M9 5l7 7-7 7",
  check: "M4.500 12.500l5 5 10-11",
  filter: "M4 6h16M7 12h10M10 18h4",
  image: "M4 5h16v14H4zM4 16l5-5 4 4 3-2.500 4 3.500",
  grip: "M9 6h.01M15 6h.01M9 12h.01M15 12h.01M9 18h.01M15 18h.01",
  gavel: "M13 4l7 7M10.500 6.500l7 7M15.500 6.500l-5 5M12.500 10.500L4 19",
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
