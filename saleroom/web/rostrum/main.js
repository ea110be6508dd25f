// The rostrum: what the auctioneer reads at a glance, with nothing to touch. Source: issue 7.

import { openScreen } from "../house/screen.js";
import { Rostrum } from "./rostrum.js";

openScreen(Rostrum);
