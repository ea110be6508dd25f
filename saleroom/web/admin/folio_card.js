// One paddle's account: its bills, its payments, and the ways to settle it at the desk.
//
// Invariant: money is taken or given back once, however often it is asked; nothing is given back, or
// let go, without a question.

import { call } from "../api.js";
import { formatMoney, parseMoney, plainMoney } from "../money.js";
import { Badge } from "../parts/badge.js";
import { Button } from "../parts/button.js";
import { Dialog } from "../parts/dialog.js";
import { toast } from "../parts/toast.js";
import { html, useEffect, useState } from "../render.js";
import { mayAct } from "../session.js";
import { ask } from "./ask.js";
import { ofEvent, useDoing, useOnce } from "./doing.js";
import { EditForm } from "./form.js";
import { sayMoment, zoneOf } from "./moments.js";

const METHODS = [
  ["cash", "Cash"],
  ["cheque", "Cheque"],
  ["other", "Other"],
];
const CARD = ["card", "Card on file"];
const STATES = {
  pending: ["info", "Pending"],
  action: ["info", "Waits for the payer"],
  authorized: ["info", "Held"],
  captured: ["lead", "Paid"],
  failed: ["lost", "Failed"],
  voided: ["", "Let go"],
};

export function FolioCard({ event, paddle, onChange, onClose }) {
  const [folio, setFolio] = useState(null);
  const [link, setLink] = useState(null);
  const [isBusy, run] = useDoing();
  const once = useOnce();
  const path = ofEvent(event.id, "folios", paddle);
  const load = async () => setFolio(await call("GET", path));
  useEffect(() => {
    run(load);
  }, []);
  if (folio === null)
    return html`<${Dialog}
      title=${`Paddle ${paddle}`}
      onClose=${onClose}
      ><p class="loading">Loading…</p><//>`;
  const money = (amount) => formatMoney(amount, folio.currency);
  const zone = zoneOf(event.time_zone);

  async function pay(wanted) {
    await once((key) => call("POST", `${path}/payments`, wanted, { key }));
    onChange();
    await load();
  }

  async function refund(payment) {
    const left = payment.amount - payment.refunded;
    const said = await ask({
      title: "Give money back?",
      text: `${money(left)} of this payment can be given back.`,
      yes: "Next",
      wants: { label: "How much", value: plainMoney(left, folio.currency), isRequired: true },
    });
    if (said === false) return;
    const amount = parseMoney(said, folio.currency);
    if (amount === null) {
      toast("That is no amount.", { kind: "lost" });
      return;
    }
    const reason = await ask({
      title: `Give ${money(amount)} back?`,
      text: "It goes the way it came. This cannot be taken back.",
      yes: "Give it back",
      wants: { label: "Reason", isRequired: true },
    });
    if (reason === false) return;
    await run(async () => {
      await once((key) =>
        call("POST", `${path}/payments/${payment.id}/refunds`, { amount, reason }, { key }),
      );
      onChange();
      await load();
    }, "The money goes back.");
  }

  async function share() {
    await run(async () => setLink(await call("POST", `${path}/link`)));
  }

  const methods = folio.card ? [...METHODS, CARD] : METHODS;
  const fields = [
    { name: "method", label: "By", kind: "choice", isRequired: true, options: methods },
    { name: "amount", label: "Amount", kind: "money", isRequired: true },
    { name: "note", label: "Note", kind: "text", most: 500, isWide: true },
  ];
  return html`<${Dialog} title=${`Paddle ${paddle}`} onClose=${onClose}>
    <div class="row">
      <${Badge} kind=${folio.balance > 0 ? "warn" : "lead"}>${folio.balance > 0 ? `Owes ${money(folio.balance)}` : "Settled"}<//>
      <${Badge}>Paid ${money(folio.paid)}<//>
      ${folio.card && html`<${Badge}>${folio.card.brand} ending in ${folio.card.last4}<//>`}
    </div>
    ${folio.documents.map(
      (document) => html`<section key=${document.label} class="bill">
        <div class="spread">
          <strong>${document.kind === "invoice" ? "Invoice" : "Credit note"} ${document.label}</strong>
          <strong class="figures">${money(document.total)}</strong>
        </div>
        <ul class="plain small">
          ${document.lines.map(
            (line) => html`<li
            key=${line.key}
            class="spread"
            ><span>${line.title}</span><span class="figures">${money(line.total)}</span></li>`,
          )}
        </ul>
        ${
          document.kind === "invoice" &&
          html`<a
            class="row-link"
            href=${`/api/v1${ofEvent(event.id, "invoices", document.number, "receipt.pdf")}`}
            target="_blank"
            rel="noopener"
            >Receipt, PDF</a>`
        }
      </section>`,
    )}
    ${
      folio.payments.length > 0 &&
      html`<section class="bill">
      <strong>Payments</strong>
      <ul class="plain">
        ${folio.payments.map((payment) => {
          const [kind, word] = STATES[payment.state];
          const mayRefund =
            payment.state === "captured" &&
            payment.refunded < payment.amount &&
            mayAct("admin", event.id);
          return html`<li key=${payment.id} class="spread">
            <span>${payment.method}, ${sayMoment(payment.at, zone)} <${Badge} kind=${kind}>${word}<//></span>
            <span class="row">
              <span class="figures">${money(payment.charged)}${payment.refunded > 0 ? ` (${money(payment.refunded)} back)` : ""}</span>
              ${
                mayRefund &&
                html`<${Button}
                isBusy=${isBusy}
                onClick=${() => refund(payment)}
                >Give back…<//>`
              }
            </span>
          </li>`;
        })}
      </ul>
    </section>`
    }
    ${
      folio.due > 0 &&
      html`<section class="stack" aria-label="Take a payment">
      <h3>Take a payment</h3>
      <${EditForm}
        key=${folio.due}
        fields=${fields}
        kept=${{}}
        starts=${{ method: "cash", amount: folio.due }}
        context=${{ currency: folio.currency }}
        save=${pay}
        yes="Take it"
        done="The payment is kept."
      />
      <div class="row"><${Button} isBusy=${isBusy} onClick=${share}>Make a link to pay by<//></div>
      ${
        link &&
        html`<p
        class="small"
        role="status"
        >Shown this once, until ${sayMoment(link.expires_at, zone)}: <a href=${link.url}>${link.url}</a></p>`
      }
    </section>`
    }
  <//>`;
}
