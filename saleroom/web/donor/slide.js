// The slide that confirms a bid: drawn across by a finger, or pressed twice.
//
// Owns: the one gesture by which money is promised. Invariant: nothing is confirmed by one touch; a
// second press counts only after `REST_MS`, so that a double tap by mistake confirms nothing; a gesture
// that the browser takes over is given up; when what is confirmed changes (`of`), it starts anew.
// Source: WCAG 2.2, 2.5.7 and 3.3.4.

import { html, useEffect, useLayoutEffect, useRef, useState } from "../render.js";
import { Icon } from "../parts/icons.js";
import { speak } from "../parts/toast.js";

const REST_MS = 400;
const ARMED_MS = 5_000;
const ENOUGH = 0.9;

/** of: what is confirmed, compared; label: what it is called; isBusy: an answer is awaited. */
export function Slide({ of, label, isBusy, disabled, onConfirm }) {
  const track = useRef(null);
  const drag = useRef(null);
  const wasDragged = useRef(false);
  const [share, setShare] = useState(0);
  const [armedAt, setArmedAt] = useState(null);
  useLayoutEffect(() => {
    drag.current = null;
    setShare(0);
    setArmedAt(null);
  }, [of]);
  useEffect(() => {
    if (armedAt === null) return undefined;
    const timer = setTimeout(() => setArmedAt(null), ARMED_MS);
    return () => clearTimeout(timer);
  }, [armedAt]);

  const isOff = disabled || isBusy;
  function begin(event) {
    wasDragged.current = false;
    if (isOff || event.button > 0) return;
    const { width } = track.current.getBoundingClientRect();
    drag.current = { from: event.clientX, length: width - 56, share: 0 };
    track.current.setPointerCapture(event.pointerId);
  }
  function move(event) {
    if (drag.current === null) return;
    const now = Math.min(1, Math.max(0, (event.clientX - drag.current.from) / drag.current.length));
    drag.current.share = now;
    if (now > 0.03) wasDragged.current = true;
    setShare(now);
  }
  function end() {
    const isThrough = drag.current !== null && drag.current.share >= ENOUGH;
    giveUp();
    if (isThrough) confirm();
  }
  function giveUp() {
    drag.current = null;
    setShare(0);
  }
  function press(event) {
    const isKey = event.detail === 0;
    if (isOff || (wasDragged.current && !isKey)) return;
    const now = performance.now();
    if (armedAt !== null && now - armedAt >= REST_MS) {
      confirm();
    } else if (armedAt === null) {
      setArmedAt(now);
      speak(`Press again to confirm: ${label}`);
    }
  }
  function confirm() {
    setArmedAt(null);
    onConfirm();
  }

  const words = isBusy
    ? "Sending…"
    : armedAt === null
      ? `Slide to ${label}`
      : `Press again to ${label}`;
  return html`<button
    ref=${track}
    type="button"
    class=${`slide ${armedAt === null ? "" : "armed"} ${isBusy ? "busy" : ""}`}
    disabled=${disabled}
    aria-disabled=${isOff ? "true" : undefined}
    onPointerDown=${begin}
    onPointerMove=${move}
    onPointerUp=${end}
    onPointerCancel=${giveUp}
    onClick=${press}
  >
    <span class="slide-fill" style=${{ width: `calc(3.5rem + ${share} * (100% - 3.5rem))` }}></span>
    <span class="slide-thumb" style=${{ left: `calc(${share} * (100% - 3.5rem))` }}>
      ${isBusy ? html`<span class="spinner"></span>` : html`<${Icon} name="next" size=${24} />`}
    </span>
    <span class="slide-words">${words}</span>
  </button>`;
}
