#include "scenarios/measures/reaction.h"

#include <algorithm>
#include <cmath>

namespace faultline {
namespace {

constexpr double significance = 0.01;
constexpr Duration burst = std::chrono::seconds(1);

std::size_t signs_in(const std::vector<Instant>& sorted, Span span) {
  return static_cast<std::size_t>(std::ranges::lower_bound(sorted, span.to) -
                                  std::ranges::lower_bound(sorted, span.from));
}

}  // namespace

double poisson_at_least(std::uint64_t n, double mean) {
  if (n == 0) return 1;
  if (mean <= 0) return 0;
  // Far beyond the mean the tail is nothing; and the sum below would only lose digits.
  if (static_cast<double>(n) > mean + 40 * std::sqrt(mean) + 40) return 0;
  double below = 0;
  double log_term = -mean;
  for (std::uint64_t k = 0; k < n; ++k) {
    if (k > 0) log_term += std::log(mean) - std::log(static_cast<double>(k));
    below += std::exp(log_term);
  }
  return std::max(0.0, 1 - below);
}

std::expected<std::optional<Instant>, std::string> first_reaction(Signs signs) {
  std::ranges::sort(signs.under);
  if (signs.under.empty()) return std::optional<Instant>{};
  const double calm = seconds(signs.calm.length());
  if (signs.before.empty() || calm <= 0) return signs.under.front();

  const double rate = static_cast<double>(signs.before.size()) / calm;
  const std::string seen = std::to_string(signs.before.size()) + " before the fault, " +
                           std::to_string(signs.under.size()) + " under it";
  if (poisson_at_least(signs.under.size(), rate * seconds(signs.fault.length())) >= significance)
    return std::unexpected("not distinguishable: " + seen);
  for (const Instant first : signs.under) {
    const Span span{first, std::min(first + burst, signs.fault.to)};
    const std::size_t further = signs_in(signs.under, span) - 1;
    if (poisson_at_least(further, rate * seconds(span.length())) < significance) return first;
  }
  return std::unexpected("not distinguishable: no burst; " + seen);
}

bool carries(const Signature& signature, const Request& request) {
  if (request.outcome != Outcome::answered) return false;
  if (signature.status.empty() && signature.reason.empty()) return request.refused();
  const bool status = signature.status.empty() ||
                      std::ranges::find(signature.status, request.status) != signature.status.end();
  return status && (signature.reason.empty() || signature.reason == request.reason);
}

std::string reaction_before_cause(const Recording& recording, std::string_view fault) {
  const auto window = window_of(recording, fault);
  if (!window) return "";
  // The calm ends with the order to arm this fault unless another one was in force by then.
  const Span early{window->before.to, window->on};
  const bool alone = std::ranges::none_of(recording.faults, [&](const FaultRecord& other) {
    return other.planned_on != window->record->planned_on && other.armed_as != 0 &&
           other.commanded <= window->on &&
           (other.disarmed <= other.commanded || other.disarmed > early.from);
  });
  if (!alone) return "";
  std::uint64_t before = 0;
  std::uint64_t too_early = 0;
  for (const Request& request : recording.requests) {
    if (!carries(window->plan->signature, request)) continue;
    if (window->before.holds(request.ended)) ++before;
    if (early.holds(request.ended)) ++too_early;
  }
  if (too_early == 0 || before > 0) return "";
  return "reaction before the fault " + std::string(fault) +
         " touched anything: " + std::to_string(too_early) +
         " answers with its signature (a clock, or a leftover fault)";
}

}  // namespace faultline
