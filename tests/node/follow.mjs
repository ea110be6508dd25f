// Follows one event to the hammer of one lot, and bids on it: a client that shares no code with the
// server. Prints one JSON object when the lot is sold; exits 1 on any breach of the protocol.
//
//   node follow.mjs URL TOKEN LOT AMOUNT

import process from "node:process";
import WebSocket from "ws";

const [url, token, lotText, amountText] = process.argv.slice(2);
const lot = Number(lotText);
const amount = Number(amountText);
const socket = new WebSocket(url, ["saleroom.v1"]);
const facts = [];
let seq = null;
let ack = null;
let won = null;

function fail(reason) {
  console.error(reason);
  process.exit(1);
}

function bid() {
  socket.send(JSON.stringify({ type: "place_bid", id: "node-1", lot, amount }));
}

function take(message) {
  switch (message.type) {
    case "welcome":
      seq = message.seq;
      console.log(JSON.stringify({ ready: true, you: message.you }));
      if (message.snapshot.lots.some((each) => each.lot === lot && each.state === "open")) bid();
      break;
    case "feed":
      if (message.from !== seq + 1) fail(`a gap: expected ${seq + 1}, got ${message.from}`);
      seq = message.to;
      for (const fact of message.events) {
        facts.push(fact.type);
        if (fact.type === "lot_opened" && fact.lot === lot) bid();
        if (fact.type === "item_sold" && fact.lot === lot) {
          setImmediate(() => {
            console.log(JSON.stringify({ sold: fact, facts, ack, won, protocol: socket.protocol }));
            socket.close(1000);
          });
        }
      }
      break;
    case "ack":
      ack = message;
      break;
    case "nack":
      fail(`refused: ${JSON.stringify(message)}`);
      break;
    case "won":
      won = message;
      break;
  }
}

socket.on("open", () => socket.send(JSON.stringify({ type: "hello", token })));
socket.on("message", (data, isBinary) => {
  if (isBinary) fail("a binary frame");
  const messages = JSON.parse(data.toString());
  if (!Array.isArray(messages)) fail("a frame that is no array");
  messages.forEach(take);
});
socket.on("close", (code) => process.exit(code === 1000 ? 0 : 1));
socket.on("error", (error) => fail(String(error)));
