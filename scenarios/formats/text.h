#pragma once

// Text that came from outside (a service's X-Reason, a path, a variable) on its way into a report.

#include <string>
#include <string_view>

namespace faultline {

// Valid UTF-8: each byte that is not part of a well-formed sequence becomes U+FFFD.
std::string valid_utf8(std::string_view text);

// For a terminal: one line, no control characters (an answer must not be able to move the cursor);
// each offending byte becomes '?'. With `ascii`, every byte beyond ASCII does too.
std::string printable(std::string_view text, bool ascii);

}  // namespace faultline
