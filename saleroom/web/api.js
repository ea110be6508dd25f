// The HTTP API as pages call it: cookies, the proof against forgery, and problems people can read.
//
// Owns: how a request leaves and an answer comes back. Invariant: every failure is an ApiError with a
// code and words; a sign-in that has run out is renewed once, by one tab at a time, for a refresh
// token serves once. Must not know: pages. Source: PROTOCOL 7, RFC 9457.

import { keep, recall } from "./storage.js";

const PREFIX = "/api/v1";
const ANSWER_MS = 15_000;
const RENEWED = "renewed";
const RENEWED_MS = 5_000;
const COOKIE = /(?:^|;\s*)(?:__Host-)?saleroom_csrf=([^;]+)/;

/** What went wrong with a request. extras: the further members of the problem. */
export class ApiError extends Error {
  constructor(code, message, status = 0, extras = {}) {
    super(message);
    this.code = code;
    this.status = status;
    this.extras = extras;
  }
}

/** Say whether this browser holds a sign-in. */
export function hasSignIn() {
  return COOKIE.test(document.cookie);
}

/** Give what a request that changes something must bear against forgery; null for a guest. */
export function proof() {
  const found = COOKIE.exec(document.cookie);
  return found && decodeURIComponent(found[1]);
}

/** Give a fresh id for what is asked: sent again, it acts once. */
export function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * Call the API and give the answer's JSON, null for an answer without a body. Throws ApiError.
 * options: `key` of what acts once; `isFinal`: no sign-in is renewed for it; `isAnonymous`: as
 * nobody in particular, so that the server may answer from what it keeps for everybody.
 */
export async function call(method, path, body, options = {}) {
  const response = await send(method, path, body, options);
  const isFinal = options.isFinal || options.isAnonymous || !hasSignIn();
  if (response.status !== 401 || isFinal) return readAnswer(response);
  if (!(await renew())) return readAnswer(response);
  return readAnswer(await send(method, path, body, options));
}

/** Read all pages of a list: `key` names its rows. `cursor: null` ends it. */
export async function readAll(path, key, most = 20, options = {}) {
  const rows = [];
  let cursor = null;
  for (let page = 0; page < most; page += 1) {
    const joint = path.includes("?") ? "&" : "?";
    const part = cursor === null ? "" : `${joint}cursor=${encodeURIComponent(cursor)}`;
    const answer = await call("GET", path + part, undefined, options);
    rows.push(...answer[key]);
    cursor = answer.next;
    if (cursor === null || cursor === undefined) break;
  }
  return rows;
}

/** Get new cookies; say whether there is a sign-in still. */
export function renew() {
  const wanted = Date.now();
  const work = async () => {
    if (Number(recall(RENEWED)) > wanted - RENEWED_MS) return true;
    const response = await send("POST", "/auth/refresh", undefined, {});
    if (response.ok) keep(RENEWED, String(Date.now()));
    return response.ok;
  };
  return navigator.locks ? navigator.locks.request("saleroom-renew", work) : work();
}

async function send(method, path, body, options) {
  const headers = new Headers(options.headers);
  const said = method === "GET" ? null : proof();
  if (said !== null) headers.set("X-CSRF-Token", said);
  if (options.key) headers.set("Idempotency-Key", options.key);
  const isForm = body instanceof FormData;
  if (body !== undefined && !isForm) headers.set("Content-Type", "application/json");
  try {
    return await fetch(PREFIX + path, {
      method,
      headers,
      body: body === undefined || isForm ? body : JSON.stringify(body),
      credentials: options.isAnonymous ? "omit" : "same-origin",
      signal: options.signal ?? AbortSignal.timeout(options.timeoutMs ?? ANSWER_MS),
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    if (error.name === "TimeoutError") {
      throw new ApiError("NO_ANSWER", "The server did not answer in time. Try again.");
    }
    throw new ApiError("OFFLINE", "The server cannot be reached. Check your connection.");
  }
}

/** Give the JSON of a response. Throws ApiError. */
export async function readAnswer(response) {
  if (response.status === 204) return null;
  const isJson = /json/.test(response.headers.get("Content-Type") ?? "");
  const body = isJson ? await response.json().catch(() => null) : null;
  if (response.ok) return body;
  const { code = "INTERNAL", detail, ...extras } = body ?? {};
  throw new ApiError(code, wordsOf(code, detail), response.status, extras);
}

const WORDS = {
  UNAUTHENTICATED: "Sign in to do this.",
  FORBIDDEN: "You may not do this.",
  RATE_LIMITED: "That was too fast. Wait a moment and try again.",
  OVERLOADED: "The server is busy. Try again in a moment.",
  OUTCOME_UNKNOWN: "It is not known whether this was done. Look before you try again.",
  INTERNAL: "Something went wrong on our side.",
  STALE_VERSION: "Somebody else has changed this meanwhile. Load it again.",
  BID_TOO_LOW: "That is below the least bid.",
  STALE_ASK: "The asking price has moved.",
  STALE_PRICE: "The price has changed.",
  LOT_CLOSED: "This lot has ended.",
  LOT_NOT_OPEN: "This lot is not open yet.",
  EVENT_NOT_OPEN: "Bidding has not opened.",
  EVENT_PAUSED: "The sale is paused.",
  MAX_NOT_HIGHER: "Your maximum must be higher than the one you left.",
  MAX_NOT_ALLOWED: "A maximum can be left only before this lot opens.",
  REMOTE_LOCKED: "Online bids on this lot are held back for the moment.",
  NO_PADDLE: "Register for this event to bid.",
  PADDLE_LOCKED: "Your paddle is locked. Please see the desk.",
  TERMS_NOT_ACCEPTED: "Accept the terms of this event to bid.",
  OWN_LOT: "You gave this lot, so you cannot bid on it.",
  OVER_LIMIT: "This would go over your limit. Please see the desk.",
  INVALID_AMOUNT: "That amount cannot be bid.",
  NOT_FOR_SALE: "This lot can no longer be bought at a fixed price.",
  DUPLICATE_PLEDGE: "You have pledged at this level already.",
};

/** Give the words for a code: ours where we have some, else the server's. */
export function wordsOf(code, detail) {
  const said = WORDS[code] ?? detail ?? code;
  const whole = said.charAt(0).toUpperCase() + said.slice(1);
  return /[.!?]$/.test(whole) ? whole : `${whole}.`;
}
