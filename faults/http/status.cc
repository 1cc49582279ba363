// status: an error response in place of the server's, before or after it did the work; and
// error_after, which is the lie alone.

#include <algorithm>
#include <array>

#include "faults/http/presets.h"
#include "faults/http/rule.h"

namespace faultline {
namespace http {
namespace {

constexpr std::string_view phases[] = {"before", "after"};
constexpr std::string_view bodies[] = {"json", "html", "empty"};
constexpr auto preset_names = [] {
  std::array<std::string_view, presets.size()> names{};
  std::ranges::transform(presets, names.begin(), &Preset::name);
  return names;
}();

constexpr Parameter code_parameter(std::string_view fallback) {
  return {.name = "code",
          .summary = "the status that the client is told",
          .type = ParameterType::integer,
          .fallback = fallback,
          .least = "200",
          .most = "599"};
}
constexpr Parameter body_parameter = {
    .name = "body",
    .summary = "of the response: json, html (where JSON may be expected) or empty",
    .type = ParameterType::choice,
    .fallback = "json",
    .choices = bodies};

constexpr auto status_parameters = with_request_aim(std::array<Parameter, 4>{{
    code_parameter("503"),
    body_parameter,
    {.name = "phase",
     .summary = "before: the server never sees the request; after: it has done the work",
     .type = ParameterType::choice,
     .fallback = "before",
     .choices = phases},
    {.name = "preset",
     .summary = "the response as a well-known gateway sends it, instead of code and body",
     .type = ParameterType::choice,
     .fallback = "none",
     .choices = preset_names},
}});

constexpr auto error_after_parameters =
    with_request_aim(std::array<Parameter, 2>{{code_parameter("500"), body_parameter}});

class Status final : public HttpRule {
 public:
  struct Terms {
    Phase phase = Phase::before;
    std::uint16_t status = 0;
    std::string fields;
    std::string body;
  };

  Status(RequestAim aim, Terms terms) : HttpRule(std::move(aim)), terms_(std::move(terms)) {}

  Phase phase() const override { return terms_.phase; }
  std::optional<Reply> reply(const Request& request, const Moment&) const override {
    return Reply{response(request, terms_.status, terms_.fields, terms_.body),
                 std::to_string(terms_.status), Ending::keep};
  }

 private:
  Terms terms_;
};

Status::Terms terms_from(const Settings& settings, Phase phase) {
  Status::Terms terms{phase, static_cast<std::uint16_t>(settings.integer("code")), "", ""};
  const std::string status = std::to_string(terms.status);
  const std::string phrase(reason_phrase(terms.status));
  const std::string& body = settings.text("body");
  if (body == "json") {
    terms.fields = "Content-Type: application/json\r\n";
    terms.body = "{\"error\":{\"code\":" + status + ",\"message\":\"" + phrase + "\"}}";
  } else if (body == "html") {
    terms.fields = "Content-Type: text/html\r\n";
    terms.body = "<html><head><title>" + status + " " + phrase + "</title></head><body><h1>" +
                 status + " " + phrase + "</h1></body></html>\r\n";
  }
  return terms;
}

Checked<std::unique_ptr<Fault>> make_rule(const Settings& settings, Status::Terms terms) {
  auto aim = RequestAim::from(settings);
  if (!aim) return std::unexpected(std::move(aim.error()));
  if (terms.phase == Phase::before && aim->asks_status())
    return std::unexpected(Errors{{settings.where("upstream_status"),
                                   "a request that the server never sees has no status; write "
                                   "phase = \"after\", or leave it out"}});
  return by_request(std::make_shared<Status>(std::move(*aim), std::move(terms)));
}

Checked<std::unique_ptr<Fault>> make_status(const Settings& settings) {
  const Phase phase = settings.text("phase") == "before" ? Phase::before : Phase::after;
  Status::Terms terms = terms_from(settings, phase);
  const auto preset = std::ranges::find(presets, settings.text("preset"), &Preset::name);
  if (preset->status != 0)
    terms = {phase, preset->status, std::string(preset->fields), std::string(preset->body)};
  return make_rule(settings, std::move(terms));
}

Checked<std::unique_ptr<Fault>> make_error_after(const Settings& settings) {
  return make_rule(settings, terms_from(settings, Phase::after));
}

}  // namespace
}  // namespace http

extern const FaultKind status_kind;
constinit const FaultKind status_kind = {
    .name = "status",
    .summary = "requests are answered with an error, before or after the server did the work",
    .contract =
        "Arm: holds for requests that begin from now on. Before: the server never sees the "
        "request (not done), the client is told the status once its request is complete. After: "
        "the server is given the request (done) and what it responds is replaced. The connection "
        "goes on. Update: for requests that begin from then on. Disarm: a request whose answer is "
        "still to come, or whose replaced response is not over, costs the connection: it is "
        "reset. Half-close: passes. Reset: passes.",
    .parameters = http::status_parameters,
    .default_directions = Directions::both,
    .by_exchange = true,
    .protocol = "http",
    .make = http::make_status,
};

extern const FaultKind error_after_kind;
constinit const FaultKind error_after_kind = {
    .name = "error_after",
    .summary = "the server does the work, and the client is told an error",
    .contract =
        "Arm: holds for requests that begin from now on: the server is given each (done), its "
        "response is replaced by the error (told so). The connection goes on. Update: for "
        "requests that begin from then on. Disarm: a response that is replaced and not over costs "
        "the connection: it is reset. Half-close: passes. Reset: passes.",
    .parameters = http::error_after_parameters,
    .default_directions = Directions::both,
    .by_exchange = true,
    .protocol = "http",
    .make = http::make_error_after,
};

}  // namespace faultline
