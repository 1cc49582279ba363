#include "scenarios/venue/served_order.h"

#include <array>
#include <charconv>
#include <random>

#include "proxy/control/json_text.h"
#include "proxy/json_line.h"
#include "scenarios/venue/api_client.h"
#include "scenarios/venue/served_tls.h"

namespace faultline {
namespace {

// A setting as the drill has it: the server reads it as the drill's reader does.
struct SettingWriter {
  JsonObject& object;
  const std::string& name;

  void operator()(const std::string& value) const { object.text(name, value); }
  void operator()(std::int64_t value) const { object.number(name, value); }
  void operator()(double value) const { object.key(name) += control::json_number(value); }
  void operator()(bool value) const { object.boolean(name, value); }
};

}  // namespace

std::string new_owner(const std::string& drill) {
  std::random_device random;
  std::array<char, 8> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), random(), 16).ptr;
  return "run of " + drill + " " + std::string(digits.data(), end);
}

std::string proxy_path(const std::string& proxy) { return "/v1/proxies/" + percent_encoded(proxy); }
std::string fault_path(const std::string& proxy, const std::string& fault) {
  return proxy_path(proxy) + "/faults/" + percent_encoded(fault);
}

std::string fault_body(const FaultPlan& plan, const std::string& owner, Duration ttl) {
  std::string body;
  {
    JsonObject object(body);
    object.text("id", plan.id);
    object.text("kind", plan.kind);
    for (const auto* settings : {&plan.parameters, &plan.aim}) {
      for (const RawSetting& setting : *settings) {
        std::visit(SettingWriter{object, setting.name}, setting.value);
      }
    }
    object.text("owner", owner);
    object.text("ttl", to_string(ttl));
  }
  return body;
}

std::string proxy_body(const ProxySpec& spec, const std::string& owner, Duration ttl) {
  std::string body;
  {
    JsonObject object(body);
    object.text("name", spec.name);
    object.text("listen", spec.listen.text());
    object.text("upstream", (spec.tls.upstream ? "https://" : "") + spec.upstream.text());
    if (const std::string tls = tls_body(spec.tls); !tls.empty()) object.key("tls") += tls;
    object.text("protocol", spec.protocol);
    if (spec.rewrite_host) object.boolean("rewrite_host", *spec.rewrite_host);
    object.text("connect_timeout", to_string(spec.connect_timeout));
    object.text("owner", owner);
    object.text("ttl", to_string(ttl));
  }
  return body;
}

std::string difference(const ProxySpec& wanted, const control::JsonValue& there) {
  const auto text = [&](std::string_view key) { return member(there, key).text; };
  if (!text("owner").empty() && !text("expires_in").empty()) {
    return "it is leased by " + quoted(text("owner")) + " for another " + text("expires_in") +
           "; wait until it has gone";
  }
  const Result<WrittenUpstream> written = upstream_from(text("upstream"));
  const Result<Address> upstream = written ? address_from(written->address) : Address{};
  if (!written || !upstream || *upstream != wanted.upstream ||
      written->tls != wanted.tls.upstream) {
    return "its upstream is " + text("upstream") + ", the drill's is " +
           (wanted.tls.upstream ? "https://" : "") + wanted.upstream.text();
  }
  if (std::string why = tls_difference(wanted, there); !why.empty()) return why;
  if (text("protocol") != wanted.protocol) {
    return "its protocol is " + text("protocol") + ", the drill's is " + wanted.protocol;
  }
  if (member(there, "rewrite_host").truth != wanted.rewrites_host()) {
    return wanted.rewrites_host() ? "it does not rewrite Host, the drill's does"
                                  : "it rewrites Host, the drill's does not";
  }
  if (wanted.listen.port != 0 && text("listen") != wanted.listen.text()) {
    return "it listens on " + text("listen") + ", the drill wants " + wanted.listen.text();
  }
  if (!member(there, "enabled").truth) return "it is disabled";
  return "";
}

}  // namespace faultline
