#pragma once

// Both halves of the truth about an exchange: what its server did, and what its client was told.

#include <string>
#include <string_view>
#include <vector>

#include "scenarios/recording/recording.h"

namespace faultline {

// The journal's, but for what the journal cannot tell: an exchange that nobody answered and that no
// fault of ours had claimed is `unknown`. Its connection broke, before the server was given the
// request, while it worked or behind its back.
Fate fate_of(const Exchange& exchange);

// The words of fate(link, phase, did, told). Of `did`: those of Fate, `given` (forwarded or
// repeated) and `any`. Of `told`: those of Told, `failed` (failure, ambiguous or nothing) and
// `any`.
std::vector<std::string> did_words();
std::vector<std::string> told_words();
bool is_meant(std::string_view did, Fate fate);
bool is_meant(std::string_view told, Told what);

}  // namespace faultline
