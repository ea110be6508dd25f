// Moving: rows that change places in a list.
//
// Owns: what a list is after a move. Invariant: a move loses and doubles nothing, and changes places
// among those alone that may move; the others stay where they are. Must not know: lots or pictures.

/** Move the row at `from` to `to`; a place outside of the list is its end. */
export function moved(rows, from, to) {
  const target = Math.max(0, Math.min(rows.length - 1, to));
  const made = [...rows];
  const [row] = made.splice(from, 1);
  made.splice(target, 0, row);
  return made;
}

/** Move a row by some places among those that `isFree` holds for; the others keep their places. */
export function movedAmong(rows, row, by, isFree) {
  const free = rows.filter(isFree);
  const from = free.indexOf(row);
  if (from < 0) return rows;
  const order = moved(free, from, from + by);
  let next = 0;
  return rows.map((each) => (isFree(each) ? order[next++] : each));
}

/** Give by how many places among the free ones a row goes when it is dropped on another. */
export function placesTo(rows, row, target, isFree) {
  const free = rows.filter(isFree);
  const to = free.indexOf(target);
  return to < 0 ? 0 : to - free.indexOf(row);
}
