#pragma once

// The description of the native API that /openapi.json answers: proxy/control/openapi.json, which a
// test compares with the routes.

#include <string_view>

namespace faultline::control {

std::string_view openapi_document();

}  // namespace faultline::control
