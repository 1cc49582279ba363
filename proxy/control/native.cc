#include "proxy/control/native.h"

#include <algorithm>
#include <charconv>
#include <set>
#include <utility>
#include <vector>

#include "proxy/control/json_text.h"
#include "proxy/control/native_body.h"
#include "proxy/control/native_read.h"
#include "proxy/control/native_write.h"
#include "proxy/control/openapi.h"

namespace faultline::control {
namespace {

bool is_own(std::string_view path) { return path == "/v1" || path.starts_with("/v1/"); }

HttpResponse not_here(const std::string& what) {
  return native_refusal(404, "no_such_path", "this server has no " + what);
}

// A body that is an object, read by `read`; every mistake in it at once.
template <class Read>
auto body_of(const HttpRequest& request, NativeErrors& errors, Read read)
    -> decltype(read(std::declval<NativeObject&>())) {
  const std::optional<JsonValue> body = read_body(request.body, errors);
  if (!body) return std::nullopt;
  NativeObject object(*body, "", errors);
  auto result = read(object);
  if (!errors.empty()) return std::nullopt;
  return result;
}

// The body {"ttl": "5s"}.
std::optional<Instant> new_lease(const HttpRequest& request, NativeErrors& errors, Instant now) {
  return body_of(request, errors, [&](NativeObject& object) {
    object.require("ttl", "\"5s\"");
    const std::optional<Instant> read = read_lease(object, now);
    object.finish();
    return errors.empty() ? read : std::nullopt;
  });
}

std::optional<std::uint64_t> number_from(const std::string& text) {
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, number);
  if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
  return number;
}

// The names between the commas.
std::set<std::string> names_from(std::string_view list) {
  std::set<std::string> names;
  while (!list.empty()) {
    const std::string_view name = list.substr(0, list.find(','));
    list.remove_prefix(std::min(list.size(), name.size() + 1));
    if (!name.empty()) names.emplace(name);
  }
  return names;
}

}  // namespace

std::optional<HttpResponse> Native::serve(const HttpRequest& request) {
  const std::optional<NativeMatch> match = native_match(request.method, request.path);
  if (!match) {
    if (!is_own(request.path)) return std::nullopt;
    return native_refusal(404, "no_such_path", "there is nothing at " + quoted(request.path));
  }
  if (match->route == nullptr) {
    HttpResponse response = native_refusal(
        405, "no_such_method", request.method + " is not known here; " + match->allow + " are");
    response.fields.push_back({"Allow", match->allow});
    return response;
  }
  HttpResponse response = answer(*match, request);
  if (house_.events != nullptr && match->route->method != "GET") house_.events->hasten();
  return response;
}

HttpResponse Native::answer(const NativeMatch& match, const HttpRequest& request) {
  switch (match.route->does) {
    case Does::renew_leases:
      return renew_leases(match.names[0], request);
    case Does::heal:
      return heal(request);
    case Does::list_connections:
      return list_connections(request);
    case Does::reset_connection:
      return reset_connection(match.names[0]);
    case Does::list_kinds:
      return native_answer(200, kinds_object());
    case Does::tell_health:
      return native_answer(200, R"({"status":"ok"})");
    case Does::tell_readiness:  // nothing is answered before every proxy listens
      return native_answer(200, R"({"ready":true})");
    case Does::reload:
      return reload();
    case Does::follow_events:
      if (house_.events == nullptr) return not_here("events");
      return request.method == "HEAD" ? HttpResponse{} : house_.events->follow();
    case Does::follow_journal:
      return follow_journal(request);
    case Does::end_journal:
      return end_journal(match.names[0]);
    case Does::tell_metrics:
      if (house_.metrics == nullptr || !house_.metrics->any()) return not_here("metrics");
      return {.fields = {{"Content-Type", "text/plain; version=0.0.4; charset=utf-8"}},
              .body = house_.metrics->text()};
    case Does::tell_document:
      return native_answer(200, std::string(openapi_document()));
    case Does::list_proxies:
    case Does::create_proxy:
    case Does::show_proxy:
    case Does::change_proxy:
    case Does::remove_proxy:
      return about_proxies(match, request);
    default:
      return about_faults(match, request);
  }
}

HttpResponse Native::about_proxies(const NativeMatch& match, const HttpRequest& request) {
  if (match.route->does == Does::list_proxies) return list_proxies();
  if (match.route->does == Does::create_proxy) return create_proxy(request);
  const std::string& name = match.names[0];
  if (match.route->does == Does::change_proxy) return change_proxy(name, request);
  if (match.route->does == Does::remove_proxy) {
    const auto removed = house_.registry.remove_proxy(name);
    return removed ? HttpResponse{.status = 204} : native_refusal(removed.error());
  }
  const auto proxy = house_.registry.proxy(name);
  return proxy ? shown(200, **proxy) : native_refusal(proxy.error());
}

HttpResponse Native::about_faults(const NativeMatch& match, const HttpRequest& request) {
  const std::string& proxy = match.names[0];
  if (match.route->does == Does::list_faults) return list_faults(proxy);
  if (match.route->does == Does::create_fault) return create_fault(proxy, request);
  const std::string& id = match.names[1];
  switch (match.route->does) {
    case Does::put_fault:
      return put_fault(proxy, id, request);
    case Does::change_fault:
      return change_fault(proxy, id, request);
    case Does::renew_lease:
      return renew_lease(proxy, id, request);
    case Does::remove_fault: {
      const auto removed = house_.registry.remove_fault(proxy, id);
      return removed ? HttpResponse{.status = 204} : native_refusal(removed.error());
    }
    default: {
      const auto fault = house_.registry.fault(proxy, id);
      return fault ? shown(200, **fault) : native_refusal(fault.error());
    }
  }
}

HttpResponse Native::shown(int status, const HeldProxy& proxy) {
  return native_answer(status, proxy_object(proxy, house_.engine, house_.now()));
}

HttpResponse Native::shown(int status, const HeldFault& fault) {
  return native_answer(status, fault_object(fault, house_.engine.touched(fault.id), house_.now()));
}

HttpResponse Native::list_proxies() {
  return native_answer(200, JsonMembers()
                                .raw("proxies", json_array(house_.registry.proxies(),
                                                           [this](const auto& named) {
                                                             return proxy_object(named.second,
                                                                                 house_.engine,
                                                                                 house_.now());
                                                           }))
                                .object());
}

HttpResponse Native::create_proxy(const HttpRequest& request) {
  NativeErrors errors;
  const auto order = body_of(request, errors, [&](NativeObject& object) {
    return read_proxy_order(object, errors, house_.now());
  });
  if (!order) return native_refusal(400, errors);
  const auto proxy = house_.registry.add_proxy(*order);
  return proxy ? shown(201, **proxy) : native_refusal(proxy.error());
}

HttpResponse Native::change_proxy(const std::string& name, const HttpRequest& request) {
  const auto known = house_.registry.proxy(name);
  if (!known) return native_refusal(known.error());
  NativeErrors errors;
  const auto change = body_of(
      request, errors, [&](NativeObject& object) { return read_proxy_change(object, **known); });
  if (!change) return native_refusal(400, errors);
  const auto proxy = house_.registry.change_proxy(name, *change);
  return proxy ? shown(200, **proxy) : native_refusal(proxy.error());
}

HttpResponse Native::list_faults(const std::string& name) {
  const auto proxy = house_.registry.proxy(name);
  if (!proxy) return native_refusal(proxy.error());
  return native_answer(200, JsonMembers()
                                .raw("faults", json_array((*proxy)->faults,
                                                          [this](const HeldFault& fault) {
                                                            return fault_object(
                                                                fault,
                                                                house_.engine.touched(fault.id),
                                                                house_.now());
                                                          }))
                                .object());
}

HttpResponse Native::create_fault(const std::string& proxy, const HttpRequest& request) {
  const auto known = house_.registry.proxy(proxy);
  if (!known) return native_refusal(known.error());
  NativeErrors errors;
  auto order = body_of(request, errors,
                       [&](NativeObject& object) { return read_fault(object, "", house_.now()); });
  if (!order) return native_refusal(400, errors);
  const auto fault = house_.registry.add_fault(proxy, std::move(*order));
  return fault ? shown(201, **fault) : native_refusal(fault.error());
}

// What was there is replaced: in its place in the chain if it is of the same kind, else behind the
// others.
HttpResponse Native::put_fault(const std::string& proxy, const std::string& id,
                               const HttpRequest& request) {
  const auto known = house_.registry.proxy(proxy);
  if (!known) return native_refusal(known.error());
  NativeErrors errors;
  auto order = body_of(request, errors,
                       [&](NativeObject& object) { return read_fault(object, id, house_.now()); });
  if (!order) return native_refusal(400, errors);
  const HeldFault* const held = (*known)->fault(id);
  if (held != nullptr && held->order.kind == order->kind) {
    const auto fault = house_.registry.change_fault(proxy, id, replacement(*order));
    return fault ? shown(200, **fault) : native_refusal(fault.error());
  }
  const bool replaces = held != nullptr;
  if (replaces) (void)house_.registry.remove_fault(proxy, id);  // `order` is sound: it was checked
  const auto fault = house_.registry.add_fault(proxy, std::move(*order));
  return fault ? shown(replaces ? 200 : 201, **fault) : native_refusal(fault.error());
}

HttpResponse Native::change_fault(const std::string& proxy, const std::string& id,
                                  const HttpRequest& request) {
  const auto known = house_.registry.fault(proxy, id);
  if (!known) return native_refusal(known.error());
  NativeErrors errors;
  const auto change = body_of(request, errors, [&](NativeObject& object) {
    return read_fault_change(object, **known, house_.now());
  });
  if (!change) return native_refusal(400, errors);
  const auto fault = house_.registry.change_fault(proxy, id, *change);
  return fault ? shown(200, **fault) : native_refusal(fault.error());
}

HttpResponse Native::renew_lease(const std::string& proxy, const std::string& id,
                                 const HttpRequest& request) {
  const auto known = house_.registry.fault(proxy, id);
  if (!known) return native_refusal(known.error());
  NativeErrors errors;
  const auto until = new_lease(request, errors, house_.now());
  if (!until) return native_refusal(400, errors);
  const auto fault = house_.registry.renew(proxy, id, *until);
  return fault ? shown(200, **fault) : native_refusal(fault.error());
}

HttpResponse Native::renew_leases(const std::string& owner, const HttpRequest& request) {
  NativeErrors errors;
  const auto until = new_lease(request, errors, house_.now());
  if (!until) return native_refusal(400, errors);
  house_.registry.renew_all(owner, *until);
  return native_answer(200, owned_object(house_.registry, house_.engine, owner, house_.now()));
}

HttpResponse Native::heal(const HttpRequest& request) {
  NativeErrors errors;
  const auto owner = body_of(
      request, errors, [&](NativeObject& object) -> std::optional<std::optional<std::string>> {
        const std::optional<std::string> read = object.text("owner");
        object.finish();
        if (!errors.empty()) return std::nullopt;
        return std::make_optional(read);
      });
  if (!owner) return native_refusal(400, errors);
  std::vector<std::pair<std::string, std::string>> healed;
  for (const auto& [name, proxy] : house_.registry.proxies()) {
    for (const HeldFault& fault : proxy.faults) {
      if (!*owner || fault.order.owner == **owner) healed.emplace_back(name, fault.order.name);
    }
  }
  for (const auto& [proxy, fault] : healed) (void)house_.registry.remove_fault(proxy, fault);
  const auto one = [](const auto& pair) {
    return JsonMembers().text("proxy", pair.first).text("id", pair.second).object();
  };
  return native_answer(200, JsonMembers().raw("healed", json_array(healed, one)).object());
}

HttpResponse Native::reload() {
  if (!house_.reload) {
    return native_refusal(409, "no_configuration", "this server was started without a file");
  }
  const Checked<Configuration::Outcome> outcome = house_.reload();
  if (!outcome) {
    NativeErrors errors;
    for (const Error& error : outcome.error()) {
      errors.push_back({"bad_configuration", error.text(), ""});
    }
    return native_refusal(400, errors);
  }
  return native_answer(200, JsonMembers()
                                .raw("added", json_array(outcome->added, json_string))
                                .raw("changed", json_array(outcome->changed, json_string))
                                .raw("removed", json_array(outcome->removed, json_string))
                                .count("unchanged", outcome->unchanged)
                                .object());
}

HttpResponse Native::list_connections(const HttpRequest& request) {
  ProxyId of = 0;
  if (const auto name = query_value(request.query, "proxy")) {
    const auto proxy = house_.registry.proxy(*name);
    if (!proxy) return native_refusal(proxy.error());
    of = (*proxy)->id;
  }
  const auto one = [this](const wire::LiveConnection& connection) {
    return connection_object(connection, house_.registry.names(), house_.now());
  };
  return native_answer(
      200,
      JsonMembers().raw("connections", json_array(house_.engine.connections(of), one)).object());
}

HttpResponse Native::reset_connection(const std::string& id) {
  const auto number = number_from(id);
  const bool found = number && house_.engine.reset(*number);
  if (!found) {
    return native_refusal(404, "no_such_connection", "there is no connection " + quoted(id));
  }
  return {.status = 204};
}

// A proxy need not exist yet: who is about to create one wants to miss nothing.
HttpResponse Native::follow_journal(const HttpRequest& request) {
  if (house_.events == nullptr) return not_here("journal");
  if (request.method == "HEAD") return {};
  return house_.events->record(names_from(query_value(request.query, "proxies").value_or("")));
}

HttpResponse Native::end_journal(const std::string& record) {
  const auto number = number_from(record);
  const bool found = house_.events != nullptr && number && house_.events->end_record(*number);
  if (!found) {
    return native_refusal(404, "no_such_record", "there is no record " + quoted(record));
  }
  return {.status = 204};
}

}  // namespace faultline::control
