// Handshakes that come to nothing: tls_stall and tls_alert. TCP is fine in both.

#include <algorithm>
#include <array>

#include "faults/tls/flawed.h"

namespace faultline {
namespace tls {
namespace {

struct Alert {
  std::string_view name;
  std::uint8_t number;
};

// Those that a server may answer a ClientHello with (RFC 8446 section 6.2).
constexpr std::array<Alert, 7> alerts = {{
    {"handshake_failure", 40},
    {"access_denied", 49},
    {"protocol_version", 70},
    {"insufficient_security", 71},
    {"internal_error", 80},
    {"unrecognized_name", 112},
    {"no_application_protocol", 120},
}};

constexpr auto alert_names = [] {
  std::array<std::string_view, alerts.size()> names;
  std::ranges::transform(alerts, names.begin(), &Alert::name);
  return names;
}();

constexpr std::array<Parameter, 1> alert_parameters = {{
    {.name = "alert",
     .summary = "which one, by its name in TLS",
     .type = ParameterType::choice,
     .fallback = "handshake_failure",
     .choices = alert_names},
}};

Checked<std::unique_ptr<Fault>> make_alert(const Settings& settings) {
  const auto chosen = std::ranges::find(alerts, settings.text("alert"), &Alert::name);
  return std::make_unique<Flawed>(TlsMoment::hello,
                                  TlsFlaw{.what = TlsFlaw::What::alert, .alert = chosen->number});
}

}  // namespace
}  // namespace tls

extern const FaultKind tls_stall_kind;
constinit const FaultKind tls_stall_kind = {
    .name = "tls_stall",
    .summary = "the client's ClientHello is never answered",
    .contract =
        "Arm: a client that says its ClientHello from now on is connected and hears nothing. Live "
        "connections go on. The direction of the aim makes no difference. Update: there is nothing "
        "to set; a connection that the aim leaves is answered. Disarm: who still waits is "
        "answered, and its handshake goes on. Half-close: a client that finishes while it waits "
        "has given up, and its connection is over. Reset: likewise.",
    .parameters = {},
    .default_directions = Directions::downstream,
    .needs_tls = NeedsTls::terminated,
    .make = tls::make<TlsFlaw::What::stall>,
};

extern const FaultKind tls_alert_kind;
constinit const FaultKind tls_alert_kind = {
    .name = "tls_alert",
    .summary = "the client's ClientHello is answered with a fatal alert",
    .contract =
        "Arm: a client that says its ClientHello from now on gets the alert and a FIN behind it; "
        "what was dialed for it is reset. Live connections go on. The direction of the aim makes "
        "no difference. Update: for who says it from then on. Disarm: the next client is answered. "
        "Half-close: passes. Reset: passes.",
    .parameters = tls::alert_parameters,
    .default_directions = Directions::downstream,
    .needs_tls = NeedsTls::terminated,
    .make = tls::make_alert,
};

}  // namespace faultline
