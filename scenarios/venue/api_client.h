#pragma once

// A serving faultline's control API as its caller sees it: one request, and the answer.

#include <string>
#include <string_view>
#include <vector>

#include "proxy/control/json_value.h"
#include "proxy/wire/http_fetch.h"

namespace faultline {

class ApiClient {
 public:
  wire::HttpTarget target;
  std::string token;  // empty: none
  std::string agent;  // who asks: "faultline-ctl/1.0"
  Duration limit = std::chrono::seconds(30);

  Result<HttpResponse> ask(std::string method, std::string path, std::string body = {}) const;
  std::vector<HttpField> fields() const;  // that every request has
};

// The reason in a refusal of either API, or its whole body.
std::string reason_of(const HttpResponse& refusal);

std::string percent_encoded(std::string_view text);  // as a segment of a path
// A member of an object; a null for what is not there.
const control::JsonValue& member(const control::JsonValue& object, std::string_view key);
// A member that is a whole number; 0 for what is none.
std::uint64_t count_of(const control::JsonValue& object, std::string_view key);

}  // namespace faultline
