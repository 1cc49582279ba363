#pragma once

// The part of an aim that reads: which requests a fault by the request is for, by what they say of
// themselves and, for what follows the server's work, by the status of its response. Which of those
// that match are hit is the other part, Aim, which counts and draws.
//
// All that is written must hold. It is asked with the header block and as much of the body as is
// there; a body is asked for only where a body is aimed at, and only up to a bound.

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "faults/http/head.h"
#include "faults/settings.h"

namespace faultline::http {

inline constexpr std::size_t aim_parameter_count = 8;
inline constexpr std::array<Parameter, aim_parameter_count> request_aim_parameters = {{
    {.name = "method",
     .summary = "only requests of this method, or of these: GET, or PUT,POST",
     .type = ParameterType::text,
     .fallback = "any"},
    {.name = "route",
     .summary = "only requests whose path has this form: /orders/{id}; a last * is any rest",
     .type = ParameterType::text,
     .fallback = "any"},
    {.name = "query",
     .summary = "only requests with these in their query: page, or page=2&sort",
     .type = ParameterType::text,
     .fallback = "any"},
    {.name = "header",
     .summary = "only requests with this header: X-Tenant, or X-Tenant: acme",
     .type = ParameterType::text,
     .fallback = "any"},
    {.name = "body_pointer",
     .summary = "only requests whose JSON body, in its first 16 KiB, has this: /customer/id, or "
                "/customer/id=42",
     .type = ParameterType::text,
     .fallback = "any"},
    {.name = "upstream_status",
     .summary = "only where the server responds so: 200, 2xx, or 500-503; for what acts after it",
     .type = ParameterType::text,
     .fallback = "any"},
    {.name = "key",
     .summary = "what `key_share` is a share of: path, {id} (of the route), query:NAME or "
                "header:NAME",
     .type = ParameterType::text,
     .fallback = "path"},
    {.name = "key_share",
     .summary = "the share of keys that are hit, always the same ones",
     .type = ParameterType::ratio,
     .fallback = "1"},
}};

// What a request is asked.
struct AskedRequest {
  const Head& head;
  std::string_view body;  // its front, out of its chunks
  bool whole = false;     // … which is all of it, or all that is looked at
};

class RequestAim {
 public:
  enum class Match : std::uint8_t { no, yes, needs_more };

  static Checked<RequestAim> from(const Settings& settings);

  Match matches(const AskedRequest& request) const;
  bool asks_status() const { return status_low_ != 0; }
  bool takes_status(std::uint16_t status) const {
    return !asks_status() || (status >= status_low_ && status <= status_high_);
  }

 private:
  // "name" or "name<sign>value".
  struct Pair {
    std::string name;
    std::string value;
    bool any = true;  // value: whatever it is
  };
  enum class KeyOf : std::uint8_t { nothing, path, header, query, route };

  void read_route(const Settings& settings, Errors& errors);
  void read_pairs(const Settings& settings, Errors& errors);
  void read_status(const Settings& settings, Errors& errors);
  void read_key(const Settings& settings, Errors& errors);
  bool takes_route(std::string_view path) const;
  bool takes_query(std::string_view query) const;
  bool takes_key(const Head& head) const;
  Match takes_body(const AskedRequest& request) const;
  std::string_view key(const Head& head) const;

  std::vector<std::string> methods_;  // none: any
  std::vector<std::string> route_;    // segments; empty with any_route_
  bool any_route_ = true;
  std::vector<Pair> query_;
  std::vector<Pair> header_;  // at most one
  std::vector<Pair> body_;    // at most one
  std::uint16_t status_low_ = 0, status_high_ = 0;
  KeyOf key_of_ = KeyOf::nothing;
  std::string key_name_;
  double key_share_ = 1.0;
};

// The parameters of a kind by the request: its own, then those of the aim.
template <std::size_t own>
constexpr auto with_request_aim(const std::array<Parameter, own>& parameters) {
  std::array<Parameter, own + aim_parameter_count> all{};
  std::ranges::copy(parameters, all.begin());
  std::ranges::copy(request_aim_parameters, all.begin() + own);
  return all;
}

}  // namespace faultline::http
