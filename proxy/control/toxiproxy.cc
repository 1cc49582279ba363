#include "proxy/control/toxiproxy.h"

#include <algorithm>
#include <random>
#include <utility>
#include <vector>

#include "faults/random.h"
#include "proxy/control/toxic_kinds.h"
#include "proxy/control/toxiproxy_read.h"
#include "proxy/control/toxiproxy_write.h"

namespace faultline::control {
namespace {

using Place = ToxiproxyRoute::Place;

constexpr std::string_view default_stream = "downstream";

HttpResponse answer(const Refusal& refusal) { return error_answer(in_toxiproxy_words(refusal)); }

std::optional<Directions> directions_of(std::string_view stream) {
  if (same_word(stream, "upstream")) return Directions::upstream;
  if (same_word(stream, "downstream")) return Directions::downstream;
  return std::nullopt;
}

// Beyond 0 … 1 a share is what it amounts to: nothing or all.
Aim aim_of(Directions directions, float toxicity) {
  Aim aim;
  aim.directions = directions;
  aim.share = std::clamp(static_cast<double>(toxicity), 0.0, 1.0);
  return aim;
}

ProxyOrder order_from(const ProxyBody& body) {
  ProxyOrder order;
  order.name = body.name.value_or("");
  order.listen = body.listen.value_or("");
  order.upstream = body.upstream.value_or("");
  order.enabled = body.enabled.value_or(true);
  order.unreachable = Unreachable::end;
  return order;
}

// Everything of a toxic but its attributes, in the order in which Toxiproxy looks at it.
std::expected<FaultOrder, ToxiproxyError> toxic_order(const ToxicBody& body) {
  FaultOrder order;
  order.stream = body.stream.value_or(std::string(default_stream));
  const std::optional<Directions> directions = directions_of(order.stream);
  if (!directions) {
    return std::unexpected(
        ToxiproxyError{400, "stream was invalid, can be either upstream or downstream"});
  }
  const std::string type = body.type.value_or("");
  order.name = body.name.value_or("");
  if (order.name.empty()) order.name = type + "_" + order.stream;
  order.kind = toxic_kind(type);
  if (order.kind == nullptr) return std::unexpected(ToxiproxyError{400, "invalid toxic type"});
  order.toxicity = body.toxicity.value_or(1.0F);
  order.aim = aim_of(*directions, order.toxicity);
  return order;
}

std::expected<std::vector<ProxyOrder>, ToxiproxyError> orders_from(
    const std::vector<ProxyBody>& bodies) {
  std::vector<ProxyOrder> orders;
  for (const ProxyBody& body : bodies) {
    orders.push_back(order_from(body));
    const std::string place = " at proxy " + std::to_string(orders.size());
    if (orders.back().name.empty()) return std::unexpected(missing_field("name" + place));
    if (orders.back().upstream.empty()) return std::unexpected(missing_field("upstream" + place));
  }
  return orders;
}

// The toxics that a configuration file gives a proxy; errors say which.
std::expected<std::vector<FaultOrder>, ToxiproxyError> toxics_of(const ProxyBody& body) {
  std::vector<FaultOrder> orders;
  if (body.toxics.is(JsonValue::Kind::null)) return orders;
  for (const JsonValue& element : body.toxics.elements) {
    const auto toxic = read_toxic(element);
    if (!toxic) return std::unexpected(bad_request_body(toxic.error()));
    auto order = toxic_order(*toxic);
    if (!order) return std::unexpected(order.error());
    auto settings = read_attributes(toxic->attributes, *order->kind);
    if (!settings) return std::unexpected(bad_request_body(settings.error()));
    order->settings = std::move(*settings);
    orders.push_back(std::move(*order));
  }
  return orders;
}

}  // namespace

std::string_view toxiproxy_version() { return "2.12.0-faultline." FAULTLINE_VERSION; }

Toxiproxy::Toxiproxy(Registry& registry)
    : registry_(registry),
      start_((std::uint64_t{std::random_device()()} << 32U) | std::random_device()()) {}

std::optional<HttpResponse> Toxiproxy::serve(const HttpRequest& request) {
  const std::optional<ToxiproxyRoute> route = toxiproxy_route(request.path);
  if (!route) return std::nullopt;
  if (!route->knows(request.method)) return HttpResponse{.status = 405};
  HttpResponse response = handle(*route, request);
  response.fields.push_back({"X-Toxiproxy-Request-Id", next_request_id()});
  return response;
}

HttpResponse Toxiproxy::handle(const ToxiproxyRoute& route, const HttpRequest& request) {
  const std::string* const agent = request.field("user-agent");
  if (agent != nullptr && agent->starts_with("Mozilla/")) {
    return plain_error(403, "User agent not allowed");
  }
  const bool get = request.method == "GET";
  const bool remove = request.method == "DELETE";
  switch (route.place) {
    case Place::version:
      return {.fields = {{"Content-Type", "application/json;charset=utf-8"}},
              .body = "{\"version\": \"" + std::string(toxiproxy_version()) + "\"}\n"};
    case Place::proxies:
      return get ? list_proxies() : create_proxy(request);
    case Place::proxy:
      if (remove) return delete_proxy(route.proxy);
      return get ? show_proxy(route.proxy) : update_proxy(route.proxy, request);
    case Place::toxics:
      return get ? list_toxics(route.proxy) : create_toxic(route.proxy, request);
    case Place::toxic:
      if (remove) return delete_toxic(route.proxy, route.toxic);
      return get ? show_toxic(route.proxy, route.toxic)
                 : update_toxic(route.proxy, route.toxic, request);
    case Place::populate:
      return populate(request);
    case Place::reset:
      return reset();
  }
  return {.status = 404};
}

HttpResponse Toxiproxy::list_proxies() const { return json_answer(200, proxies_json(registry_)); }

HttpResponse Toxiproxy::show_proxy(const std::string& name) const {
  const auto proxy = registry_.proxy(name);
  return proxy ? json_answer(200, proxy_json(**proxy)) : answer(proxy.error());
}

HttpResponse Toxiproxy::create_proxy(const HttpRequest& request) {
  const auto body = read_proxy(request.body);
  if (!body) return error_answer(bad_request_body(body.error()));
  const ProxyOrder order = order_from(*body);
  if (order.name.empty()) return error_answer(missing_field("name"));
  if (order.upstream.empty()) return error_answer(missing_field("upstream"));
  const auto proxy = registry_.add_proxy(order);
  return proxy ? json_answer(201, proxy_json(**proxy)) : answer(proxy.error());
}

HttpResponse Toxiproxy::update_proxy(const std::string& name, const HttpRequest& request) {
  const auto known = registry_.proxy(name);
  if (!known) return answer(known.error());
  auto body = read_proxy(request.body);
  if (!body) return error_answer(bad_request_body(body.error()));
  const auto proxy = registry_.change_proxy(
      name, {std::move(body->listen), std::move(body->upstream), body->enabled});
  return proxy ? json_answer(200, proxy_json(**proxy)) : answer(proxy.error());
}

HttpResponse Toxiproxy::delete_proxy(const std::string& name) {
  const auto removed = registry_.remove_proxy(name);
  return removed ? no_content() : answer(removed.error());
}

HttpResponse Toxiproxy::list_toxics(const std::string& name) const {
  const auto proxy = registry_.proxy(name);
  return proxy ? json_answer(200, toxics_json(**proxy)) : answer(proxy.error());
}

HttpResponse Toxiproxy::show_toxic(const std::string& proxy, const std::string& name) const {
  const auto toxic = registry_.fault(proxy, name);
  return toxic ? json_answer(200, toxic_json(**toxic)) : answer(toxic.error());
}

HttpResponse Toxiproxy::create_toxic(const std::string& name, const HttpRequest& request) {
  const auto proxy = registry_.proxy(name);
  if (!proxy) return answer(proxy.error());
  const auto body = read_toxic(request.body);
  if (!body) return error_answer(bad_request_body(body.error()));
  auto order = toxic_order(*body);
  if (!order) return error_answer(order.error());
  if ((*proxy)->fault(order->name) != nullptr) {
    return error_answer({409, "toxic already exists"});
  }
  auto settings = read_attributes(body->attributes, *order->kind);
  if (!settings) return error_answer(bad_request_body(settings.error()));
  order->settings = std::move(*settings);
  const auto toxic = registry_.add_fault(name, std::move(*order));
  return toxic ? json_answer(200, toxic_json(**toxic)) : answer(toxic.error());
}

HttpResponse Toxiproxy::update_toxic(const std::string& proxy, const std::string& name,
                                     const HttpRequest& request) {
  const auto known = registry_.fault(proxy, name);
  if (!known) return answer(known.error());
  const auto body = read_toxic_update(request.body);
  if (!body) return error_answer(bad_request_body(body.error()));
  const FaultOrder& order = (*known)->order;
  auto settings = read_attributes(body->attributes, *order.kind);
  if (!settings) return error_answer(bad_request_body(settings.error()));
  FaultChange change;
  change.settings = std::move(*settings);
  change.toxicity = body->toxicity;
  if (change.toxicity) {
    change.aim =
        aim_of(order.aim.directions.value_or(order.kind->default_directions), *change.toxicity);
  }
  const auto toxic = registry_.change_fault(proxy, name, change);
  return toxic ? json_answer(200, toxic_json(**toxic)) : answer(toxic.error());
}

HttpResponse Toxiproxy::delete_toxic(const std::string& proxy, const std::string& name) {
  const auto removed = registry_.remove_fault(proxy, name);
  return removed ? no_content() : answer(removed.error());
}

HttpResponse Toxiproxy::populate(const HttpRequest& request) {
  const auto refuse = [](const ToxiproxyError& error) { return populate_answer({}, &error); };
  const auto bodies = read_proxies(request.body);
  if (!bodies) return refuse(bad_request_body(bodies.error()));
  const auto orders = orders_from(*bodies);
  if (!orders) return refuse(orders.error());
  std::vector<const HeldProxy*> done;
  for (const ProxyOrder& order : *orders) {
    const auto proxy = registry_.put_proxy(order);
    if (!proxy) {
      const ToxiproxyError error = in_toxiproxy_words(proxy.error());
      return populate_answer(done, &error);
    }
    done.push_back(*proxy);
  }
  return populate_answer(done, nullptr);
}

Result<std::size_t> Toxiproxy::configure(std::string_view json) {
  const auto bodies = read_proxies(json);
  if (!bodies) return error("", bodies.error());
  auto orders = orders_from(*bodies);
  if (!orders) return error("", orders.error().text);
  for (std::size_t i = 0; i < orders->size(); ++i) {
    auto toxics = toxics_of((*bodies)[i]);
    if (!toxics) return error("proxy " + quoted((*orders)[i].name), toxics.error().text);
    (*orders)[i].faults = std::move(*toxics);
  }
  for (const ProxyOrder& order : *orders) {
    const auto proxy = registry_.put_proxy(order);
    if (!proxy) {
      return error("proxy " + quoted(order.name), in_toxiproxy_words(proxy.error()).text);
    }
  }
  return orders->size();
}

HttpResponse Toxiproxy::reset() {
  const auto outcome = registry_.reset();
  return outcome ? no_content() : answer(outcome.error());
}

// Twenty characters that tell requests apart, in this process and from those of others.
std::string Toxiproxy::next_request_id() {
  constexpr std::string_view alphabet = "0123456789abcdefghijklmnopqrstuv";
  constexpr int characters_per_draw = 10;
  std::string id;
  ++requests_;
  for (const std::uint64_t half : {0U, 1U}) {
    std::uint64_t bits = Draw(start_).about(requests_).about(half).bits();
    for (int i = 0; i < characters_per_draw; ++i, bits >>= 5U) id += alphabet[bits & 31U];
  }
  return id;
}

}  // namespace faultline::control
