// The service worker: an offline shell for the pages of donors.
//
// Owns: the files of its own release, and one page to show without a network. Invariant: nothing of
// the API, no page that somebody was shown and no token is ever kept; what is kept is what anybody
// may fetch. A new release throws the old one's files away.

const CACHE = "saleroom-{{release}}";
const BASE = "/web/{{release}}/";
const SHELL = {{shell}};
const OFFLINE = `${BASE}offline.html`;

self.addEventListener("install", (event) => {
  event.waitUntil(
    caches
      .open(CACHE)
      .then((cache) => cache.addAll([...SHELL, OFFLINE]))
      .then(() => self.skipWaiting()),
  );
});

self.addEventListener("activate", (event) => {
  event.waitUntil(
    caches
      .keys()
      .then((names) => names.filter((name) => name !== CACHE))
      .then((old) => Promise.all(old.map((name) => caches.delete(name))))
      .then(() => self.clients.claim()),
  );
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET") return;
  const url = new URL(request.url);
  if (url.origin !== location.origin) return;
  if (url.pathname.startsWith(BASE)) {
    event.respondWith(caches.match(request).then((kept) => kept ?? fetch(request)));
  } else if (request.mode === "navigate") {
    event.respondWith(fetch(request).catch(offline));
  }
});

/** Give the page that is shown without a network, whose style stands at this release's address. */
async function offline() {
  const page = await (await caches.match(OFFLINE)).text();
  const headers = { "Content-Type": "text/html; charset=utf-8" };
  return new Response(page.replaceAll("{{base}}/", BASE), { headers });
}
