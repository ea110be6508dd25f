// Money: amounts in the minor unit of a currency, written and read as people do.
//
// Owns: how many decimals a currency has, and the way to and from text. Invariant: amounts are whole
// numbers; what a text may mean in two ways is not guessed (`parseMoney` gives null).
// Must not know: lots or ladders. Source: RULES "Words", ISO 4217 by way of Intl.

export const AMOUNT_MAX = 10 ** 12;

const formats = new Map();

function formatOf(currency, locale, decimals) {
  const key = `${currency}|${locale ?? ""}|${decimals}`;
  let made = formats.get(key);
  if (made === undefined) {
    const shape = { style: "currency", currency, currencyDisplay: "narrowSymbol" };
    if (decimals !== null) {
      shape.minimumFractionDigits = decimals;
      shape.maximumFractionDigits = decimals;
    }
    made = new Intl.NumberFormat(locale, shape);
    formats.set(key, made);
  }
  return made;
}

/** Give how many decimals a currency has: 0, 2 or 3. */
export function decimalsOf(currency) {
  return formatOf(currency, "en", null).resolvedOptions().maximumFractionDigits;
}

/** Write an amount; decimals are left out where all of them are zero. */
export function formatMoney(amount, currency, locale) {
  if (amount === null || amount === undefined) return "–";
  const decimals = decimalsOf(currency);
  const unit = 10 ** decimals;
  const isWhole = amount % unit === 0;
  return formatOf(currency, locale, isWhole ? 0 : decimals).format(amount / unit);
}

/** Give the bare sign of a currency. */
export function symbolOf(currency, locale) {
  const parts = formatOf(currency, locale, null).formatToParts(0);
  return parts.find((part) => part.type === "currency").value;
}

/** Write an amount as one types it: without sign and groups. */
export function plainMoney(amount, currency) {
  const decimals = decimalsOf(currency);
  const unit = 10 ** decimals;
  return amount % unit === 0 ? String(amount / unit) : (amount / unit).toFixed(decimals);
}

/** Read an amount that somebody typed; null when it is none, or could be two. */
export function parseMoney(text, currency, locale) {
  const bare = text.replace(/[\s\u00a0\u202f'’_]/g, "").replace(/^[^\d.,-]+|[^\d.,]+$/g, "");
  if (!/^\d[\d.,]*$|^[.,]\d+$/.test(bare)) return null;
  const decimals = decimalsOf(currency);
  const split = splitDecimals(bare, decimals, decimalSign(locale));
  if (split === null) return null;
  const [whole, fraction] = split;
  if (fraction.length > decimals) return null;
  const amount = Number((whole || "0") + fraction.padEnd(decimals, "0"));
  return amount >= 1 && amount <= AMOUNT_MAX ? amount : null;
}

function decimalSign(locale) {
  const parts = new Intl.NumberFormat(locale).formatToParts(1.5);
  return parts.find((part) => part.type === "decimal").value;
}

function splitDecimals(bare, decimals, sign) {
  const last = Math.max(bare.lastIndexOf("."), bare.lastIndexOf(","));
  if (last < 0) return [bare, ""];
  const mark = bare[last];
  const head = bare.slice(0, last);
  const tail = bare.slice(last + 1);
  const isAlone = !/[.,]/.test(head);
  if (!isAlone && head.includes(mark)) return ungrouped(bare, mark);
  if (!isAlone) {
    const whole = ungrouped(head, mark === "." ? "," : ".");
    return whole === null ? null : [whole[0], tail];
  }
  if (tail.length !== 3 || (decimals === 3 && mark === sign)) return [head, tail];
  return mark === sign ? null : ungrouped(bare, mark);
}

function ungrouped(text, mark) {
  const groups = text.split(mark);
  const isGrouped =
    /^\d{1,3}$/.test(groups[0]) && groups.slice(1).every((group) => /^\d{3}$/.test(group));
  return isGrouped ? [groups.join(""), ""] : null;
}
