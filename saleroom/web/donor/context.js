// The sale that the parts of the donor's page are about.

import { createContext, useContext } from "../render.js";

export const SaleContext = createContext(null);

export function useSale() {
  return useContext(SaleContext);
}
