// Sends messages of many sizes and both kinds to an echo and holds the answers against them, then a
// Ping, then a Close: a client that shares no code with the server. Exits 0 when all came back.
//
//   node echo.mjs URL

import { once } from "node:events";
import { createRequire } from "node:module";
import process from "node:process";

const require = createRequire(new URL("../node/package.json", import.meta.url));
const WebSocket = require("ws");

const SIZES = [0, 1, 125, 126, 127, 65535, 65536, 1 << 20];

function fail(reason) {
  console.error(reason);
  process.exit(1);
}

const socket = new WebSocket(process.argv[2], ["saleroom.v1"]);
socket.on("error", (error) => fail(String(error)));
await once(socket, "open");
if (socket.extensions) fail(`an extension was agreed: ${socket.extensions}`);
for (const size of SIZES) {
  for (const sent of ["\u20ac".repeat(size / 3), Buffer.alloc(size, 0xfe)]) {
    socket.send(sent, { fin: false });
    socket.send(sent);
    const [data, isBinary] = await once(socket, "message");
    const wanted = Buffer.concat([Buffer.from(sent), Buffer.from(sent)]);
    if (isBinary !== Buffer.isBuffer(sent) || !wanted.equals(data)) fail(`${size}: not an echo`);
  }
}
socket.ping("there?");
const [pong] = await once(socket, "pong");
if (pong.toString() !== "there?") fail(`a Pong of ${pong}`);
socket.close(4321, "enough");
const [code, reason] = await once(socket, "close");
if (code !== 4321 || reason.toString() !== "enough") fail(`closed with ${code} ${reason}`);
