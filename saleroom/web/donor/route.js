// Where in the page somebody is: the gallery, a lot, or what is their own.
//
// Owns: the address behind the `#`, so that the way back works as people know it.

import { signal } from "../render.js";

/** `{name: "lots"}`, `{name: "lot", lot: 17}` or `{name: "mine"}`. */
export const route = signal(readRoute());

let place = 0; // how far down the gallery was when it was left

window.addEventListener("hashchange", () => {
  const next = readRoute();
  if (route.value.name === "lots" && next.name !== "lots") place = window.scrollY;
  route.value = next;
  requestAnimationFrame(() => window.scrollTo(0, next.name === "lots" ? place : 0));
});

function readRoute() {
  const [, name, number] = location.hash.split("/");
  if (name === "lot" && /^[1-9]\d{0,6}$/.test(number ?? "")) return { name, lot: Number(number) };
  return { name: name === "mine" ? "mine" : "lots" };
}

/** Give the address of a lot. */
export function lotHref(number) {
  return `#/lot/${number}`;
}
