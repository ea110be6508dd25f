// Plain fan-out over Node's ws: what a publisher sends, every listener gets.

import { createServer } from "node:http";
import { WebSocket, WebSocketServer } from "ws";

const http = createServer();
const sockets = new WebSocketServer({ server: http, perMessageDeflate: false });
const listeners = new Set();

sockets.on("connection", (socket, request) => {
  if (request.url === "/publish") {
    socket.on("message", (text) => {
      for (const listener of listeners) {
        if (listener.readyState === WebSocket.OPEN) listener.send(text, { binary: false });
      }
    });
    return;
  }
  listeners.add(socket);
  socket.on("close", () => listeners.delete(socket));
});

http.listen({ port: 0, host: "127.0.0.1", backlog: 4096 }, () => {
  console.log(`serving on http://127.0.0.1:${http.address().port}`);
});
process.on("SIGTERM", () => process.exit(0));
