// A service whose breaker is opossum: `service.js --upstream URL --config NAME`. GET /call asks the
// upstream through the breaker. It prints the port it listens on and ends when its input ends.
"use strict";

const http = require("node:http");
const { parseArgs } = require("node:util");
const CircuitBreaker = require("opossum");

const CONFIGURATIONS = {
  // The breaker itself watches the clock. It lets go of a call that is late, but does not end it:
  // the request stays on the wire until the upstream answers or closes.
  watched: {
    breaker: { errorThresholdPercentage: 60, volumeThreshold: 6, resetTimeout: 2000, timeout: 800 },
  },
  // The client has the time limit, the window is shorter, and a 404 counts as a success.
  filtered: {
    limit: 600,
    breaker: {
      errorThresholdPercentage: 40,
      volumeThreshold: 5,
      resetTimeout: 1500,
      rollingCountTimeout: 6000,
      rollingCountBuckets: 6,
      timeout: false,
      errorFilter: (error) => error.status === 404,
    },
  },
};

const { values } = parseArgs({
  options: { upstream: { type: "string" }, config: { type: "string", default: "watched" } },
});
const configuration = CONFIGURATIONS[values.config];
if (!configuration || !values.upstream) {
  console.error(`service.js --upstream URL --config ${Object.keys(CONFIGURATIONS).join("|")}`);
  process.exit(2);
}

async function ask() {
  const signal = configuration.limit ? AbortSignal.timeout(configuration.limit) : undefined;
  const answer = await fetch(values.upstream, { signal });
  const body = await answer.text();
  if (!answer.ok) {
    throw Object.assign(new Error(`answered ${answer.status}`), { status: answer.status });
  }
  return body;
}

const breaker = new CircuitBreaker(ask, configuration.breaker);

const server = http.createServer((request, response) => {
  const say = (status, body) => response.writeHead(status).end(body);
  if (request.method !== "GET" || request.url !== "/call") return say(404, "there is GET /call");
  return breaker.fire().then(
    (body) => say(200, body),
    (error) => (error.code === "EOPENBREAKER" ? say(503, "open") : say(500, error.message)),
  );
});
server.listen(0, "127.0.0.1", () => console.log(`listening ${server.address().port}`));
process.stdin.resume().on("end", () => process.exit(0));
