// What the Node suites share: the client of the server that TOXIPROXY_URL names, and small TCP
// servers and clients. CONFORMANCE_SERVER says which server it is, "faultline" (default) or
// "toxiproxy".
"use strict";

const assert = require("node:assert");
const net = require("node:net");
const { Toxiproxy } = require("toxiproxy-node-client");

assert(process.env.TOXIPROXY_URL, "TOXIPROXY_URL is not set; it names the server under test");
const toxiproxy = new (Toxiproxy.default ?? Toxiproxy)(process.env.TOXIPROXY_URL);

const says = (forToxiproxy, forFaultline) =>
  process.env.CONFORMANCE_SERVER === "toxiproxy" ? forToxiproxy : forFaultline;

async function removeAll() {
  for (const proxy of Object.values(await toxiproxy.getAll())) await proxy.remove();
}

const create = (name, upstream = "127.0.0.1:1", listen = "127.0.0.1:0") =>
  toxiproxy.createProxy({ name, listen, upstream });

const add = (proxy, type, attributes = {}, stream = "downstream", toxicity = 1) =>
  proxy.addToxic({ type, name: `${type}_${stream}`, stream, toxicity, attributes });

/** Serves each connection with `handle(socket)`; ends with the test `t`. Gives "host:port". */
async function serve(t, handle = (socket) => socket.pipe(socket)) {
  const sockets = new Set();
  const server = net.createServer((socket) => {
    sockets.add(socket.on("error", () => {}));
    handle(socket);
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((done) => server.close(done));
  });
  return `127.0.0.1:${server.address().port}`;
}

/** A connection whose bytes are in `data`, and whose end is in `ended`: "end" or an error's code. */
class Connection {
  constructor(t, listen) {
    const [host, port] = listen.split(":");
    this.data = "";
    this.ended = null;
    this.socket = net.connect(Number(port), host);
    this.socket.setNoDelay(true);
    this.socket.on("data", (data) => (this.data += data));
    this.socket.on("end", () => (this.ended ??= "end"));
    this.socket.on("error", (error) => (this.ended ??= error.code));
    t.after(() => this.socket.destroy());
  }

  send(text) {
    this.socket.write(text);
  }

  /** Waits until the condition holds; looks again whenever something came. */
  async until(condition, what) {
    const deadline = Date.now() + 30_000;
    while (!condition()) {
      assert(Date.now() < deadline, `${what}; data "${this.data}", ended ${this.ended}`);
      await rest(2);
    }
  }

  receives(text) {
    return this.until(() => this.data.length >= text.length, `"${text}" did not come`)
      .then(() => assert.strictEqual(this.data, text));
  }

  end() {
    return this.until(() => this.ended, "no end").then(() => this.ended);
  }
}

const rest = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

/** Milliseconds until this much text has come back from an echo. */
async function trip(t, proxy, text) {
  const connection = new Connection(t, proxy.listen);
  const start = process.hrtime.bigint();
  connection.send(text);
  await connection.receives(text);
  return Number(process.hrtime.bigint() - start) / 1e6;
}

module.exports = { Connection, add, create, removeAll, rest, says, serve, toxiproxy, trip };
