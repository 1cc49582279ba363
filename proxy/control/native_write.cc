#include "proxy/control/native_write.h"

#include <algorithm>
#include <system_error>
#include <utility>

#include "faults/catalogue.h"
#include "proxy/control/json_text.h"

namespace faultline::control {
namespace {

constexpr std::size_t most_errors = 100;  // told in one answer

// A value as the user would write it in JSON: "100ms", 5, 0.05, "upstream".
struct Written {
  std::string operator()(Duration value) const { return json_string(to_string(value)); }
  std::string operator()(Bytes value) const { return json_string(to_string(value)); }
  std::string operator()(std::int64_t value) const { return std::to_string(value); }
  std::string operator()(double value) const { return json_number(value); }
  std::string operator()(const std::string& value) const { return json_string(value); }
  std::string operator()(bool value) const { return value ? "true" : "false"; }
};

std::string milliseconds(Duration duration) {
  return to_string(std::chrono::floor<std::chrono::milliseconds>(duration));
}

std::string_view words(Directions directions) {
  switch (directions) {
    case Directions::upstream:
      return "upstream";
    case Directions::downstream:
      return "downstream";
    case Directions::both:
      return "both";
  }
  return "both";
}

void add_aim(JsonMembers& members, const FaultOrder& order) {
  members.text("direction", words(order.aim.directions.value_or(order.kind->default_directions)));
  if (order.aim.share < 1) members.raw("share", json_number(order.aim.share));
  for (const RawSetting& setting : order.aim_settings) {
    if (setting.name == "direction" || setting.name == "share") continue;
    members.raw(setting.name,
                std::visit(Written{}, Settings::Value(std::visit(
                                          [](const auto& value) { return Settings::Value(value); },
                                          setting.value))));
  }
}

void add_lease(JsonMembers& members, const std::string& owner, Instant until, Instant now) {
  if (!owner.empty()) members.text("owner", owner);
  if (until == never) return;
  members.text("expires_in", milliseconds(std::max(until - now, Duration::zero())));
}

std::string touched_object(const Touched& touched, Instant now) {
  JsonMembers members;
  members.count("connections", touched.connections)
      .count("messages", touched.messages)
      .count("bytes", touched.bytes);
  if (touched.early > 0) members.count("early", touched.early);
  if (touched.any()) {
    members.text("since_first", milliseconds(now - touched.first));
    members.text("since_last", milliseconds(now - touched.last));
  }
  return members.object();
}

std::string_view type_name(ParameterType type) {
  switch (type) {
    case ParameterType::duration:
      return "duration";
    case ParameterType::bytes:
      return "bytes";
    case ParameterType::integer:
      return "integer";
    case ParameterType::ratio:
      return "ratio";
    case ParameterType::choice:
      return "choice";
    case ParameterType::text:
      return "text";
    case ParameterType::boolean:
      return "boolean";
  }
  return "text";
}

std::string parameter_object(const Parameter& parameter) {
  JsonMembers members;
  members.text("name", parameter.name)
      .text("summary", parameter.summary)
      .text("type", type_name(parameter.type));
  if (parameter.fallback.empty()) {
    members.boolean("required", true);
  } else {
    members.text("default", parameter.fallback);
  }
  if (!parameter.least.empty()) members.text("least", parameter.least);
  if (!parameter.most.empty()) members.text("most", parameter.most);
  if (!parameter.choices.empty()) {
    members.raw("choices", json_array(parameter.choices,
                                      [](std::string_view choice) { return json_string(choice); }));
  }
  return members.object();
}

std::string listen_words(const ListenRefusal& refusal) {
  switch (refusal.why) {
    case ListenRefusal::Why::no_port:
      return quoted(refusal.address) + " has no port; write host:port";
    case ListenRefusal::Why::too_many_colons:
      return quoted(refusal.address) + " has too many colons; an IPv6 address goes in brackets";
    case ListenRefusal::Why::bad_port:
    case ListenRefusal::Why::unknown_port:
      return quoted(refusal.address) + " is not a port; it is 0 to 65535";
    case ListenRefusal::Why::no_such_host:
      return "there is no host " + quoted(refusal.address);
    case ListenRefusal::Why::kernel:
      break;
  }
  return "cannot listen on " + refusal.address + ": " +
         std::generic_category().message(refusal.code);
}

std::string error_object(const NativeError& error) {
  return JsonMembers()
      .text("code", error.code)
      .text("message", error.message)
      .text("pointer", error.pointer)
      .object();
}

NativeErrors errors_of(const Refusal& refusal) {
  const std::string subject = quoted(refusal.subject);
  switch (refusal.why) {
    case Refusal::Why::bad_name:
      return {{"bad_value", subject + " is not a name", "/name"}};
    case Refusal::Why::proxy_exists:
      return {{"proxy_exists", "there is a proxy " + subject + " already", "/name"}};
    case Refusal::Why::no_such_proxy:
      return {{"no_such_proxy", "there is no proxy " + subject, ""}};
    case Refusal::Why::fault_exists:
      return {{"fault_exists", "there is a fault " + subject + " already", "/id"}};
    case Refusal::Why::no_such_fault:
      return {{"no_such_fault", "there is no fault " + subject, ""}};
    case Refusal::Why::unknown_protocol:
      return {{"bad_value", "there is no protocol " + subject, "/protocol"}};
    case Refusal::Why::bad_settings: {
      NativeErrors errors;
      for (const Error& error : refusal.errors) {
        errors.push_back({"bad_value", error.what, error.where});
      }
      return errors;
    }
    case Refusal::Why::bad_address:
      return {{"bad_value", listen_words(refusal.listen), "/listen"}};
    case Refusal::Why::cannot_listen: {
      const bool kernel = refusal.listen.why == ListenRefusal::Why::kernel;
      return {{kernel ? "cannot_listen" : "bad_value", listen_words(refusal.listen), "/listen"}};
    }
    case Refusal::Why::upstream_not_allowed:
      return {{"upstream_not_allowed",
               "upstream " + subject + " is not one that --allow-upstream names", "/upstream"}};
  }
  return {{"internal", "the refusal has no words", ""}};
}

}  // namespace

JsonMembers& JsonMembers::raw(std::string_view key, std::string_view json) {
  if (!members_.empty()) members_ += ',';
  members_ += json_string(key);
  members_ += ':';
  members_ += json;
  return *this;
}
JsonMembers& JsonMembers::text(std::string_view key, std::string_view value) {
  return raw(key, json_string(value));
}
JsonMembers& JsonMembers::count(std::string_view key, std::uint64_t value) {
  return raw(key, std::to_string(value));
}
JsonMembers& JsonMembers::boolean(std::string_view key, bool value) {
  return raw(key, value ? "true" : "false");
}

std::string fault_object(const HeldFault& fault, const Touched& touched, Instant now) {
  const FaultOrder& order = fault.order;
  JsonMembers members;
  members.text("id", order.name).text("kind", order.kind->name);
  if (find_fault_kind(order.kind->name) != order.kind || !order.stream.empty()) {
    members.raw("toxic", JsonMembers()
                             .text("type", order.kind->name)
                             .text("stream", order.stream)
                             .raw("toxicity", json_number(order.toxicity))
                             .object());
  }
  for (const Parameter& parameter : order.kind->parameters) {
    members.raw(parameter.name,
                std::visit(Written{}, fault.settings.values.find(parameter.name)->second));
  }
  add_aim(members, order);
  add_lease(members, order.owner, order.until, now);
  return members.raw("touched", touched_object(touched, now)).count("number", fault.id).object();
}

namespace {

// Without a key: a file's name is told, a text's is not kept.
std::string tls_object(const TlsSpec& tls, const std::string& authority) {
  JsonMembers members;
  if (tls.upstream) members.boolean("insecure", tls.insecure);
  for (const auto& [key, text] : {
           std::pair("server_name", &tls.server_name),
           std::pair("ca_file", &tls.ca_file),
           std::pair("ca", &tls.ca),
           std::pair("certificate_file", &tls.certificate_file),
           std::pair("certificate", &tls.certificate),
           std::pair("key_file", &tls.key_file),
           std::pair("generate", &tls.generate),
           std::pair("authority", &authority),
       }) {
    if (!text->empty()) members.text(key, *text);
  }
  return members.object();
}

}  // namespace

std::string proxy_object(const HeldProxy& proxy, wire::Engine& engine, Instant now) {
  const wire::ProxyCounters counters = engine.counters(proxy.id);
  JsonMembers members;
  members.text("name", proxy.name)
      .count("number", proxy.id)
      .text("listen", proxy.listen)
      .text("upstream", (proxy.tls.upstream ? "https://" : "") + proxy.upstream)
      .text("protocol", proxy.protocol);
  if (proxy.tls.any()) members.raw("tls", tls_object(proxy.tls, engine.authority(proxy.id)));
  if (proxy.rewrites_host) members.boolean("rewrite_host", true);
  members.boolean("enabled", proxy.enabled);
  add_lease(members, proxy.owner, proxy.until, now);
  return members
      .raw("connections",
           JsonMembers().count("accepted", counters.accepted).count("live", counters.live).object())
      .raw("bytes", JsonMembers()
                        .count("upstream", counters.bytes_upstream)
                        .count("downstream", counters.bytes_downstream)
                        .object())
      .raw("faults", json_array(proxy.faults,
                                [&](const HeldFault& fault) {
                                  return fault_object(fault, engine.touched(fault.id), now);
                                }))
      .object();
}

std::string owned_object(const Registry& registry, wire::Engine& engine, std::string_view owner,
                         Instant now) {
  std::vector<std::string> proxies;
  std::vector<std::string> faults;
  for (const auto& [name, proxy] : registry.proxies()) {
    if (proxy.owner == owner) proxies.push_back(name);
    for (const HeldFault& fault : proxy.faults) {
      if (fault.order.owner != owner) continue;
      faults.push_back(JsonMembers()
                           .text("proxy", name)
                           .raw("fault", fault_object(fault, engine.touched(fault.id), now))
                           .object());
    }
  }
  const auto as_it_is = [](const std::string& object) { return object; };
  return JsonMembers()
      .raw("proxies", json_array(proxies, json_string))
      .raw("faults", json_array(faults, as_it_is))
      .object();
}

std::string connection_object(const wire::LiveConnection& connection, const Names& names,
                              Instant now) {
  const std::string* const proxy = names.proxy(connection.proxy);
  return JsonMembers()
      .count("id", connection.id)
      .text("proxy", proxy == nullptr ? "" : *proxy)
      .count("ordinal", connection.ordinal)
      .text("client", connection.client)
      .boolean("connected", connection.connected)
      .text("age", milliseconds(now - connection.accepted))
      .raw("bytes", JsonMembers()
                        .count("upstream", connection.bytes_upstream)
                        .count("downstream", connection.bytes_downstream)
                        .object())
      .raw("held", JsonMembers()
                       .count("upstream", connection.held_upstream)
                       .count("downstream", connection.held_downstream)
                       .object())
      .raw("touched_by", json_array(connection.touched_by,
                                    [&](FaultId id) {
                                      const Names::Fault* const fault = names.fault(id);
                                      return json_string(fault == nullptr ? "" : fault->name);
                                    }))
      .object();
}

std::string kinds_object() {
  const auto kind = [](const FaultKind* of) {
    return JsonMembers()
        .text("name", of->name)
        .text("summary", of->summary)
        .text("contract", of->contract)
        .text("direction", words(of->default_directions))
        .raw("parameters", json_array(of->parameters, parameter_object))
        .object();
  };
  return JsonMembers()
      .raw("faults", json_array(fault_kinds(), kind))
      .raw("aim", json_array(aim_parameters(), parameter_object))
      .object();
}

HttpResponse native_answer(int status, std::string json) {
  return {.status = status,
          .fields = {{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}},
          .body = std::move(json) + "\n"};
}

HttpResponse native_refusal(int status, const NativeErrors& errors) {
  const NativeErrors told(errors.begin(), errors.begin() + static_cast<std::ptrdiff_t>(std::min(
                                                               errors.size(), most_errors)));
  return native_answer(status, JsonMembers()
                                   .raw("error", error_object(errors.front()))
                                   .raw("errors", json_array(told, error_object))
                                   .object());
}

HttpResponse native_refusal(int status, std::string code, std::string message,
                            std::string pointer) {
  return native_refusal(status,
                        NativeErrors{{std::move(code), std::move(message), std::move(pointer)}});
}

HttpResponse native_refusal(const Refusal& refusal) {
  const NativeErrors errors = errors_of(refusal);
  const std::string& code = errors.front().code;
  int status = 400;
  if (code.starts_with("no_such_")) status = 404;
  if (code.ends_with("_exists") || code == "cannot_listen") status = 409;
  if (code == "upstream_not_allowed") status = 403;
  return native_refusal(status, errors);
}

std::string refusal_words(const Refusal& refusal) {
  std::string words;
  for (const NativeError& error : errors_of(refusal)) {
    words += (words.empty() ? "" : "; ") + error.message;
  }
  return words;
}

}  // namespace faultline::control
