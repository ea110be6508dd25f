// Ladders: which amounts a bidder is offered.
//
// Owns: the steps that follow a least amount. Invariant: the first is the server's `min_next`; the
// rest are offers, for any amount above it is lawful. Source: rule 1.

/** Give the step at a price; ladder: `[[from, step], …]`. */
export function stepAt(ladder, price) {
  let step = ladder[0][1];
  for (const [from, each] of ladder) {
    if (from > price) break;
    step = each;
  }
  return step;
}

/** Give `count` amounts from the least one on. */
export function nextAmounts(minNext, ladder, count) {
  const amounts = [minNext];
  while (amounts.length < count) {
    const last = amounts[amounts.length - 1];
    amounts.push(last + stepAt(ladder, last));
  }
  return amounts;
}
