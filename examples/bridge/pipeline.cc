#include "pipeline.h"

#include <utility>

#include "json_text.h"
#include "webhook.h"

namespace bridge {
namespace {

Response accepted(bool duplicate) {
  Response response;
  response.status = 202;
  response.body =
      duplicate ? "{\"status\":\"accepted\",\"duplicate\":true}\n" : "{\"status\":\"accepted\"}\n";
  return response;
}

}  // namespace

Response bad_request(std::string_view why) {
  Response response;
  response.status = 400;
  response.body = "{\"status\":\"refused\",\"error\":" + quoted(why) + "}\n";
  return response;
}

Pipeline::Pipeline(const Options& options, EventStore& store, Profiles& profiles, Metrics& metrics,
                   const Stop& stop)
    : options_(options),
      store_(store),
      profiles_(profiles),
      metrics_(metrics),
      stop_(stop),
      semaphore_(options.max_concurrent, metrics) {}

Response Pipeline::refusal(Reason reason) {
  ++metrics_.rejected_for(reason);
  const std::string text(reason_text(reason));
  Response response;
  // Bug `status-500`: PostgreSQL being away looks like a mistake of ours instead of "try again".
  response.status = options_.bugs.status_500 && reason == Reason::pg ? 500 : 503;
  response.headers = {{"X-Reason", text}, {"Retry-After", "1"}};
  response.body = "{\"status\":\"refused\",\"reason\":" + quoted(text) + "}\n";
  response.close = reason == Reason::draining;
  return response;
}

Response Pipeline::accept(std::string_view provider, const std::string& body) {
  auto webhook = parse_webhook(provider, body);
  if (!webhook) return bad_request(webhook.error());

  const auto asked = Clock::now();
  const auto permit = semaphore_.acquire(within(options_.semaphore_deadline));
  const auto waited = std::chrono::duration_cast<Millis>(Clock::now() - asked);
  auto response = permit ? work(std::move(*webhook))
                         : refusal(stop_.requested() ? Reason::draining : Reason::semaphore);
  response.headers.emplace_back("X-Sem-Wait-Ms", std::to_string(waited.count()));
  return response;
}

Response Pipeline::work(Webhook webhook) {
  if (options_.work.count() > 0 && !sleep_for(options_.work, stop_)) {
    return refusal(Reason::draining);
  }
  // Bug `ack-before-commit`: the client is told 202 first; what becomes of the insert, nobody
  // looks.
  if (options_.bugs.ack_before_commit) {
    ++metrics_.accepted;
    auto response = accepted(false);
    response.after_send = [this, webhook] { (void)store_.insert(webhook); };
    return response;
  }
  if (options_.enrich_sync) webhook.profile = profiles_.of(webhook);
  const auto stored = store_.insert(webhook);
  auto response = outcome(stored);
  if (!options_.enrich_sync && stored == Stored::stored) {
    response.after_send = [this, webhook] { profiles_.fetch_later(webhook); };
  }
  return response;
}

Response Pipeline::outcome(const std::expected<Stored, Reason>& stored) {
  if (!stored) return refusal(stored.error());
  if (*stored == Stored::unfit) return bad_request("body: PostgreSQL cannot store this JSON");
  const bool duplicate = *stored == Stored::duplicate;
  if (duplicate) ++metrics_.duplicates;
  ++metrics_.accepted;
  return accepted(duplicate);
}

}  // namespace bridge
