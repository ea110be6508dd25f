// What a page may keep on the device: never a token, never a name; lost without harm.

/** Read a kept text, null where there is none or the browser keeps nothing. */
export function recall(name) {
  try {
    return localStorage.getItem(`saleroom.${name}`);
  } catch {
    return null;
  }
}

/** Keep a text; null forgets it. */
export function keep(name, text) {
  try {
    if (text === null) localStorage.removeItem(`saleroom.${name}`);
    else localStorage.setItem(`saleroom.${name}`, text);
  } catch {
    return;
  }
}
