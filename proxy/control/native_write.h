#pragma once

// What the native API answers: its objects, and its refusals.
//
//   {"error": {"code": "bad_value", "message": "…", "pointer": "/delay"}, "errors": [… all of
//   them]}

#include <string>
#include <string_view>

#include "proxy/control/native_body.h"
#include "proxy/control/registry.h"
#include "proxy/http_service.h"

namespace faultline::control {

// A JSON object under construction.
class JsonMembers {
 public:
  JsonMembers& raw(std::string_view key, std::string_view json);  // a value that is JSON already
  JsonMembers& text(std::string_view key, std::string_view value);
  JsonMembers& count(std::string_view key, std::uint64_t value);
  JsonMembers& boolean(std::string_view key, bool value);
  std::string object() const { return "{" + members_ + "}"; }

 private:
  std::string members_;
};

template <class Range, class Write>
std::string json_array(const Range& range, Write write) {
  std::string out = "[";
  for (const auto& element : range) {
    if (out.size() > 1) out += ',';
    out += write(element);
  }
  return out + "]";
}

// Settings as the user would write them, the aim where it is not the default, `touched` so far. The
// `number` of a fault or a proxy is what /v1/journal calls it.
std::string fault_object(const HeldFault& fault, const Touched& touched, Instant now);
std::string proxy_object(const HeldProxy& proxy, wire::Engine& engine, Instant now);
std::string connection_object(const wire::LiveConnection& connection, const Names& names,
                              Instant now);
// What an owner has, faults with the names of their proxies.
std::string owned_object(const Registry& registry, wire::Engine& engine, std::string_view owner,
                         Instant now);
std::string kinds_object();  // of every fault: name, summary, contract, parameters

HttpResponse native_answer(int status, std::string json);
HttpResponse native_refusal(int status, const NativeErrors& errors);
HttpResponse native_refusal(int status, std::string code, std::string message,
                            std::string pointer = {});
HttpResponse native_refusal(const Refusal& refusal);
std::string refusal_words(const Refusal& refusal);

}  // namespace faultline::control
