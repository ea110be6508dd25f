// Moments: times in ms since 1970, as people in a time zone write and read them.
//
// Owns: the way between ms and what a date field holds. Invariant: a text that is read and written
// again stays the same; an hour that a clock skips is the one after it, of an hour that it repeats
// the first one counts. Must not know: events. Source: ECMA-402 (time zones).

const MINUTE = 60_000;

/** Say whether the browser knows a time zone. */
export function isZone(name) {
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/** Give a time zone that the browser knows: the one asked for, else the device's. */
export function zoneOf(name) {
  return name && isZone(name) ? name : Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** Write a moment as a date field holds it: `2026-11-20T19:30`. */
export function asField(ms, zone) {
  const { year, month, day, hour, minute } = partsOf(ms, zone);
  return `${pad(year, 4)}-${pad(month)}-${pad(day)}T${pad(hour)}:${pad(minute)}`;
}

/** Read what a date field holds; null for what is no moment. */
export function fromField(text, zone) {
  const found = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2})/.exec(text);
  if (!found) return null;
  const [year, month, day, hour, minute] = found.slice(1).map(Number);
  const wall = Date.UTC(year, month - 1, day, hour, minute);
  const before = wall - offsetAt(wall - 24 * 60 * MINUTE, zone);
  const after = wall - offsetAt(wall + 24 * 60 * MINUTE, zone);
  const fitting = [before, after].filter((ms) => ms + offsetAt(ms, zone) === wall);
  return fitting.length > 0 ? Math.min(...fitting) : before;
}

/** Write a moment for people: `Fri 20 Nov 2026, 19:30`. */
export function sayMoment(ms, zone, locale) {
  if (ms === null || ms === undefined) return "–";
  return new Intl.DateTimeFormat(locale, {
    weekday: "short",
    day: "numeric",
    month: "short",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    timeZone: zone,
  }).format(ms);
}

/** Write a moment to the second, for records. */
export function sayExactly(ms, zone, locale) {
  return new Intl.DateTimeFormat(locale, {
    day: "2-digit",
    month: "short",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hourCycle: "h23",
    timeZone: zone,
  }).format(ms);
}

function offsetAt(ms, zone) {
  const { year, month, day, hour, minute, second } = partsOf(ms, zone);
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(ms / 1000) * 1000;
}

const formats = new Map();

function partsOf(ms, zone) {
  let format = formats.get(zone);
  if (format === undefined) {
    const numeric = "numeric";
    format = new Intl.DateTimeFormat("en-US-u-ca-gregory", {
      year: numeric,
      month: numeric,
      day: numeric,
      hour: numeric,
      minute: numeric,
      second: numeric,
      hourCycle: "h23",
      timeZone: zone,
    });
    formats.set(zone, format);
  }
  return Object.fromEntries(
    format.formatToParts(ms).map(({ type, value }) => [type, Number(value)]),
  );
}

function pad(number, length = 2) {
  return String(number).padStart(length, "0");
}
