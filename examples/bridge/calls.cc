#include "calls.h"

#include <expected>
#include <string>

#include "json_text.h"
#include "pipeline.h"
#include "webhook.h"

namespace bridge {

Calls::Calls(const Options& options, CallStore& store, Metrics& metrics, Events& events,
             const Stop& stop)
    : store_(store),
      metrics_(metrics),
      agent_({*options.agent,
              options.api_keep_alive,
              options.api_deadline,
              {"agent", options.breaker, options.breaker_open, options.bugs}},
             metrics.agent, events, stop) {}

Response Calls::place(const std::string& body) {
  const auto order = parse_call(body);
  if (!order) return bad_request(order.error());
  const auto reply = agent_.call(
      {.method = "POST",
       .path = "/calls",

       .body = "{\"call_id\":" + quoted(order->call_id) + ",\"to\":" + quoted(order->to) + "}"});
  if (!reply) return refusal(reply.error());
  if (reply->status >= 300) return refusal(502, Reason::agent, std::chrono::seconds(1));
  const auto stored = store_.insert(order->call_id, order->to);
  if (!stored) return refusal(503, stored.error(), std::chrono::seconds(1));
  ++metrics_.calls_placed;
  Response response;
  response.status = 202;
  response.body = "{\"status\":\"accepted\"}\n";
  return response;
}

Response Calls::refusal(const ApiFailure& failure) {
  switch (failure.kind) {
    case ApiFailure::Kind::breaker:
      return refusal(503, Reason::breaker, failure.retry_after);
    case ApiFailure::Kind::limited:
      return refusal(503, Reason::agent_limited, failure.retry_after);
    case ApiFailure::Kind::timed_out:
      return refusal(504, Reason::agent, failure.retry_after);
    case ApiFailure::Kind::stopped:
      return refusal(503, Reason::draining, failure.retry_after);
    case ApiFailure::Kind::failed:
      break;
  }
  return refusal(502, Reason::agent, failure.retry_after);
}

Response Calls::refusal(int status, Reason reason, std::chrono::seconds retry_after) {
  ++metrics_.rejected_for(reason);
  const std::string text(reason_text(reason));
  Response response;
  response.status = status;
  response.headers = {{"X-Reason", text}, {"Retry-After", std::to_string(retry_after.count())}};
  response.body = "{\"status\":\"refused\",\"reason\":" + quoted(text) + "}\n";
  response.close = reason == Reason::draining;
  return response;
}

}  // namespace bridge
