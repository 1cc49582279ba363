#pragma once

// Texts that are read as files: in memory, under no name on any disk, open to this process alone.

#include "proxy/control/tls_texts.h"

namespace faultline::cli {

// The error is the kernel's: no memory, no more descriptors.
Result<std::unique_ptr<control::HeldFile>> memory_file(std::string_view text);

}  // namespace faultline::cli
