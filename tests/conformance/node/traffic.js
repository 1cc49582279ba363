"use strict";

const assert = require("node:assert");
const { beforeEach, test } = require("node:test");
const { Connection, add, create, removeAll, rest, says, serve, trip } = require("./server");

beforeEach(removeAll);

/** A proxy in front of a server, and one connection through it. */
async function through(t, handle) {
  const proxy = await create("p", await serve(t, handle));
  return { proxy, connect: () => new Connection(t, proxy.listen) };
}

test("bytes come back as they were sent", async (t) => {
  const { proxy } = await through(t);
  await trip(t, proxy, "hello".repeat(20_000));
});

test("latency of both directions adds up", async (t) => {
  const { proxy } = await through(t);
  await add(proxy, "latency", { latency: 100 });
  await add(proxy, "latency", { latency: 150 }, "upstream");
  assert((await trip(t, proxy, "x")) >= 249);
});

test("bandwidth holds its rate", async (t) => {
  const { proxy } = await through(t);
  await add(proxy, "bandwidth", { rate: 100 }, "upstream");
  assert((await trip(t, proxy, "x".repeat(40_000))) >= 389);
});

test("rate 0 holds, and removal lets go", async (t) => {
  const { proxy, connect } = await through(t);
  const connection = connect();
  connection.send("a");
  await connection.receives("a");
  const down = await add(proxy, "bandwidth", { rate: 0 });
  const up = await add(proxy, "bandwidth", { rate: 0 }, "upstream");
  connection.send("b");
  await rest(300);
  assert.deepStrictEqual([connection.data, connection.ended], ["a", null]);
  await up.remove();
  await down.remove();
  await connection.receives("ab");
});

test("timeout drops, and closes in time", async (t) => {
  const { proxy, connect } = await through(t);
  await add(proxy, "timeout", { timeout: 300 });
  const start = Date.now();
  const connection = connect();
  connection.send("lost");
  await connection.end();
  assert.strictEqual(connection.data, "");
  assert(Date.now() - start >= 290);
});

test("timeout 0 closes when it is removed", async (t) => {
  const { proxy, connect } = await through(t);
  const toxic = await add(proxy, "timeout", { timeout: 0 }, "upstream");
  const connection = connect();
  connection.send("lost");
  await rest(300);
  assert.strictEqual(connection.ended, null);
  await toxic.remove();
  await connection.end();
  assert.strictEqual(connection.data, "");
});

test("reset_peer is ECONNRESET", async (t) => {
  for (const stream of ["upstream", "downstream"]) {
    const { proxy, connect } = await through(t);
    await add(proxy, "reset_peer", { timeout: 0 }, stream);
    const connection = connect();
    connection.send("x");
    assert.strictEqual(await connection.end(), "ECONNRESET");
    await proxy.remove();
  }
});

test("reset_peer on an open connection", async (t) => {
  const { proxy, connect } = await through(t);
  const connection = connect();
  connection.send("x");
  await connection.receives("x");
  await add(proxy, "reset_peer", { timeout: 0 });
  if (says(true, false)) connection.send("y"); // it waits for data
  assert.strictEqual(await connection.end(), says("end", "ECONNRESET"));
});

test("slicer loses nothing", async (t) => {
  const { proxy } = await through(t);
  await add(proxy, "slicer", { average_size: 100, size_variation: 50, delay: 10 });
  await trip(t, proxy, "0123456789".repeat(2000));
});

test("limit_data closes at its limit", async (t) => {
  const { proxy, connect } = await through(t, (socket) => socket.end("0123456789"));
  await add(proxy, "limit_data", { bytes: 4 });
  const connection = connect();
  await connection.end();
  assert.strictEqual(connection.data, "0123");
});

test("slow_close delays only the end", async (t) => {
  const { proxy, connect } = await through(t, (socket) => socket.end("done"));
  await add(proxy, "slow_close", { delay: 400 });
  const start = Date.now();
  const connection = connect();
  await connection.receives("done");
  assert.strictEqual(await connection.end(), "end");
  assert(Date.now() - start >= 399);
});

test("toxicity 0 touches nothing, 1 everything", async (t) => {
  const { proxy, connect } = await through(t);
  const toxic = await add(proxy, "limit_data", { bytes: 0 }, "downstream", 0);
  for (let i = 0; i < 5; i++) await trip(t, proxy, "x");
  await toxic.update({ attributes: { bytes: 0 }, toxicity: 1 });
  for (let i = 0; i < 5; i++) {
    const connection = connect();
    connection.send("x");
    await connection.end();
    assert.strictEqual(connection.data, "");
  }
});

test("disabling ends connections and refuses new ones", async (t) => {
  const { proxy, connect } = await through(t);
  const connection = connect();
  connection.send("x");
  await connection.receives("x");
  const { listen, upstream } = proxy;
  await proxy.update({ enabled: false, listen, upstream });
  assert.strictEqual(await connection.end(), "end");
  assert.strictEqual(await connect().end(), "ECONNREFUSED");
  await proxy.update({ enabled: true, listen, upstream });
  await trip(t, proxy, "back");
});
