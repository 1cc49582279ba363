// lose_response and never_sent: the same symptom, no answer, with the opposite truth. After the one
// the work was done, after the other it was not; a client cannot tell them apart.

#include <algorithm>
#include <array>

#include "faults/http/rule.h"

namespace faultline {
namespace http {
namespace {

constexpr std::string_view lose_endings[] = {"close", "reset", "hang", "502"};
constexpr std::string_view never_endings[] = {"close", "reset", "hang"};

constexpr auto lose_parameters = with_request_aim(std::array<Parameter, 1>{{
    {.name = "then",
     .summary = "instead of the response: the connection is closed or reset, nothing is said, or "
                "a gateway's 502 is",
     .type = ParameterType::choice,
     .fallback = "close",
     .choices = lose_endings},
}});
constexpr auto never_parameters = with_request_aim(std::array<Parameter, 1>{{
    {.name = "then",
     .summary = "the connection is closed or reset, or nothing is said",
     .type = ParameterType::choice,
     .fallback = "close",
     .choices = never_endings},
}});

class NoAnswer final : public HttpRule {
 public:
  NoAnswer(RequestAim aim, Phase phase, Ending ending)
      : HttpRule(std::move(aim)), phase_(phase), ending_(ending) {}

  Phase phase() const override { return phase_; }
  std::optional<Reply> reply(const Request& request, const Moment&) const override {
    if (ending_ != Ending::keep) return Reply{"", "", ending_};
    return Reply{response(request, 502, "Content-Type: text/html\r\n",
                          "<html><body><h1>502 Bad Gateway</h1></body></html>\r\n"),
                 "502", Ending::keep};
  }

 private:
  Phase phase_;
  Ending ending_;  // keep: a 502 is said instead
};

template <Phase phase>
Checked<std::unique_ptr<Fault>> make_no_answer(const Settings& settings) {
  auto aim = RequestAim::from(settings);
  if (!aim) return std::unexpected(std::move(aim.error()));
  if (phase == Phase::before && aim->asks_status())
    return std::unexpected(
        Errors{{settings.where("upstream_status"),
                "a request that the server never sees has no status; leave it out"}});
  const std::string& then = settings.text("then");
  const Ending ending = then == "502"     ? Ending::keep
                        : then == "close" ? Ending::close
                        : then == "reset" ? Ending::reset
                                          : Ending::hang;
  return by_request(std::make_shared<NoAnswer>(std::move(*aim), phase, ending));
}

}  // namespace
}  // namespace http

extern const FaultKind lose_response_kind;
constinit const FaultKind lose_response_kind = {
    .name = "lose_response",
    .summary = "the server does the work, and its response is lost",
    .contract =
        "Arm: holds for requests that begin from now on: the server is given each (done), its "
        "response is dropped to its last byte, and then the client is told nothing: the connection "
        "is closed or reset, or stays open in silence; or it is told 502. Update: for requests "
        "that begin from then on. Disarm: a connection that lost bytes and lives is reset. "
        "Half-close: a client that finishes while it is kept in silence has given up, and is sent "
        "a FIN; else it passes. Reset: passes.",
    .parameters = http::lose_parameters,
    .default_directions = Directions::both,
    .by_exchange = true,
    .protocol = "http",
    .make = http::make_no_answer<http::Phase::after>,
};

extern const FaultKind never_sent_kind;
constinit const FaultKind never_sent_kind = {
    .name = "never_sent",
    .summary = "requests vanish on the way: the server never sees them, the client hears nothing",
    .contract =
        "Arm: holds for requests that begin from now on: the server is not given them (not done), "
        "and when a request is complete its client is told nothing: the connection is closed or "
        "reset, or stays open in silence. Update: for requests that begin from then on. Disarm: a "
        "connection whose request vanished and that lives is reset. Half-close: a client that "
        "finishes while it is kept in silence has given up, and is sent a FIN; else it passes. "
        "Reset: passes.",
    .parameters = http::never_parameters,
    .default_directions = Directions::both,
    .by_exchange = true,
    .protocol = "http",
    .make = http::make_no_answer<http::Phase::before>,
};

}  // namespace faultline
