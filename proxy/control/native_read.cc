#include "proxy/control/native_read.h"

#include <algorithm>
#include <utility>

#include "faults/catalogue.h"
#include "proxy/codec.h"

namespace faultline::control {
namespace {

constexpr Duration longest_dial = std::chrono::hours(1);

void note(NativeObject& object, const Errors& found) {
  for (const Error& error : found) object.wrong_at(error.where, error.what);
}

// The kind's own settings and the aim's, read and checked as far as they can be without the engine.
struct Named {
  std::vector<RawSetting> settings;
  std::vector<RawSetting> aim_settings;
  std::optional<Aim> aim;
};

std::optional<Aim> checked_aim(NativeObject& object, const FaultKind* kind,
                               const std::vector<RawSetting>& raw) {
  const Checked<Settings> settings = read_settings(aim_parameters(), raw, object.pointer());
  if (!settings) {
    note(object, settings.error());
    return std::nullopt;
  }
  const Checked<Aim> aim = kind == nullptr ? aim_from(*settings) : aim_from(*kind, *settings);
  if (!aim) note(object, aim.error());
  return aim ? std::optional<Aim>(*aim) : std::nullopt;
}

void check_settings(NativeObject& object, const FaultKind& kind,
                    const std::vector<RawSetting>& raw) {
  const Checked<Settings> settings = read_settings(kind.parameters, raw, object.pointer());
  if (!settings) return note(object, settings.error());
  if (const auto made = kind.make(*settings); !made) note(object, made.error());
}

const FaultKind* read_kind(NativeObject& object) {
  object.require("kind", "\"latency\"");
  const std::optional<std::string> word = object.text("kind");
  if (!word) return nullptr;
  const FaultKind* const kind = find_fault_kind(*word);
  if (kind == nullptr) {
    object.wrong("kind", "there is no kind of fault " + quoted(*word) +
                             suggestion(*word, fault_kind_names()));
  }
  return kind;
}

std::string read_owner(NativeObject& object) {
  const std::optional<std::string> owner = object.text("owner");
  if (owner && owner->size() > longest_name) {
    object.wrong("owner", "is longer than " + std::to_string(longest_name) + " bytes");
  }
  return owner.value_or("");
}

std::optional<WrittenUpstream> read_upstream(NativeObject& object) {
  const std::optional<std::string> text = object.text("upstream");
  if (!text) return std::nullopt;
  Result<WrittenUpstream> upstream = upstream_from(*text);
  if (!upstream) {
    object.wrong("upstream", upstream.error().what);
    return std::nullopt;
  }
  const Result<Address> address = address_from(upstream->address);
  if (!address) {
    object.wrong("upstream", address.error().what);
  } else if (address->port == 0) {
    object.wrong("upstream", "port 0 cannot be dialed; name the server's port");
  }
  return std::move(*upstream);
}

// What the API's caller names is not read and not written here: it would learn which files there
// are, and use keys that it may not read itself. It gives the texts, and is answered the CA's.
void read_tls(NativeObject& object, TlsSpec& tls, NativeErrors& errors) {
  const JsonValue* const found = object.find("tls");
  if (found == nullptr || found->is(JsonValue::Kind::null)) return;
  NativeObject table(*found, pointer_to(object.pointer(), "tls"), errors);
  for (const auto& [key, into] :
       {std::pair("server_name", &tls.server_name), std::pair("ca", &tls.ca),
        std::pair("certificate", &tls.certificate), std::pair("key", &tls.key),
        std::pair("generate", &tls.generate)}) {
    const std::optional<std::string> text = table.text(key);
    if (text && text->empty()) table.wrong(key, "is empty; leave it out");
    *into = text.value_or("");
  }
  tls.insecure = table.boolean("insecure").value_or(false);
  for (const auto& [file, text] :
       {std::pair("ca_file", "ca"), std::pair("certificate_file", "certificate"),
        std::pair("key_file", "key")}) {
    if (table.find(file) != nullptr)
      table.wrong(file, "the API reads no file; give what is in it as " + quoted(text));
  }
  if (table.find("write_ca") != nullptr)
    table.wrong("write_ca", "the API writes no file; the answer has the CA as \"authority\"");
  table.finish();
  for (const Error& error : contradictions(tls)) table.wrong(error.where, error.what);
}

}  // namespace

std::optional<Instant> read_lease(NativeObject& object, Instant now) {
  const JsonValue* const found = object.find("ttl");
  if (found == nullptr) return std::nullopt;
  if (found->is(JsonValue::Kind::string) && found->text == "none") return never;
  const auto ttl = object.duration("ttl", shortest_lease, longest_lease);
  return ttl ? std::optional(now + *ttl) : std::nullopt;
}

std::optional<FaultOrder> read_fault(NativeObject& object, std::string_view id, Instant now) {
  const std::size_t before = object.mistakes();
  FaultOrder order;
  order.kind = read_kind(object);
  const std::optional<std::string> given = object.name("id");
  if (given && !id.empty() && *given != id) {
    object.wrong("id", quoted(*given) + " is not the " + quoted(id) + " of the path; leave it out");
  }
  order.name = std::string(id);
  if (id.empty())
    order.name = given.value_or(order.kind == nullptr ? "" : std::string(order.kind->name));
  order.owner = read_owner(object);
  order.until = read_lease(object, now).value_or(never);
  order.aim_settings = object.settings(aim_parameters());
  order.aim = checked_aim(object, order.kind, order.aim_settings).value_or(Aim{});
  if (order.kind == nullptr) return std::nullopt;  // which keys are its own is not known
  order.settings = object.settings(order.kind->parameters);
  check_settings(object, *order.kind, order.settings);
  object.finish();
  return object.mistakes() == before ? std::optional(std::move(order)) : std::nullopt;
}

std::optional<FaultChange> read_fault_change(NativeObject& object, const HeldFault& held,
                                             Instant now) {
  const std::size_t before = object.mistakes();
  const FaultOrder& order = held.order;
  for (const auto& [key, is] :
       {std::pair("kind", std::string(order.kind->name)), std::pair("id", order.name)}) {
    const std::optional<std::string> given = object.text(key);
    if (given && *given != is) object.wrong(key, "is " + quoted(is) + " and cannot be changed");
  }
  FaultChange change;
  change.until = read_lease(object, now);
  const std::vector<RawSetting> aim = object.settings(aim_parameters());
  if (!aim.empty()) {
    change.aim_settings = over(order.aim_settings, aim);
    change.aim = checked_aim(object, order.kind, *change.aim_settings);
  }
  change.settings = object.settings(order.kind->parameters);
  check_settings(object, *order.kind, over(order.settings, change.settings));
  object.finish();
  return object.mistakes() == before ? std::optional(std::move(change)) : std::nullopt;
}

FaultChange replacement(const FaultOrder& order) {
  std::vector<RawSetting> all;
  for (const Parameter& parameter : order.kind->parameters) {
    if (!parameter.fallback.empty()) {
      all.push_back({std::string(parameter.name), std::string(parameter.fallback), {}});
    }
  }
  return {.settings = over(std::move(all), order.settings),
          .aim = order.aim,
          .aim_settings = order.aim_settings,
          .until = order.until};
}

std::optional<ProxyOrder> read_proxy_order(NativeObject& object, NativeErrors& errors,
                                           Instant now) {
  const std::size_t before = object.mistakes();
  ProxyOrder order;
  object.require("name", "\"db\"");
  object.require("upstream", "\"127.0.0.1:5432\"");
  order.name = object.name("name").value_or("");
  order.listen = object.text("listen").value_or("127.0.0.1:0");
  const WrittenUpstream upstream = read_upstream(object).value_or(WrittenUpstream{});
  order.upstream = upstream.address;
  order.tls.upstream = upstream.tls;
  read_tls(object, order.tls, errors);
  order.enabled = object.boolean("enabled").value_or(true);
  order.protocol = object.text("protocol").value_or("tcp");
  if (find_codec_kind(order.protocol) == nullptr) {
    object.wrong("protocol", "there is no protocol " + quoted(order.protocol) +
                                 suggestion(order.protocol, codec_kind_names()));
  }
  order.rewrite_host = object.boolean("rewrite_host");
  if (const std::string_view problem = rewrite_problem(order.rewrite_host, order.protocol);
      !problem.empty())
    object.wrong("rewrite_host", std::string(problem));
  order.connect_timeout = object.duration("connect_timeout", shortest_lease, longest_dial)
                              .value_or(order.connect_timeout);
  order.owner = read_owner(object);
  order.until = read_lease(object, now).value_or(never);
  const JsonValue* const faults = object.array("faults");
  if (faults != nullptr && faults->elements.size() > most_faults) {
    object.wrong("faults", "holds more than " + std::to_string(most_faults));
  } else if (faults != nullptr) {
    for (std::size_t i = 0; i < faults->elements.size(); ++i) {
      NativeObject one(faults->elements[i],
                       pointer_to(pointer_to(object.pointer(), "faults"), std::to_string(i)),
                       errors);
      std::optional<FaultOrder> fault = read_fault(one, "", now);
      if (!fault) continue;
      const auto same = [&](const FaultOrder& other) { return other.name == fault->name; };
      if (std::any_of(order.faults.begin(), order.faults.end(), same)) {
        one.wrong("id", quoted(fault->name) + " is taken; each needs an id of its own");
      }
      order.faults.push_back(std::move(*fault));
    }
  }
  object.finish();
  return object.mistakes() == before ? std::optional(std::move(order)) : std::nullopt;
}

std::optional<ProxyChange> read_proxy_change(NativeObject& object, const HeldProxy& held) {
  const std::size_t before = object.mistakes();
  ProxyChange change;
  change.listen = object.text("listen");
  if (const std::optional<WrittenUpstream> upstream = read_upstream(object)) {
    if (upstream->tls != held.tls.upstream) {
      object.wrong("upstream", held.tls.upstream
                                   ? "is spoken to in TLS, which cannot be changed; write https://…"
                                   : "is not spoken to in TLS, which cannot be changed; write "
                                     "host:port");
    }
    change.upstream = upstream->address;
  }
  change.enabled = object.boolean("enabled");
  change.keep_connections = true;
  for (const char* fixed :
       {"name", "protocol", "rewrite_host", "connect_timeout", "faults", "owner", "ttl", "tls"}) {
    if (object.find(fixed) != nullptr) {
      object.wrong(fixed, "cannot be changed; listen, upstream and enabled can");
    }
  }
  object.finish();
  return object.mistakes() == before ? std::optional(std::move(change)) : std::nullopt;
}

}  // namespace faultline::control
