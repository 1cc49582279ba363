// stale_reply: the world as it was. The first good response to each request is remembered, and whom
// the aim takes later is given it again. Requests are the same if method, host and target are; so
// an aim counts only requests that somebody has asked before.

#include <array>
#include <map>
#include <mutex>

#include "faults/http/rule.h"

namespace faultline {
namespace http {
namespace {

constexpr std::string_view phases[] = {"before", "after"};
constexpr std::size_t most_replies = 256;  // remembered, each at most most_noted long

constexpr auto stale_parameters = with_request_aim(std::array<Parameter, 2>{{
    {.name = "phase",
     .summary = "before: the server never sees the request; after: it has done the work, and its "
                "new response is dropped",
     .type = ParameterType::choice,
     .fallback = "before",
     .choices = phases},
    {.name = "age",
     .summary = "so old is the earlier response at least",
     .type = ParameterType::duration,
     .fallback = "0s",
     .most = "24h"},
}});

// The same key may be asked for by a client of HTTP/1.0, which knows no chunks.
std::string key_of(const Request& request) {
  return (request.http_1_0 ? "0 " : "1 ") + request.method + " " + request.host + " " +
         request.target;
}

// Whether it can be told where the response ends, wherever it is given again.
bool framed(const Request& request, const Head& head) {
  return head.chunked() || head.field("Content-Length") || head.status() == 204 ||
         request.is_head();
}

class StaleReply final : public HttpRule {
 public:
  StaleReply(RequestAim aim, Phase phase, Duration age)
      : HttpRule(std::move(aim)), phase_(phase), age_(age) {}

  Phase phase() const override { return phase_; }
  bool notes() const override { return true; }

  void note(const Request& request, ByteView response, const Moment& moment) const override {
    const Head head(response.substr(0, Head::length(response)));
    const bool good = head.status() / 100 == 2 && head.status() != 206;
    if (!good || !framed(request, head)) return;
    const std::lock_guard lock(mutex_);
    if (replies_.size() >= most_replies) return;
    const Ending ending = head.keeps_alive() ? Ending::keep : Ending::close;
    const Reply reply{std::string(response), std::to_string(head.status()), ending};
    replies_.try_emplace(key_of(request), Earlier{reply, moment.now});
  }

  bool wants(const Request& request, const Moment& moment) const override {
    const std::lock_guard lock(mutex_);
    const auto found = replies_.find(key_of(request));
    return found != replies_.end() && moment.now - found->second.at >= age_;
  }

  // Nothing is forgotten, so what was wanted is there.
  std::optional<Reply> reply(const Request& request, const Moment&) const override {
    const std::lock_guard lock(mutex_);
    return replies_.at(key_of(request)).reply;
  }

 private:
  struct Earlier {
    Reply reply;
    Instant at;
  };

  const Phase phase_;
  const Duration age_;
  mutable std::mutex mutex_;  // guards what follows: links of every worker remember
  mutable std::map<std::string, Earlier, std::less<>> replies_;
};

Checked<std::unique_ptr<Fault>> make(const Settings& settings) {
  auto aim = RequestAim::from(settings);
  if (!aim) return std::unexpected(std::move(aim.error()));
  const Phase phase = settings.text("phase") == "before" ? Phase::before : Phase::after;
  if (phase == Phase::before && aim->asks_status())
    return std::unexpected(Errors{{settings.where("upstream_status"),
                                   "a request that the server never sees has no status; write "
                                   "phase = \"after\", or leave it out"}});
  return by_request(std::make_shared<StaleReply>(std::move(*aim), phase, settings.duration("age")));
}

}  // namespace
}  // namespace http

extern const FaultKind stale_reply_kind;
constinit const FaultKind stale_reply_kind = {
    .name = "stale_reply",
    .summary = "requests are given an earlier response to the same request again",
    .contract =
        "Arm: from now on the first response of status 2xx to each request (method, host and "
        "target) is remembered, of all connections: at most 256 of at most 32 KiB. A request that "
        "was asked before is answered with it. Before: the server never sees the request (not "
        "done). After: the server is given it (done) and its new response is dropped. The client "
        "is told what the earlier one said. Update: what was remembered is forgotten. Disarm: a "
        "request whose answer is still to come, or whose replaced response is not over, costs the "
        "connection: it is reset. Half-close: passes. Reset: passes.",
    .parameters = http::stale_parameters,
    .default_directions = Directions::both,
    .by_exchange = true,
    .protocol = "http",
    .make = http::make,
};

}  // namespace faultline
