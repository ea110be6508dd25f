// Lists that come in pages: what has been read so far, and the way to more.
//
// Owns: the rows of one list on a page. Invariant: rows of a question that is no longer asked never
// appear; a page is asked for once. Must not know: what the rows are. Source: PROTOCOL 7.

import { call } from "../api.js";
import { Button } from "../parts/button.js";
import { html, useEffect, useRef, useState } from "../render.js";

const EMPTY = { rows: [], next: null, isLoading: true, error: null };

/**
 * Read a list. path: with its query. cursorName: of the query's parameter.
 * start: the cursor of the first page.
 * Gives `{rows, next, isLoading, error, more(), reload(), replace(row)}`.
 */
export function useList(
  path,
  key,
  { idOf = (row) => row.id, cursorName = "cursor", start = null } = {},
) {
  const [list, setList] = useState(EMPTY);
  const asked = useRef(0);

  async function read(cursor, before) {
    const turn = (asked.current += 1);
    setList({ ...before, isLoading: true, error: null });
    const joint = path.includes("?") ? "&" : "?";
    const part = cursor === null ? "" : `${joint}${cursorName}=${encodeURIComponent(cursor)}`;
    try {
      const page = await call("GET", path + part);
      if (turn !== asked.current) return;
      const rows = [...before.rows, ...page[key]];
      setList({ rows, next: page.next, isLoading: false, error: null, page });
    } catch (error) {
      if (turn === asked.current) setList({ ...before, isLoading: false, error });
    }
  }

  useEffect(() => {
    read(start, EMPTY);
    return () => {
      asked.current += 1;
    };
  }, [path]);

  return {
    ...list,
    more: () => read(list.next, list),
    reload: () => read(start, EMPTY),
    replace: (row) =>
      setList((now) => ({
        ...now,
        rows: now.rows.map((each) => (idOf(each) === idOf(row) ? row : each)),
      })),
  };
}

/** What stands below a list: more of it, that it loads, or why it does not. */
export function More({ list }) {
  if (list.error) {
    return html`<div class="row" role="alert">
      <span>${list.error.message}</span><${Button} onClick=${list.reload}>Try again<//>
    </div>`;
  }
  if (list.isLoading) return html`<p class="muted" role="status">Loading…</p>`;
  if (list.next === null || list.next === undefined) return null;
  return html`<div><${Button} onClick=${list.more}>Show more<//></div>`;
}

/** Give a value that follows another once it has rested: for what is typed. */
export function useRested(value, ms = 200) {
  const [rested, setRested] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setRested(value), ms);
    return () => clearTimeout(timer);
  }, [value]);
  return rested;
}

/** Give the query of what is asked, without what is empty. */
export function queryOf(parts) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parts)) {
    if (value !== null && value !== undefined && value !== "") query.set(name, value);
  }
  return query.toString();
}
