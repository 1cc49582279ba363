#pragma once

// Dates in header fields (RFC 9110 section 5.6.7), in the one form that is still to be written:
// "Sun, 06 Nov 1994 08:49:37 GMT".

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace faultline::http {

std::string http_date(std::chrono::sys_seconds at);

// Nothing for what is no such date to the letter: another form, another case, a day that its month
// does not have or that is another day of the week. A leap second is the second behind it.
std::optional<std::chrono::sys_seconds> http_date_from(std::string_view text);

}  // namespace faultline::http
