// What becomes of a command: every one ends in words that are seen and read out.

import { wordsOf } from "../api.js";
import { toast } from "../parts/toast.js";

/** Ask; give the ack, null when it was refused, which has then been told. */
export async function askAndTell(sale, type, fields) {
  const answer = await sale.ask(type, fields);
  if (answer.type === "ack") return answer;
  tellRefusal(sale, answer, fields);
  return null;
}

function tellRefusal(sale, nack, fields) {
  const { code } = nack;
  if (code === "TERMS_NOT_ACCEPTED" || code === "NO_PADDLE") {
    sale.entry.value = { why: wordsOf(code), needsTerms: code === "TERMS_NOT_ACCEPTED" };
    return;
  }
  const least = nack.min_next ? ` The least is now ${sale.money(nack.min_next)}.` : "";
  const isAmount = code === "BID_TOO_LOW" || code === "STALE_ASK";
  const words = code === "NO_ANSWER" ? nack.message : wordsOf(code, nack.message);
  toast(words + (isAmount ? least : ""), { kind: "lost", key: `lot ${fields.lot}` });
}
