// Submitting a form, and saying beside which field it failed.
//
// Owns: whether a form is under way, and the fault that came back. Invariant: what failed is told
// until the next try; a form that went stays busy, for the page goes on from there. Must not know:
// what is submitted. Source: RFC 9457.

import { useState } from "../render.js";

/**
 * Give `{submit, isBusy, fault, faultAt}` of a form whose `work` may throw an ApiError. fields: those
 * that a fault may name, told by `faultAt(field)`; every other one is `fault`. words: our own, by code.
 */
export function useSubmit(work, { fields = [], words = {} } = {}) {
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState(null);
  async function submit(event) {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      await work();
    } catch (caught) {
      setError(caught);
      setBusy(false);
    }
  }
  const text = error === null ? undefined : (words[error.code] ?? error.message);
  const place = fields.find((field) => field === error?.extras?.field);
  return {
    submit,
    isBusy,
    fault: place === undefined ? text : undefined,
    faultAt: (field) => (field === place ? text : undefined),
  };
}
