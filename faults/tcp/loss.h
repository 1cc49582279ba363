#pragma once

// What loss is made of, for whoever names its terms in other words.

#include <chrono>
#include <memory>

#include "faults/fault.h"

namespace faultline {

struct LossTerms {
  double probability = 0;
  double correlation = 0;                         // added right behind a loss
  Duration rto = std::chrono::milliseconds(200);  // the least that Linux waits
  Duration max = std::chrono::minutes(2);         // of one chunk, in all
};

std::unique_ptr<Fault> make_loss(const LossTerms& terms);

}  // namespace faultline
