#pragma once

// The secret that the control API asks for, in a file of its own.

#include <string>

#include "faults/result.h"

namespace faultline::cli {

// The first line of the file: 16 to 1024 visible characters.
Result<std::string> read_token(const std::string& file);
// For whoever asks a server: of this file, or of the one that FAULTLINE_TOKEN_FILE names, or none.
Result<std::string> token_for_server(std::string file);

}  // namespace faultline::cli
