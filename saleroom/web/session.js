// Who is signed in on this page.
//
// Owns: the person, and the ways in and out. Invariant: no token is ever held here; cookies that no
// script reads are the sign-in. Must not know: events' rules. Source: PROTOCOL 2, 6 and 7.

import { ApiError, call, hasSignIn } from "./api.js";
import { computed, signal } from "./vendor/signals-core.js";

const SOCKET_TRIES_MS = 10_000;

/** `undefined` until it is known, `null` for nobody, else `{id, name, email, roles, events}`. */
export const person = signal(undefined);

export const isSignedIn = computed(() => Boolean(person.value));

/** Find out who is signed in. A guest costs no request. Throws ApiError when nobody can say. */
export async function loadPerson() {
  if (!hasSignIn()) {
    person.value = null;
    return null;
  }
  try {
    person.value = await call("GET", "/me");
  } catch (error) {
    if (error.code !== "UNAUTHENTICATED" && error.code !== "FORBIDDEN") throw error;
    person.value = null;
  }
  return person.value;
}

/** Say whether the person may do what a role may on an event: clerk, auctioneer, admin, operator. */
export function mayAct(role, event = null) {
  const { roles = [], events = null } = person.value ?? {};
  const isHere = events === null || (event !== null && events.includes(event));
  const least = RANKS.indexOf(role);
  const enough = least < 0 ? [role] : RANKS.slice(least);
  return isHere && roles.some((held) => enough.includes(held));
}

const RANKS = ["clerk", "auctioneer", "admin"];

export async function signIn(email, password) {
  await call("POST", "/auth/login", { email, password, cookie: true }, { isFinal: true });
  return loadEntered();
}

/** Make an account and sign in with it. */
export async function signUp(name, email, password, phone) {
  const wanted = { name, email, password, ...(phone ? { phone } : {}) };
  await call("POST", "/auth/register", wanted, { isFinal: true });
  return signIn(email, password);
}

/** Join an event with the code of a card; give `{event, paddle}`. */
export async function joinByCode(code, name, contacts) {
  const wanted = { code, name, accept_terms: true, cookie: true, ...contacts };
  const joined = await call("POST", "/join", wanted, { isFinal: true });
  await loadEntered();
  return joined;
}

async function loadEntered() {
  if ((await loadPerson()) === null) throw new ApiError("NO_SIGN_IN", FORGETFUL);
  return person.value;
}

const FORGETFUL = "This browser has not kept your sign-in. Allow cookies for this site, and try again.";

export async function signOut() {
  try {
    await call("POST", "/auth/logout", {}, { isFinal: true });
  } finally {
    person.value = hasSignIn() ? person.value : null;
  }
}

/** Give a token for a websocket, `{token, expires_in}`; null for a spectator. Throws ApiError. */
export async function socketToken() {
  if (!hasSignIn()) return null;
  try {
    return await call("POST", "/auth/ws-token", undefined, { timeoutMs: SOCKET_TRIES_MS });
  } catch (error) {
    if (error.code !== "UNAUTHENTICATED") throw error;
    person.value = null;
    return null;
  }
}
