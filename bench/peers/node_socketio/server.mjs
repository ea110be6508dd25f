// The peer that most teams would build: Express and Socket.IO, a bid decided by a Lua script in
// Redis, PostgreSQL written behind. What it promises less stands in README.md.
//
//   PGHOST=... PGUSER=... PGDATABASE=... REDIS_SOCKET=... node server.mjs
//
// Without them it only fans out.

import { createServer } from "node:http";
import express from "express";
import { Redis } from "ioredis";
import pg from "pg";
import { Server } from "socket.io";

const ROOM = "lot";
const SHOW_MS = 20; // screens are shown the newest price so often, not every bid
const WRITE_MS = 10; // bids are written to PostgreSQL so often, together

const BID = `
local price = tonumber(redis.call("HGET", KEYS[1], "price") or "0")
local amount = tonumber(ARGV[1])
if amount <= price then return {0, price} end
redis.call("HSET", KEYS[1], "price", amount, "leader", ARGV[2])
return {1, amount}
`;

const app = express();
app.get("/alive", (request, response) => response.send("alive"));
const http = createServer(app);
const io = new Server(http, {
  transports: ["websocket"],
  perMessageDeflate: false,
  httpCompression: false,
  serveClient: false,
});

const stores = process.env.REDIS_SOCKET ? await openStores() : null;
const shown = new Map();
const unwritten = [];

io.on("connection", (socket) => {
  socket.join(ROOM);
  socket.on("publish", (text) => io.to(ROOM).emit("feed", text));
  socket.on("bid", async (lot, amount, paddle, answer) => {
    const [accepted, price] = await stores.redis.bid(`lot:${lot}`, amount, paddle);
    answer({ accepted: accepted === 1, price });
    if (accepted === 1) {
      show(lot, price, paddle);
      unwritten.push([lot, price, paddle]);
    }
  });
});

function show(lot, price, leader) {
  if (shown.size === 0) {
    setTimeout(() => {
      for (const [number, state] of shown) io.to(ROOM).emit("price", { lot: number, ...state });
      shown.clear();
    }, SHOW_MS);
  }
  const known = shown.get(lot);
  if (known === undefined || known.price < price) shown.set(lot, { price, leader });
}

async function openStores() {
  const redis = new Redis(process.env.REDIS_SOCKET, { enableAutoPipelining: true });
  redis.defineCommand("bid", { numberOfKeys: 1, lua: BID });
  const pool = new pg.Pool({ max: 2 });
  await pool.query(
    "CREATE TABLE IF NOT EXISTS peer_bids_behind (lot int, amount bigint, paddle int)",
  );
  writeForever(pool);
  return { redis, pool };
}

async function writeForever(pool) {
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, WRITE_MS));
    const batch = unwritten.splice(0);
    if (batch.length > 0) {
      const columns = [0, 1, 2].map((column) => batch.map((bid) => bid[column]));
      await pool.query({
        name: "write",
        text: `INSERT INTO peer_bids_behind
          SELECT * FROM unnest($1::int[], $2::bigint[], $3::int[])`,
        values: columns,
      });
    }
  }
}

http.listen({ port: 0, host: "127.0.0.1", backlog: 4096 }, () => {
  console.log(`serving on http://127.0.0.1:${http.address().port}`);
});
process.on("SIGTERM", () => process.exit(0));
