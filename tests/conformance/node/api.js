"use strict";

const assert = require("node:assert");
const { beforeEach, test } = require("node:test");
const { add, create, removeAll, toxiproxy } = require("./server");

beforeEach(removeAll);

const fails = (status) => ({ message: `Request failed with status code ${status}` });

test("the version is JSON with one member", async () => {
  assert.match(await toxiproxy.getVersion(), /^\{"version": "[^"]+"\}\n$/);
});

test("a proxy is created and got back", async () => {
  const proxy = await create("p", "localhost:6379", "localhost:0");
  assert.match(proxy.listen, /^127\.0\.0\.1:[1-9]\d*$/);
  const same = await toxiproxy.get("p");
  assert.deepStrictEqual(same.toJson(), {
    enabled: true, listen: proxy.listen, name: "p", upstream: "localhost:6379",
  });
});

test("a proxy that is not there is 404", async () => {
  await assert.rejects(toxiproxy.get("none"), fails(404));
});

test("a name that is taken is 409", async () => {
  await create("p");
  await assert.rejects(create("p"), fails(409));
});

test("a missing upstream is 400", async () => {
  await assert.rejects(toxiproxy.createProxy({ name: "p", listen: "127.0.0.1:0" }), fails(400));
});

test("a taken port is 500", async () => {
  const { listen } = await create("p");
  await assert.rejects(create("q", "a:1", listen), fails(500));
});

test("a proxy is disabled, enabled with another upstream, and removed", async () => {
  const proxy = await create("p");
  const { listen, upstream } = proxy;
  const disabled = await proxy.update({ enabled: false, listen, upstream });
  assert.strictEqual(disabled.enabled, false);
  const enabled = await proxy.update({ enabled: true, listen, upstream: "somehost:12345" });
  assert.strictEqual(enabled.enabled, true);
  assert.strictEqual(enabled.upstream, "somehost:12345");
  assert.strictEqual(enabled.listen, listen);
  await proxy.remove();
  await assert.rejects(proxy.remove(), fails(404));
  assert.deepStrictEqual(await toxiproxy.getAll(), {});
});

test("all proxies come under their names", async () => {
  await toxiproxy.populate([
    { name: "b", listen: "127.0.0.1:0", upstream: "localhost:6379" },
    { name: "a", listen: "localhost:0", upstream: "localhost:12345" },
  ]);
  const all = await toxiproxy.getAll();
  assert.deepStrictEqual(Object.keys(all), ["a", "b"]);
  assert.strictEqual(all.a.name, "a");
  assert.strictEqual(all.b.upstream, "localhost:6379");
});

test("populate gives proxies that work, and leaves the same alone", async () => {
  const body = { name: "p", listen: "127.0.0.1:0", upstream: "localhost:6379" };
  const { p } = await toxiproxy.populate([body]);
  await add(p, "latency", { latency: 1 });
  const again = await toxiproxy.populate([{ ...body, listen: p.listen }]);
  assert.strictEqual(again.p.listen, p.listen);
  assert.strictEqual((await p.getToxic("latency_downstream")).attributes.latency, 1);
  await again.p.remove();
});

test("populate with an incomplete entry is 400 and creates nothing", async () => {
  const good = { name: "p", listen: "127.0.0.1:0", upstream: "a:1" };
  await assert.rejects(toxiproxy.populate([good, { name: "q" }]), fails(400));
  assert.deepStrictEqual(await toxiproxy.getAll(), {});
});

test("reset enables and removes toxics", async () => {
  const proxy = await create("p");
  await add(proxy, "latency");
  await proxy.update({ enabled: false, listen: proxy.listen, upstream: proxy.upstream });
  await toxiproxy.reset();
  assert.strictEqual((await toxiproxy.get("p")).enabled, true);
  await assert.rejects(proxy.getToxic("latency_downstream"), fails(404));
});

test("a toxic is created, read, updated and removed", async () => {
  const proxy = await create("p");
  const toxic = await proxy.addToxic({
    attributes: { latency: 1000, jitter: 100 }, name: "", stream: "downstream", toxicity: 1,
    type: "latency",
  });
  assert.deepStrictEqual(toxic.toJson(), {
    attributes: { latency: 1000, jitter: 100 }, name: "latency_downstream", stream: "downstream",
    toxicity: 1, type: "latency",
  });
  assert.deepStrictEqual((await proxy.getToxic(toxic.name)).toJson(), toxic.toJson());
  const updated = await toxic.update({ attributes: { latency: 12345, jitter: 42 }, toxicity: 0.5 });
  assert.deepStrictEqual(updated.attributes, { latency: 12345, jitter: 42 });
  assert.strictEqual(updated.toxicity, 0.5);
  await toxic.remove();
  await assert.rejects(toxic.remove(), fails(404));
});

test("a toxic that is there already is 409, one of no type 400", async () => {
  const proxy = await create("p");
  await add(proxy, "latency");
  await assert.rejects(add(proxy, "latency"), fails(409));
  await assert.rejects(add(proxy, "nonsense"), fails(400));
  await assert.rejects(add(proxy, "latency", {}, "sideways"), fails(400));
});

const TYPES = {
  latency: { latency: 1000, jitter: 100 },
  bandwidth: { rate: 1000 },
  slow_close: { delay: 1000 },
  timeout: { timeout: 5000 },
  slicer: { average_size: 1000, size_variation: 500, delay: 1000 },
  reset_peer: { timeout: 1000 },
  limit_data: { bytes: 42 },
};
for (const [type, attributes] of Object.entries(TYPES)) {
  test(`${type} keeps its attributes in both directions`, async () => {
    const proxy = await create("p");
    for (const stream of ["upstream", "downstream"]) {
      const toxic = await add(proxy, type, attributes, stream);
      assert.strictEqual(toxic.type, type);
      assert.strictEqual(toxic.stream, stream);
      assert.deepStrictEqual(toxic.attributes, attributes);
    }
  });
}
