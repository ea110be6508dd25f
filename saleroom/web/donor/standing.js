// What a card and a lot's page show alike: the badge, the countdown, the heart.

import { formatRemaining } from "../countdown.js";
import { isRunning } from "../event_store.js";
import { Badge } from "../parts/badge.js";
import { Button } from "../parts/button.js";
import { Icon } from "../parts/icons.js";
import { toast } from "../parts/toast.js";
import { html, useComputed } from "../render.js";
import { person } from "../session.js";
import { useSale } from "./context.js";
import { countOf, standingOf } from "./words.js";

const SOON_MS = 60_000;

/** Say how a lot stands for the person. lot: its signal. */
export function StandingBadge({ lot }) {
  const sale = useSale();
  const view = lot.value;
  const standing = standingOf(view, sale.store.leads(view), sale.bidOn.value.has(view.lot));
  return standing && html`<${Badge} kind=${standing.kind}>${standing.word}<//>`;
}

/**
 * Count down to a lot's end on the server's clock; only the text changes as time goes.
 * isLabelled: what is counted is written above it, else told to screen readers alone.
 */
export function Countdown({ lot, isLabelled = false }) {
  const sale = useSale();
  const view = lot.value;
  const endsAt = view.ends_at;
  const isPaused = sale.store.event.value?.status === "paused";
  const text = useComputed(() => formatRemaining(lot.value.ends_at - sale.now.value));
  const kind = useComputed(() =>
    lot.value.ends_at - sale.now.value < SOON_MS ? "countdown figures soon" : "countdown figures",
  );
  if (endsAt === null || !isRunning(view)) return null;
  if (isPaused) return html`<span class="countdown">Paused</span>`;
  return html`${isLabelled && html`<div class="muted small">Ends in</div>`}
    <span class=${kind}>
      <${Icon} name="clock" size=${16} />
      ${!isLabelled && html`<span class="visually-hidden">Ends in </span>`}${text}
    </span>`;
}

/** Watch a lot, or no longer. */
export function Heart({ number, title, isWide = false }) {
  const sale = useSale();
  const isWatched = sale.watching.value.has(number);
  const count = sale.watchers.value[number] ?? 0;
  async function turn(event) {
    event.preventDefault();
    if (!person.value) {
      sale.entry.value = { why: "Sign in to keep a list of lots." };
      return;
    }
    try {
      await sale.watch(number, !isWatched);
    } catch (error) {
      toast(error.message, { kind: "lost" });
    }
  }
  const label = `Watch ${title}`;
  return html`<${Button}
    kind="quiet"
    class=${`heart ${isWatched ? "on" : ""}`}
    aria-pressed=${isWatched ? "true" : "false"}
    aria-label=${isWide ? undefined : label}
    title=${label}
    onClick=${turn}
  >
    <${Icon} name="heart" size=${22} isFull=${isWatched} />
    ${isWide && html`<span>${isWatched ? "Watching" : "Watch"}</span>`}
    ${isWide && count > 0 && html`<span class="muted small">${countOf(count, "watcher", "watchers")}</span>`}
  <//>`;
}
