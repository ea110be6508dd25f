// Merging: two people have changed the same thing.
//
// Owns: what of both changes stands. Invariant: nothing of either is dropped without a word: a field
// that one of them changed is taken, one that both changed to different values is asked about.
// Must not know: what the fields mean, or versions. Source: the three-way merge.

/** Say whether two JSON values are the same; absent and null mean the same. */
export function isSame(a, b) {
  if (a === b || (a ?? null) === (b ?? null)) return true;
  if (typeof a !== "object" || typeof b !== "object" || !a || !b) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const names = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...names].every((name) => isSame(a[name], b[name]));
}

/**
 * Merge what I have changed into what it is now. base: what both started from. changes: the
 * fields that I changed. Gives `{theirs, conflicts}`: the names of the fields that they alone
 * changed, and of those that both did, differently.
 */
export function merge(base, changes, current, names) {
  const theirs = [];
  const conflicts = [];
  for (const name of names) {
    if (isSame(base[name], current[name])) continue;
    if (!(name in changes)) theirs.push(name);
    else if (!isSame(changes[name], current[name])) conflicts.push(name);
  }
  return { theirs, conflicts };
}

/** Give the changes that are left once those fields are theirs. */
export function withoutFields(changes, names) {
  return Object.fromEntries(Object.entries(changes).filter(([name]) => !names.includes(name)));
}
