// The parts of the donor's page that `rest.js` loads together.

export { Entry } from "./entry.js";
export { LotPage } from "./lot_page.js";
export { Mine } from "./mine.js";
