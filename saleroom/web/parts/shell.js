// The shell of a page: its bar, the choice of light or dark, and how a page comes up.

import { html, render, signal } from "../render.js";
import { keep, recall } from "../storage.js";
import { IconButton } from "./button.js";
import { Icon } from "./icons.js";
import { Toasts } from "./toast.js";

const THEME = "theme";
const theme = signal(recall(THEME));
const systemIsDark = matchMedia("(prefers-color-scheme: dark)");

function showTheme() {
  const root = document.documentElement;
  if (theme.value === null) delete root.dataset.theme;
  else root.dataset.theme = theme.value;
}

/** Switch between light and dark; back to the system's own way when they agree again. */
export function ThemeSwitch() {
  const isDark = theme.value === null ? systemIsDark.matches : theme.value === "dark";
  function turn() {
    const wanted = isDark ? "light" : "dark";
    theme.value = wanted === (systemIsDark.matches ? "dark" : "light") ? null : wanted;
    keep(THEME, theme.value);
    showTheme();
  }
  const label = isDark ? "Use light colours" : "Use dark colours";
  return html`<${IconButton} icon=${isDark ? "sun" : "moon"} label=${label} onClick=${turn} />`;
}

/**
 * The bar above a page. back: the address before it. children: what stands at its end. below: what
 * hangs from it over the page, so that what a finger aims at stays where it is.
 */
export function Bar({ title, back, below, children }) {
  return html`<header class="bar">
    <a class="skip" href="#main">Skip to the content</a>
    <div class="bar-inside">
      ${back &&
      html`<a class="button quiet" href=${back} aria-label="Back" title="Back">
        <${Icon} name="back" />
      </a>`}
      <div class="bar-title">${title}</div>
      ${children}
      <${ThemeSwitch} />
    </div>
    ${below && html`<div class="bar-below">${below}</div>`}
  </header>`;
}

/** Draw a page into its place. */
export function mount(page) {
  const place = document.getElementById("app");
  place.replaceChildren();
  render(html`${page}<${Toasts} />`, place);
}

/** Give the parts of this page's address, decoded: `/e/gala/display` is `["e", "gala", "display"]`. */
export function pathParts() {
  return location.pathname.split("/").filter(Boolean).map(decodeURIComponent);
}

showTheme();
