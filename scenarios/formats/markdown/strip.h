#pragma once

// A fault and what came of it as lines of plain text, so that a report shows it without a plot:
//
//                   0s                  10s                 20s
//   offered         ####################################
//   acknowledged    ##########                     #####
//   503 pg                    #################### .
//   in force                  ====================
//
// 60 columns from a fault's length before it to a fault's length after it, as far as there was
// load. A mark stands for how many requests were sent (offered) or ended so in its column, against
// the most of any column: blank none, then . : - = + * #.

#include <string>
#include <vector>

#include "scenarios/recording/recording.h"

namespace faultline::markdown {

struct Strip {
  Duration column{};       // what one stands for: the resolution
  std::uint64_t most = 0;  // what # stands for
  std::vector<std::string> lines;
};

// Without lines when the fault never was in force, or no request was.
Strip strip_of(const Recording& recording, const FaultRecord& fault);

}  // namespace faultline::markdown
