// duplicate_request: somebody on the way sends a request again that had arrived. The server does
// the work twice, unless it knows the request by a key of its own; the client hears of one of them.

#include <array>

#include "faults/http/rule.h"

namespace faultline {
namespace http {
namespace {

constexpr std::string_view answers[] = {"first", "second"};

constexpr auto duplicate_parameters = with_request_aim(std::array<Parameter, 1>{{
    {.name = "answer",
     .summary = "which of the two responses the client is given",
     .type = ParameterType::choice,
     .fallback = "first",
     .choices = answers},
}});

class DuplicateRequest final : public HttpRule {
 public:
  DuplicateRequest(RequestAim aim, Which which) : HttpRule(std::move(aim)), which_(which) {}

  Phase phase() const override { return Phase::after; }
  // Behind a request that closes the connection a copy would not be read, and who waits for 100
  // would wait for its own body.
  bool wants(const Request& request, const Moment&) const override {
    return request.keeps_alive && !request.expects_continue;
  }
  std::optional<Which> repeats() const override { return which_; }
  std::optional<Reply> reply(const Request&, const Moment&) const override { return std::nullopt; }

 private:
  Which which_;
};

Checked<std::unique_ptr<Fault>> make(const Settings& settings) {
  auto aim = RequestAim::from(settings);
  if (!aim) return std::unexpected(std::move(aim.error()));
  if (aim->asks_status())
    return std::unexpected(
        Errors{{settings.where("upstream_status"),
                "a request is sent twice before the server responds; leave it out"}});
  const Which which = settings.text("answer") == "first" ? Which::first : Which::second;
  return by_request(std::make_shared<DuplicateRequest>(std::move(*aim), which));
}

}  // namespace
}  // namespace http

extern const FaultKind duplicate_request_kind;
constinit const FaultKind duplicate_request_kind = {
    .name = "duplicate_request",
    .summary = "the server is given requests twice, and the client one of the two responses",
    .contract =
        "Arm: holds for requests that begin from now on, are at most 60 KiB long, keep the "
        "connection and do not expect 100: the server is given each twice (done twice), the copy "
        "right behind the request on the same connection. The client is told what the first or the "
        "second response says; the other one is dropped. Where the first closes the connection, "
        "it is the client's. Update: for requests that begin from then on. Disarm: a connection "
        "on which a response that is to be dropped is still to come is reset. Half-close: passes. "
        "Reset: passes.",
    .parameters = http::duplicate_parameters,
    .default_directions = Directions::both,
    .by_exchange = true,
    .protocol = "http",
    .make = http::make,
};

}  // namespace faultline
