#pragma once

// JSON as Go's encoder writes it, byte for byte: compact, "<", ">" and "&" as \u003c and so on,
// invalid UTF-8 as \ufffd, the shortest number that reads back as the same value.

#include <string>
#include <string_view>

namespace faultline::control {

std::string json_string(std::string_view text);  // with its quotes
std::string json_number(float number);
std::string json_number(double number);

}  // namespace faultline::control
