// The page of an event as donors see it.

import { Banner, ConnectionBanner } from "../parts/banner.js";
import { Button } from "../parts/button.js";
import { Icon } from "../parts/icons.js";
import { Bar, mount, pathParts } from "../parts/shell.js";
import { effect, html } from "../render.js";
import { SaleContext } from "./context.js";
import { Gallery } from "./gallery.js";
import { loadRestWhen, rest } from "./rest.js";
import { route } from "./route.js";
import { Sale } from "./sale.js";
import { tellTidings } from "./tidings.js";

const INSTALL_MS = 2_000;

const sale = new Sale(pathParts()[1]);

function App() {
  const event = sale.store.event.value;
  const title = event?.title ?? sale.about.value?.title ?? "Auction";
  const { name } = route.value;
  return html`<${SaleContext.Provider} value=${sale}>
    <${Bar}
      title=${title}
      back=${name === "lot" ? "#/" : undefined}
      below=${html`<${ConnectionBanner} connection=${sale.connection} />`}
    >
      <${Nav} />
    <//>
    <${EventBanner} />
    <${Content} />
    ${rest.value && html`<${rest.value.Entry} />`}
  <//>`;
}

function Nav() {
  const { name } = route.value;
  const { paddle } = sale.store.you.value;
  const outbid = sale.outbid.value.length;
  const here = (isHere) => (isHere ? "page" : undefined);
  return html`<nav class="nav" aria-label="Pages">
    <a class="nav-link" href="#/" aria-current=${here(name !== "mine")}><${Icon} name="gavel" /> Lots</a>
    <a class="nav-link" href="#/mine" aria-current=${here(name === "mine")}>
      <${Icon} name="person" /> My bids
      ${outbid > 0 &&
      html`<span class="dot">${outbid}<span class="visually-hidden"> outbid</span></span>`}
    </a>
    ${
      paddle === null &&
      sale.store.isKnown.value &&
      html`<button type="button" class="nav-link join" onClick=${() => (sale.entry.value = { why: null })}>
      <${Icon} name="check" /> Get a paddle
    </button>`
    }
    ${paddle !== null &&
    html`<span class="nav-paddle figures" title="Your paddle">
      <span class="visually-hidden">Your paddle: </span>${paddle}
    </span>`}
  </nav>`;
}

function EventBanner() {
  const event = sale.store.event.value;
  const said = sale.store.announcement.value;
  if (event?.status === "paused") {
    const reason = sale.store.pauseReason.value;
    return html`<${Banner} kind="warn">The sale is paused${reason ? `: ${reason}` : ""}.<//>`;
  }
  if (event?.status === "published")
    return html`<${Banner}>Bidding has not opened yet. Look around, and watch what you like.<//>`;
  if (event?.status === "closed") return html`<${Banner}>The sale is over. Thank you!<//>`;
  return said && html`<${Banner}>${said.text}<//>`;
}

function Content() {
  const { name, lot } = route.value;
  if (!sale.store.isKnown.value) return html`<${Waiting} />`;
  if (name === "lots") return html`<${Gallery} />`;
  if (rest.value === null) return html`<${Loading} />`;
  const { LotPage, Mine } = rest.value;
  return name === "lot" ? html`<${LotPage} key=${lot} number=${lot} />` : html`<${Mine} />`;
}

function Waiting() {
  const fault = sale.fault.value;
  if (fault?.code === "UNAUTHENTICATED") {
    return html`<main id="main" class="page empty">
      <h1>A private sale</h1>
      <p>Sign in, or scan the code on your card, to enter.</p>
      <${Button} kind="primary" onClick=${() => (sale.entry.value = { why: null })}>Sign in<//>
    </main>`;
  }
  if (fault) {
    return html`<main id="main" class="page empty">
      <p role="alert">${fault.message}</p>
      <${Button} onClick=${() => sale.load()}>Try again<//>
    </main>`;
  }
  return html`<${Loading} />`;
}

function Loading() {
  return html`<main id="main" class="page loading">Loading…</main>`;
}

/** Say whether more is wanted than the gallery, or that stands there. */
function wantsRest() {
  const isElsewhere = route.value.name !== "lots" || sale.entry.value !== null;
  return isElsewhere || sale.store.isKnown.value;
}

/** Install the offline shell once the sale stands on the screen, which it would come later with. */
function installOnceShown() {
  const install = () => navigator.serviceWorker.register("/worker.js").catch(() => {});
  effect(() => {
    if (sale.store.isKnown.value) setTimeout(install, INSTALL_MS);
  });
}

sale.start();
tellTidings(sale);
mount(html`<${App} />`);
loadRestWhen(wantsRest);
if ("serviceWorker" in navigator) installOnceShown();
