#pragma once

// What slice is made of, for whoever names its sizes in other units.

#include <memory>

#include "faults/fault.h"

namespace faultline {

struct SliceTerms {
  std::uint64_t least = 1;  // bytes of a slice, from 1
  std::uint64_t most = 1;
  Duration pause{};  // behind each
};

std::unique_ptr<Fault> make_slice(const SliceTerms& terms);

}  // namespace faultline
