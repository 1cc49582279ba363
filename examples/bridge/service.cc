#include "service.h"

#include <string_view>

#include "events.h"
#include "json_text.h"

namespace bridge {
namespace {

constexpr std::string_view webhooks = "/webhooks/";
constexpr std::string_view providers[] = {"oura", "whoop", "healthkit"};

Response plain(int status, std::string body) {
  Response response;
  response.status = status;
  response.body = std::move(body);
  return response;
}

Response wrong_method(std::string allowed) {
  auto response = plain(405, "{\"status\":\"refused\",\"error\":\"method not allowed\"}\n");
  response.headers.emplace_back("Allow", std::move(allowed));
  return response;
}

}  // namespace

Service::Service(const Options& options, Pipeline& pipeline, PgPool& pool, Metrics& metrics)
    : options_(options), pipeline_(pipeline), pool_(pool), metrics_(metrics) {}

Response Service::answer(const Request& request) {
  auto response = route(request);
  response.headers.emplace_back("X-Node", options_.node);
  return response;
}

Response Service::route(const Request& request) {
  if (request.path.starts_with(webhooks)) {
    const auto name = std::string_view(request.path).substr(webhooks.size());
    for (const auto provider : providers) {
      if (name != provider) continue;
      return request.method == "POST" ? webhook(request, provider) : wrong_method("POST");
    }
  }
  const bool reading = request.method == "GET" || request.method == "HEAD";
  const auto serve = [&](auto&& respond) {
    return reading ? respond() : wrong_method("GET, HEAD");
  };
  if (request.path == "/health") return serve([this] { return health(); });
  if (request.path == "/health/live")
    return serve([] { return plain(200, "{\"status\":\"ok\"}\n"); });
  if (request.path == "/health/ready") return serve([this] { return ready(); });
  if (request.path == "/metrics") return serve([this] { return metrics(); });
  return plain(404, "{\"status\":\"refused\",\"error\":\"no such route\"}\n");
}

Response Service::webhook(const Request& request, std::string_view provider) {
  if (draining_) return pipeline_.refusal(Reason::draining);
  return pipeline_.accept(provider, request.body);
}

Response Service::health() const {
  const bool up = pool_.up();
  const std::chrono::duration<double> uptime = Clock::now() - started_;
  return plain(200, std::string("{\"status\":\"") + (up ? "ok" : "degraded") +
                        "\",\"service\":\"bridge\",\"uptime\":" + seconds_text(uptime.count()) +
                        ",\"timestamp\":" + quoted(wall_time()) + ",\"deps\":{\"pg\":\"" +
                        (up ? "up" : "down") + "\"}}\n");
}

// A shared dependency must not take every node out of rotation, so readiness follows PostgreSQL
// only on request. Before the schema is there, though, no node can do anything.
Response Service::ready() const {
  std::string_view reason;
  if (draining_) {
    reason = reason_text(Reason::draining);
  } else if (!pool_.prepared() || (options_.ready_pg && !pool_.up())) {
    reason = reason_text(Reason::pg);
  }
  if (reason.empty()) return plain(200, "{\"status\":\"ready\"}\n");
  auto response = plain(503, "{\"status\":\"not ready\",\"reason\":" + quoted(reason) + "}\n");
  response.headers = {{"X-Reason", std::string(reason)}, {"Retry-After", "1"}};
  return response;
}

Response Service::metrics() const {
  auto response = plain(200, metrics_.render(variant(options_.bugs)));
  response.content_type = "text/plain; version=0.0.4";
  return response;
}

}  // namespace bridge
