#include "scenarios/xray/bench.h"

namespace faultline::xray {

std::string_view name(Treatment treatment) {
  constexpr std::array<std::string_view, 13> names{
      "ok",      "500",   "502",     "503",       "504",     "429", "404",
      "timeout", "reset", "refused", "truncated", "garbage", "slow"};
  return names[static_cast<std::size_t>(treatment)];
}

int status_of(Treatment treatment) {
  switch (treatment) {
    case Treatment::status_500:
      return 500;
    case Treatment::status_502:
      return 502;
    case Treatment::status_503:
      return 503;
    case Treatment::status_504:
      return 504;
    case Treatment::status_429:
      return 429;
    case Treatment::status_404:
      return 404;
    default:
      return 0;
  }
}

}  // namespace faultline::xray
