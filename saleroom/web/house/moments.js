// The moments just past, as a signal that follows an event's feed.

import { signal } from "../vendor/signals-core.js";
import { NO_MOMENTS, noteMoment } from "./scene.js";

/** Give the signal, for a page's life. */
export function momentsOf(store) {
  const moments = signal(NO_MOMENTS);
  store.listen((told) => {
    if (told.seq === undefined || told.type === "welcome") return;
    moments.value = noteMoment(moments.value, told, store.lot(told.lot)?.value);
  });
  return moments;
}
