#pragma once

// Toxiproxy's HTTP API (version 2.12), for the clients that every language has: the same routes,
// codes, texts and bytes, and the same leniency in reading JSON. A request becomes a change of the
// Registry and a reply, at once; nothing here waits.
//
// Where it departs on purpose: an update that fails leaves everything as it was; a name that no
// path could address is refused; nothing is too large or too small to be refused or harmless.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "faults/result.h"
#include "proxy/control/json_value.h"
#include "proxy/control/registry.h"
#include "proxy/control/toxiproxy_route.h"
#include "proxy/http_service.h"

namespace faultline::control {

// Of the Toxiproxy that is spoken, and of the faultline that speaks it: clients read the first part
// to know whether PATCH is understood.
std::string_view toxiproxy_version();

class Toxiproxy {
 public:
  explicit Toxiproxy(Registry& registry);

  // Nothing if the path is none of its own.
  std::optional<HttpResponse> serve(const HttpRequest& request);

  // What `-config` names: the same array of proxies as in /populate, except that here the toxics of
  // each count, and are armed before it listens. Returns how many there are.
  Result<std::size_t> configure(std::string_view json);

 private:
  HttpResponse handle(const ToxiproxyRoute& route, const HttpRequest& request);
  HttpResponse list_proxies() const;
  HttpResponse show_proxy(const std::string& name) const;
  HttpResponse create_proxy(const HttpRequest& request);
  HttpResponse update_proxy(const std::string& name, const HttpRequest& request);
  HttpResponse delete_proxy(const std::string& name);
  HttpResponse list_toxics(const std::string& proxy) const;
  HttpResponse show_toxic(const std::string& proxy, const std::string& name) const;
  HttpResponse create_toxic(const std::string& proxy, const HttpRequest& request);
  HttpResponse update_toxic(const std::string& proxy, const std::string& name,
                            const HttpRequest& request);
  HttpResponse delete_toxic(const std::string& proxy, const std::string& name);
  HttpResponse populate(const HttpRequest& request);
  HttpResponse reset();
  std::string next_request_id();

  Registry& registry_;
  std::uint64_t requests_ = 0;
  const std::uint64_t start_;  // of the numbers in request ids
};

}  // namespace faultline::control
