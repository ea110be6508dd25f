// The display: what the ballroom sees, without anybody's hand. Source: issue 7.

import { openScreen } from "../house/screen.js";
import { Stage } from "./stage.js";

openScreen(Stage);
