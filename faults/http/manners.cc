// Servers and gateways that keep to the letter and surprise all the same: one that closes a
// connection just as it is used again, one that answers before it has read the request, one that
// never says 100, and one that sends its client in circles.

#include <array>

#include "faults/http/rule.h"

namespace faultline {
namespace http {
namespace {

constexpr std::string_view fin_or_rst[] = {"fin", "rst"};
constexpr std::string_view places[] = {"self", "http"};

constexpr auto race_parameters = with_request_aim(std::array<Parameter, 1>{{
    {.name = "close",
     .summary = "how the idle connection ends: with a FIN, or an RST",
     .type = ParameterType::choice,
     .fallback = "fin",
     .choices = fin_or_rst},
}});
constexpr auto early_parameters = with_request_aim(std::array<Parameter, 1>{{
    {.name = "code",
     .summary = "the status that the client is told while it still sends",
     .type = ParameterType::integer,
     .fallback = "413",
     .least = "400",
     .most = "599"},
}});
constexpr auto expect_parameters = with_request_aim(std::array<Parameter, 0>{});
constexpr auto redirect_parameters = with_request_aim(std::array<Parameter, 2>{{
    {.name = "code",
     .summary = "the status of the redirect",
     .type = ParameterType::integer,
     .fallback = "302",
     .least = "301",
     .most = "308"},
    {.name = "to",
     .summary = "self: to where it came from; http: to the same place without TLS",
     .type = ParameterType::choice,
     .fallback = "self",
     .choices = places},
}});

// It closes a connection that was used before, exactly when the next request comes.
class KeepaliveRace final : public HttpRule {
 public:
  KeepaliveRace(RequestAim aim, Ending ending) : HttpRule(std::move(aim)), ending_(ending) {}
  Phase phase() const override { return Phase::before; }
  bool at_head() const override { return true; }
  bool wants(const Request& request, const Moment&) const override { return request.exchange > 1; }
  std::optional<Reply> reply(const Request&, const Moment&) const override {
    return Reply{"", "", ending_};
  }

 private:
  Ending ending_;
};

class EarlyFinal final : public HttpRule {
 public:
  EarlyFinal(RequestAim aim, std::uint16_t status) : HttpRule(std::move(aim)), status_(status) {}
  Phase phase() const override { return Phase::before; }
  bool at_head() const override { return true; }
  bool wants(const Request& request, const Moment&) const override { return request.has_body; }
  std::optional<Reply> reply(const Request& request, const Moment&) const override {
    Request closing = request;
    closing.keeps_alive = false;
    return Reply{response(closing, status_, "", ""), std::to_string(status_), Ending::close};
  }

 private:
  std::uint16_t status_;
};

class IgnoredExpect final : public HttpRule {
 public:
  explicit IgnoredExpect(RequestAim aim) : HttpRule(std::move(aim)) {}
  Phase phase() const override { return Phase::after; }
  bool wants(const Request& request, const Moment&) const override {
    return request.expects_continue;
  }
  std::optional<Reply> reply(const Request&, const Moment&) const override { return std::nullopt; }
  Shape shape() const override { return {.interim = false}; }
};

class Redirect final : public HttpRule {
 public:
  Redirect(RequestAim aim, std::uint16_t status, bool plain)
      : HttpRule(std::move(aim)), status_(status), plain_(plain) {}
  Phase phase() const override { return Phase::before; }
  std::optional<Reply> reply(const Request& request, const Moment&) const override {
    const std::string place = plain_ ? "http://" + request.host + request.target : request.target;
    return Reply{response(request, status_, "Location: " + place + "\r\n", ""),
                 std::to_string(status_), Ending::keep};
  }

 private:
  std::uint16_t status_;
  bool plain_;
};

// Of a kind whose requests the server never sees.
Checked<RequestAim> aim_before(const Settings& settings) {
  auto aim = RequestAim::from(settings);
  if (aim && aim->asks_status())
    return std::unexpected(
        Errors{{settings.where("upstream_status"),
                "a request that the server never sees has no status; leave it out"}});
  return aim;
}

Checked<std::unique_ptr<Fault>> make_keepalive_race(const Settings& settings) {
  auto aim = aim_before(settings);
  if (!aim) return std::unexpected(std::move(aim.error()));
  const Ending ending = settings.text("close") == "fin" ? Ending::close : Ending::reset;
  return by_request(std::make_shared<KeepaliveRace>(std::move(*aim), ending));
}

Checked<std::unique_ptr<Fault>> make_early_final(const Settings& settings) {
  auto aim = aim_before(settings);
  if (!aim) return std::unexpected(std::move(aim.error()));
  const auto status = static_cast<std::uint16_t>(settings.integer("code"));
  return by_request(std::make_shared<EarlyFinal>(std::move(*aim), status));
}

Checked<std::unique_ptr<Fault>> make_ignored_expect(const Settings& settings) {
  auto aim = RequestAim::from(settings);
  if (!aim) return std::unexpected(std::move(aim.error()));
  return by_request(std::make_shared<IgnoredExpect>(std::move(*aim)));
}

Checked<std::unique_ptr<Fault>> make_redirect_loop(const Settings& settings) {
  auto aim = aim_before(settings);
  if (!aim) return std::unexpected(std::move(aim.error()));
  const auto status = static_cast<std::uint16_t>(settings.integer("code"));
  const bool plain = settings.text("to") == "http";
  return by_request(std::make_shared<Redirect>(std::move(*aim), status, plain));
}

}  // namespace
}  // namespace http

extern const FaultKind keepalive_race_kind;
constinit const FaultKind keepalive_race_kind = {
    .name = "keepalive_race",
    .summary = "a kept-alive connection is closed exactly as its next request comes",
    .contract =
        "Arm: holds for requests that begin from now on and are not the first of their "
        "connection: the server never sees them (not done), the client is told nothing, and the "
        "connection ends with a FIN or an RST as if it had been idle for too long. Update: for "
        "requests that begin from then on. Disarm: the rest of a request whose front the server "
        "never saw is dropped with its connection. Half-close: passes. Reset: passes.",
    .parameters = http::race_parameters,
    .default_directions = Directions::both,
    .by_exchange = true,
    .protocol = "http",
    .make = http::make_keepalive_race,
};

extern const FaultKind early_final_kind;
constinit const FaultKind early_final_kind = {
    .name = "early_final",
    .summary = "requests with a body are answered before it was read, and the connection is closed",
    .contract =
        "Arm: holds for requests that begin from now on and have a body: the server never sees "
        "them (not done), the client is told the status behind its header block, and a FIN; the "
        "body is read and dropped for at most a second. Update: for requests that begin from then "
        "on. Disarm: a connection whose body is still coming is reset. Half-close: passes. Reset: "
        "passes.",
    .parameters = http::early_parameters,
    .default_directions = Directions::both,
    .by_exchange = true,
    .protocol = "http",
    .make = http::make_early_final,
};

extern const FaultKind ignored_expect_kind;
constinit const FaultKind ignored_expect_kind = {
    .name = "ignored_expect",
    .summary = "whoever expects 100 Continue never gets it",
    .contract =
        "Arm: holds for requests that begin from now on and expect 100: the server is given each "
        "(done, if the client sends the body at last), its 100 is dropped, and the client is told "
        "what the server says finally. Update: for requests that begin from then on. Disarm: a "
        "100 that was cut within costs the connection: it is reset. Half-close: passes. Reset: "
        "passes.",
    .parameters = http::expect_parameters,
    .default_directions = Directions::both,
    .by_exchange = true,
    .protocol = "http",
    .make = http::make_ignored_expect,
};

extern const FaultKind redirect_loop_kind;
constinit const FaultKind redirect_loop_kind = {
    .name = "redirect_loop",
    .summary = "requests are redirected to where they came from, or to plain HTTP",
    .contract =
        "Arm: holds for requests that begin from now on: the server never sees them (not done), "
        "the client is told to ask again, there. The connection goes on. Update: for requests that "
        "begin from then on. Disarm: a request whose answer is still to come costs the "
        "connection: it is reset. Half-close: passes. Reset: passes.",
    .parameters = http::redirect_parameters,
    .default_directions = Directions::both,
    .by_exchange = true,
    .protocol = "http",
    .make = http::make_redirect_loop,
};

}  // namespace faultline
