// The supervision tree, kept up to date.
//
// Owns: the picture of one server's tree. Invariant: it shows the tree of the last welcome with every
// change since. Must not know: sockets, or how it is drawn. Source: PROTOCOL 8.

/** Bring the changes of a message into a tree; give a new one, which shares what stayed. */
export function changedTree(tree, changes) {
  return changes.reduce(changedBy, tree);
}

function changedBy(node, change) {
  if (change.path === node.path) return { ...node, ...change, children: node.children };
  if (!isBelow(change.path, node.path)) return node;
  const next = node.children.find(({ path }) => path === change.path || isBelow(change.path, path));
  if (next === undefined) return withNew(node, change);
  const children =
    change.removed && next.path === change.path
      ? node.children.filter((child) => child !== next)
      : node.children.map((child) => (child === next ? changedBy(child, change) : child));
  return { ...node, children };
}

function withNew(node, change) {
  if (change.removed || parentOf(change.path) !== node.path) return node;
  return { ...node, children: [...node.children, { ...change, children: [] }] };
}

function parentOf(path) {
  return path.slice(0, path.lastIndexOf("/"));
}

function isBelow(path, other) {
  return path.startsWith(`${other}/`);
}

/** Give a node and all below it, each before its children: `{node, depth}`. */
export function rowsOf(node, depth = 0) {
  return [{ node, depth }, ...node.children.flatMap((child) => rowsOf(child, depth + 1))];
}

/** Give the last part of a path. */
export function nameOf(path) {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** Give the id of the event that a path belongs to, null outside of one. */
export function eventOf(path) {
  const part = path.split("/").find((each) => each.startsWith("event:"));
  return part === undefined ? null : part.slice("event:".length);
}

/** Find a node by its path; undefined where there is none. */
export function nodeAt(tree, path) {
  return rowsOf(tree).find(({ node }) => node.path === path)?.node;
}

/** Give the events of a tree as one line each. */
export function eventsOf(tree) {
  return rowsOf(tree)
    .map(({ node }) => node)
    .filter(({ kind, path }) => kind === "supervisor" && nameOf(path).startsWith("event:"))
    .map((node) => {
      const stats = Object.assign({}, ...node.children.map((child) => child.stats));
      return {
        id: eventOf(node.path),
        path: node.path,
        state: node.state,
        restarts: restartsIn(node),
        stats,
      };
    });
}

function restartsIn(node) {
  return rowsOf(node).reduce((sum, { node: each }) => sum + each.restarts, 0);
}

/** Say what went wrong between two pictures of a tree: `{path, what, error}` each. */
export function faultsBetween(before, after) {
  const known = new Map(rowsOf(before).map(({ node }) => [node.path, node]));
  const faults = [];
  for (const { node } of rowsOf(after)) {
    const was = known.get(node.path);
    if (was === undefined) continue;
    if (node.state === "failed" && was.state !== "failed") {
      faults.push({ path: node.path, what: "failed", error: node.last_error });
    } else if (node.restarts > was.restarts) {
      faults.push({ path: node.path, what: "restarted", error: node.last_error });
    } else if (node.last_error && node.last_error !== was.last_error) {
      faults.push({ path: node.path, what: "waits", error: node.last_error });
    }
  }
  return faults;
}
