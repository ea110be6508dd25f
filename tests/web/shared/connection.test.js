import assert from "node:assert/strict";
import { test } from "node:test";

import { ServerClock } from "../../../saleroom/web/clock.js";
import {
  COMMAND_MS,
  Connection,
  DEAD_MS,
  ENGAGED_MS,
  IDLE_PROBE_MS,
  PENDING_MAX,
  PROBE_MS,
  VERDICT_MS,
  waitBeforeReturn,
} from "../../../saleroom/web/connection.js";

/** Time that stands still until it is moved, and sockets whose other end is the test. */
class World {
  time = 0;
  timers = [];
  sockets = [];
  isSeen = true;
  open = (url, protocol) => {
    const socket = {
      url,
      protocol,
      sent: [],
      isClosed: false,
      send: (text) => socket.sent.push(JSON.parse(text)),
      close: () => (socket.isClosed = true),
    };
    this.sockets.push(socket);
    return socket;
  };
  setTimeout = (work, ms) => {
    const timer = { at: this.time + ms, work };
    this.timers.push(timer);
    return timer;
  };
  clearTimeout = (timer) => {
    this.timers = this.timers.filter((each) => each !== timer);
  };
  now = () => this.time;
  random = () => 0.5;
  isWatched = () => this.isSeen;

  get socket() {
    return this.sockets[this.sockets.length - 1];
  }

  /** Let time pass, and everything that falls due in it happen in order. */
  async pass(ms) {
    const until = this.time + ms;
    for (;;) {
      await settle();
      const due = this.timers.filter((timer) => timer.at <= until).sort((a, b) => a.at - b.at)[0];
      if (due === undefined) break;
      this.time = Math.max(this.time, due.at);
      this.clearTimeout(due);
      due.work();
    }
    this.time = until;
    await settle();
  }

  tell(...messages) {
    this.socket.onmessage({ data: JSON.stringify(messages) });
  }

  /** Answer the pings that wait. */
  pong() {
    const ping = this.socket.sent.filter((sent) => sent.type === "ping").pop();
    this.tell({ type: "pong", re: null, t0: ping.t0, server_time: 1_000_000 + this.time });
  }

  commands() {
    return this.socket.sent.filter((sent) => sent.type === "place_bid");
  }
}

const settle = () => new Promise((resolve) => setImmediate(resolve));
const WELCOME = { type: "welcome", seq: 1, server_time: 1_000_000 };
const BID = { type: "place_bid", id: "b1", lot: 1, amount: 500 };

async function connected({ expiresIn = 60, take = () => true, hello } = {}) {
  const world = new World();
  const tokens = [];
  const token = async () => {
    tokens.push(`t${tokens.length + 1}`);
    return { token: tokens[tokens.length - 1], expires_in: expiresIn };
  };
  const connection = new Connection({
    url: "ws://x",
    token,
    clock: new ServerClock(world.now),
    hello,
    take,
    world,
  }).start();
  await greet(world);
  return { world, connection, tokens };
}

async function greet(world) {
  await settle();
  world.socket.onopen();
  world.tell(WELCOME);
  world.pong();
}

test("close codes say whether and when to come back (PROTOCOL 5)", () => {
  const half = () => 0.5;
  for (const code of [4000, 4001, 4002, 4004, 4006])
    assert.equal(waitBeforeReturn(code, 0, half), null);
  for (const code of [4100, 4101]) assert.ok(waitBeforeReturn(code, 0, () => 0) >= 1_000);
  for (const code of [4200, 4201, 4202, 4203]) assert.ok(waitBeforeReturn(code, 0, () => 1) <= 500);
  assert.ok(waitBeforeReturn(1006, 0, half) < 1_000);
  assert.ok(waitBeforeReturn(1006, 50, () => 1) <= 7_500);
  assert.notEqual(
    waitBeforeReturn(1006, 3, () => 0.1),
    waitBeforeReturn(1006, 3, () => 0.9),
  );
});

test("the hello bears a token and where to go on", async () => {
  const { world, connection } = await connected({
    hello: () => ({ resume: { epoch: "x", seq: 9 } }),
  });
  assert.deepEqual(world.socket.sent[0], {
    type: "hello",
    token: "t1",
    resume: { epoch: "x", seq: 9 },
  });
  assert.equal(connection.status.value, "open");
});

test("a line that is dead though the socket looks alive is told within a second", async () => {
  const { world, connection } = await connected();
  await world.pass(PROBE_MS + VERDICT_MS - 1);
  assert.equal(connection.status.value, "open");
  await world.pass(1);
  assert.equal(connection.status.value, "unsure");
  assert.ok(PROBE_MS + VERDICT_MS <= 1_000);
});

test("an answer that comes late mends the line without a new socket", async () => {
  const { world, connection } = await connected();
  await world.pass(PROBE_MS + VERDICT_MS + 500);
  world.pong();
  assert.equal(connection.status.value, "open");
  assert.equal(world.sockets.length, 1);
});

test("a line without any answer is left, and opened anew", async () => {
  const { world, connection } = await connected();
  await world.pass(PROBE_MS + DEAD_MS);
  assert.equal(connection.status.value, "lost");
  await world.pass(1_000);
  assert.equal(world.sockets.length, 2);
  assert.ok(world.sockets[0].isClosed);
});

test("a page that nobody uses asks less often", async () => {
  const { world } = await connected();
  for (let waited = 0; waited < ENGAGED_MS + PROBE_MS; waited += PROBE_MS) {
    await world.pass(PROBE_MS);
    world.pong();
  }
  const before = world.socket.sent.length;
  await world.pass(IDLE_PROBE_MS - 1);
  assert.equal(world.socket.sent.length, before);
  await world.pass(1);
  assert.equal(world.socket.sent.length, before + 1);
});

test("a command without an answer is sent again under its id on the next socket", async () => {
  const { world, connection } = await connected();
  const answer = connection.send(BID);
  assert.equal(world.commands().length, 1);
  world.socket.onclose({ code: 1006 });
  assert.equal(connection.status.value, "lost");
  await world.pass(1_000);
  await greet(world);
  assert.deepEqual(world.commands(), [BID]);
  world.tell({ type: "ack", re: "b1", as_of: 2 });
  assert.equal((await answer).type, "ack");
  assert.equal(connection.pending.size, 0);
});

test("a command given while the line is down leaves when it is back", async () => {
  const { world, connection } = await connected();
  world.socket.onclose({ code: 4200 });
  connection.send(BID);
  await world.pass(500);
  await greet(world);
  assert.deepEqual(world.commands(), [BID]);
});

test("a temporary refusal is not the answer: the same id goes again", async () => {
  const { world, connection } = await connected();
  const answer = connection.send(BID);
  world.tell({
    type: "nack",
    re: "b1",
    code: "OUTCOME_UNKNOWN",
    temporary: true,
    retry_after_ms: 300,
  });
  await world.pass(299);
  assert.equal(world.commands().length, 1);
  await world.pass(1);
  assert.deepEqual(world.commands(), [BID, BID]);
  world.tell({ type: "nack", re: "b1", code: "BID_TOO_LOW", temporary: false });
  assert.equal((await answer).code, "BID_TOO_LOW");
});

test("no command waits for ever, and the failure says whether it may have been taken", async () => {
  const { world, connection } = await connected();
  const sent = connection.send(BID);
  world.socket.onclose({ code: 1006 });
  const unsent = connection.send({ ...BID, id: "b2" });
  await world.pass(COMMAND_MS);
  assert.deepEqual([(await sent).code, (await sent).wasSent], ["NO_ANSWER", true]);
  assert.deepEqual([(await unsent).code, (await unsent).wasSent], ["NO_ANSWER", false]);
});

test("commands that wait are bounded", async () => {
  const { connection } = await connected();
  for (let count = 0; count < PENDING_MAX; count += 1) connection.send({ ...BID, id: `b${count}` });
  assert.equal((await connection.send({ ...BID, id: "more" })).code, "NO_ANSWER");
  assert.equal(connection.pending.size, PENDING_MAX);
});

test("who is sent away for good does not come back, and what waits fails", async () => {
  const { world, connection } = await connected();
  const answer = connection.send(BID);
  world.socket.onclose({ code: 4004 });
  assert.equal(connection.status.value, "refused");
  assert.equal((await answer).code, "NO_ANSWER");
  await world.pass(60_000);
  assert.equal(world.sockets.length, 1);
});

test("a token that is not believed is tried anew once", async () => {
  const { world, connection, tokens } = await connected();
  world.socket.onclose({ code: 4001 });
  await world.pass(1);
  assert.equal(tokens.length, 2);
  world.socket.onclose({ code: 4001 });
  await world.pass(60_000);
  assert.deepEqual([connection.status.value, world.sockets.length], ["refused", 2]);
});

test("the token is renewed before it ends", async () => {
  const { world } = await connected({ expiresIn: 3 });
  await world.pass(2_000);
  const renewals = world.socket.sent.filter((sent) => sent.type === "refresh");
  assert.deepEqual(renewals, [{ type: "refresh", token: "t2" }]);
});

test("a gap in the feed opens the socket anew, at once", async () => {
  const { world } = await connected({ take: (message) => message.type !== "feed" });
  world.tell({ type: "feed", from: 9, to: 9, events: [] });
  await world.pass(500);
  assert.equal(world.sockets.length, 2);
});

test("nothing that an old socket says is heard", async () => {
  const heard = [];
  const { world, connection } = await connected({
    take: (message) => heard.push(message.type) > 0,
  });
  const old = world.socket;
  connection.reconnect();
  await greet(world);
  assert.equal(old.onmessage, null);
  assert.deepEqual(heard, ["welcome", "welcome"]);
});
