// hang, trickle and truncate: the server does the work, and its response stops, drips or ends too
// early on the way.

#include <array>

#include "faults/http/rule.h"

namespace faultline {
namespace http {
namespace {

constexpr std::string_view places[] = {"before_headers", "after_headers", "mid_body"};
constexpr std::string_view forever = "3650d";
constexpr std::string_view ways[] = {"detectable", "silent", "reset"};

constexpr Parameter bytes_parameter = {.name = "bytes",
                                       .summary = "of the body that still go on",
                                       .type = ParameterType::bytes,
                                       .fallback = "1B"};

constexpr auto hang_parameters = with_request_aim(std::array<Parameter, 3>{{
    {.name = "place",
     .summary = "where the response stops; mid_body: behind `bytes` of its body",
     .type = ParameterType::choice,
     .fallback = "before_headers",
     .choices = places},
    bytes_parameter,
    {.name = "time",
     .summary = "so long, then the rest goes on; the default is for ever",
     .type = ParameterType::duration,
     .fallback = forever},
}});

constexpr auto trickle_parameters = with_request_aim(std::array<Parameter, 1>{{
    {.name = "rate",
     .summary = "bytes per second, headers included",
     .type = ParameterType::bytes,
     .fallback = "1B",
     .least = "1B",
     .most = "10GB"},
}});

constexpr auto truncate_parameters = with_request_aim(std::array<Parameter, 2>{{
    bytes_parameter,
    {.name = "how",
     .summary =
         "detectable: the declared length is kept, and a FIN follows; reset: an RST; silent: "
         "none is declared, so that the cut looks like the end",
     .type = ParameterType::choice,
     .fallback = "detectable",
     .choices = ways},
}});

class Shaped final : public HttpRule {
 public:
  Shaped(RequestAim aim, const Shape& shape) : HttpRule(std::move(aim)), shape_(shape) {}

  Phase phase() const override { return Phase::after; }
  std::optional<Reply> reply(const Request&, const Moment&) const override { return std::nullopt; }
  Shape shape() const override { return shape_; }

 private:
  Shape shape_;
};

Checked<std::unique_ptr<Fault>> make_shaped(const Settings& settings, const Shape& shape) {
  auto aim = RequestAim::from(settings);
  if (!aim) return std::unexpected(std::move(aim.error()));
  return by_request(std::make_shared<Shaped>(std::move(*aim), shape));
}

Checked<std::unique_ptr<Fault>> make_hang(const Settings& settings) {
  const std::string& place = settings.text("place");
  return make_shaped(settings, {.headers = place != "before_headers",
                                .body = place == "mid_body" ? settings.bytes("bytes").count : 0,
                                .ending = Ending::hang,
                                .time = settings.duration("time")});
}

Checked<std::unique_ptr<Fault>> make_trickle(const Settings& settings) {
  return make_shaped(settings, {.rate = settings.bytes("rate").count});
}

Checked<std::unique_ptr<Fault>> make_truncate(const Settings& settings) {
  const std::string& how = settings.text("how");
  return make_shaped(settings, {.body = settings.bytes("bytes").count,
                                .ending = how == "reset" ? Ending::reset : Ending::close,
                                .undeclared = how == "silent"});
}

}  // namespace
}  // namespace http

extern const FaultKind hang_kind;
constinit const FaultKind hang_kind = {
    .name = "hang",
    .summary =
        "the server does the work, and its response stops: before or behind its headers, or "
        "within its body",
    .contract =
        "Arm: holds for requests that begin from now on: the server is given each (done); of its "
        "response what is before the place goes on, and the rest waits, and what follows it. After "
        "`time`, if any, it goes on and has told the client what the server said; else the client "
        "is told nothing. Update: for requests that begin from then on. Disarm: what is held goes "
        "on at once, in order. Half-close: a client that finishes while it waits has given up, and "
        "is sent a FIN; a server's FIN waits behind the response. Reset: waits behind it likewise.",
    .parameters = http::hang_parameters,
    .default_directions = Directions::both,
    .by_exchange = true,
    .protocol = "http",
    .make = http::make_hang,
};

extern const FaultKind trickle_kind;
constinit const FaultKind trickle_kind = {
    .name = "trickle",
    .summary = "the server does the work, and its response drips, headers and all",
    .contract =
        "Arm: holds for requests that begin from now on: the server is given each (done), its "
        "response goes on whole at `rate` and tells the client, late, what the server said. "
        "Update: for requests that begin from then on. Disarm: what is held goes on at once, in "
        "order. Half-close: waits behind the response. Reset: waits behind it likewise.",
    .parameters = http::trickle_parameters,
    .default_directions = Directions::both,
    .by_exchange = true,
    .protocol = "http",
    .make = http::make_trickle,
};

extern const FaultKind truncate_kind;
constinit const FaultKind truncate_kind = {
    .name = "truncate",
    .summary = "the server does the work, and its response is cut off within its body",
    .contract =
        "Arm: holds for requests that begin from now on: the server is given each (done); of its "
        "response the headers and so many bytes of the body go on, then the connection is closed "
        "or reset. Detectable: the declared length is kept, the client is told nothing that it may "
        "rely on. Silent: no length is declared, the client takes the cut for the end and is told "
        "the server's status. A response that is no longer than that passes whole, and where the "
        "cut is silent it still loses its length. Update: for requests that begin from then on. "
        "Disarm: what was cut stays so. Half-close: passes. Reset: passes.",
    .parameters = http::truncate_parameters,
    .default_directions = Directions::both,
    .by_exchange = true,
    .protocol = "http",
    .make = http::make_truncate,
};

}  // namespace faultline
