#pragma once

// What Toxiproxy answers, byte for byte: its objects, and its refusals with their codes.

#include <string>
#include <string_view>
#include <vector>

#include "proxy/control/registry.h"
#include "proxy/http_service.h"

namespace faultline::control {

std::string toxic_json(const HeldFault& fault);
std::string toxics_json(const HeldProxy& proxy);  // upstream first, each direction in its order
std::string proxy_json(const HeldProxy& proxy);
std::string proxies_json(const Registry& registry);  // by name

struct ToxiproxyError {
  int status = 500;
  std::string text;
};
ToxiproxyError bad_request_body(std::string_view why);
ToxiproxyError missing_field(std::string_view what);
ToxiproxyError in_toxiproxy_words(const Refusal& refusal);

HttpResponse json_answer(int status, std::string body);
HttpResponse no_content();
HttpResponse error_answer(const ToxiproxyError& error);
// /populate says what it did, too. No proxies are null.
HttpResponse populate_answer(const std::vector<const HeldProxy*>& proxies,
                             const ToxiproxyError* error);

// As Go's http.Error: text/plain with a line end.
HttpResponse plain_error(int status, std::string_view text);

}  // namespace faultline::control
