// The kinds that act on the TLS around a stream: each has a word at one moment, and none about the
// stream itself.

#include <map>
#include <string>

#include "tests/support/fault_stage.h"

using namespace faultline;
using What = TlsFlaw::What;

namespace {

TlsFlaw flaw(std::string_view kind, TlsMoment moment, const std::vector<RawSetting>& raw = {}) {
  return configured(kind, raw)->fresh()->tls(moment);
}

const std::map<std::string, What> at_hello = {{"tls_expired", What::expired},
                                              {"tls_wrong_host", What::wrong_host},
                                              {"tls_self_signed", What::self_signed},
                                              {"tls_stall", What::stall},
                                              {"tls_alert", What::alert}};

}  // namespace

TEST_CASE("a fault in TLS has a word at one moment of a connection, and none at the other") {
  for (const auto& [kind, what] : at_hello) {
    INFO(kind);
    CHECK(flaw(kind, TlsMoment::hello).what == what);
    CHECK(flaw(kind, TlsMoment::end) == TlsFlaw{});
  }
  CHECK(flaw("tls_no_close_notify", TlsMoment::end).what == What::no_close_notify);
  CHECK(flaw("tls_no_close_notify", TlsMoment::hello) == TlsFlaw{});
  for (const FaultKind* kind : fault_kinds()) {
    if (kind->name.starts_with("tls_")) continue;
    INFO(kind->name);
    CHECK(kind->needs_tls == NeedsTls::nothing);
  }
}

TEST_CASE("a fault in TLS leaves the stream alone") {
  for (const FaultKind* kind : fault_kinds()) {
    if (kind->needs_tls == NeedsTls::nothing) continue;
    INFO(kind->name);
    CHECK(FaultStage(kind->name).live().chunk().end().disarm().verbs() == "pass pass");
    CHECK(FaultStage(kind->name).open().chunk().end().disarm().verbs() == "pass pass");
  }
}

TEST_CASE("an alert has its number in TLS, and another after an update") {
  const auto number = [](const std::string& name) {
    return flaw("tls_alert", TlsMoment::hello, {{"alert", name, ""}}).alert;
  };
  CHECK(flaw("tls_alert", TlsMoment::hello).alert == 40);
  CHECK(number("handshake_failure") == 40);
  CHECK(number("access_denied") == 49);
  CHECK(number("protocol_version") == 70);
  CHECK(number("insufficient_security") == 71);
  CHECK(number("internal_error") == 80);
  CHECK(number("unrecognized_name") == 112);
  CHECK(number("no_application_protocol") == 120);
  CHECK_THAT(mistake("tls_alert", {{"alert", "handshake_failed", "d:1"}}),
             Catch::Contains("d:1: ") && Catch::Contains("handshake_failure"));

  const auto live = configured("tls_alert")->fresh();
  live->update(*configured("tls_alert", {{"alert", "internal_error", ""}}));
  CHECK(live->tls(TlsMoment::hello).alert == 80);
}
