#pragma once

// faultline's own HTTP API: everything under /v1, and what watches a server (/healthz, /readyz,
// /metrics). Proxies are created together with their faults, faults say what they mean in units,
// carry leases and tell what they touched. A request is carried out whole or not at all, and what
// is wrong with one is told all at once, each mistake with the JSON pointer of the value it is
// about.
//
//   400 a mistake in the body   404 no such thing   409 it exists, or its port is taken
//   403 not allowed             405 another method, with Allow

#include <functional>
#include <optional>
#include <string>

#include "proxy/control/configuration.h"
#include "proxy/control/event_feed.h"
#include "proxy/control/metrics.h"
#include "proxy/control/native_route.h"
#include "proxy/control/registry.h"
#include "proxy/http_service.h"
#include "proxy/wire/engine.h"

namespace faultline::control {

class Native {
 public:
  // What it is part of; they outlive it.
  struct House {
    Registry& registry;
    wire::Engine& engine;
    std::function<Instant()> now;
    // What may be missing.
    EventFeed* events = nullptr;
    const Metrics* metrics = nullptr;
    // Reads the configuration file again; the errors are places in it.
    std::function<Checked<Configuration::Outcome>()> reload = {};
  };

  explicit Native(House house) : house_(std::move(house)) {}

  // An answer, or nothing when the path is none of its own.
  std::optional<HttpResponse> serve(const HttpRequest& request);

 private:
  using Does = NativeRoute::Does;

  HttpResponse answer(const NativeMatch& match, const HttpRequest& request);
  HttpResponse about_proxies(const NativeMatch& match, const HttpRequest& request);
  HttpResponse about_faults(const NativeMatch& match, const HttpRequest& request);

  HttpResponse list_proxies();
  HttpResponse create_proxy(const HttpRequest& request);
  HttpResponse change_proxy(const std::string& name, const HttpRequest& request);
  HttpResponse list_faults(const std::string& proxy);
  HttpResponse create_fault(const std::string& proxy, const HttpRequest& request);
  HttpResponse put_fault(const std::string& proxy, const std::string& id,
                         const HttpRequest& request);
  HttpResponse change_fault(const std::string& proxy, const std::string& id,
                            const HttpRequest& request);
  HttpResponse renew_lease(const std::string& proxy, const std::string& id,
                           const HttpRequest& request);
  HttpResponse renew_leases(const std::string& owner, const HttpRequest& request);
  HttpResponse heal(const HttpRequest& request);
  HttpResponse follow_journal(const HttpRequest& request);
  HttpResponse end_journal(const std::string& record);
  HttpResponse list_connections(const HttpRequest& request);
  HttpResponse reset_connection(const std::string& id);
  HttpResponse reload();

  HttpResponse shown(int status, const HeldProxy& proxy);
  HttpResponse shown(int status, const HeldFault& fault);

  const House house_;
};

}  // namespace faultline::control
