// Several classes in one experiment, where most likely all of them are failures: it opens when it
// does only if they are. If it does not, each half is asked by itself, and in the end each class.

#include <algorithm>

#include "scenarios/xray/examination.h"
#include "scenarios/xray/placing.h"

namespace faultline::xray {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Refused first: of those it is not seen whether it was let through.
constexpr std::array likely_failures{
    Treatment::refused,    Treatment::status_500, Treatment::status_502,
    Treatment::status_503, Treatment::status_504, Treatment::reset,
    Treatment::truncated,  Treatment::garbage,    Treatment::timeout};

}  // namespace

void Examination::examine_together() {
  if (explained_.empty() || attempts_count_ || stop()) return;
  std::vector<Treatment> group;
  for (const Treatment one : likely_failures) {
    const int calls = static_cast<int>(per_call_);
    const bool quick = one != Treatment::timeout ||
                       (client_timeout_ && client_timeout_->high * calls * 2 < longest_allowed_);
    if (one != fault_ && quick) group.push_back(one);
  }
  examine_group(group);
}

void Examination::examine_group(std::span<const Treatment> group) {
  const std::vector<Model> models = models_of(explained_, history_);
  std::size_t size = group.size();
  while (size > 1 && !placed_together(models, size)) --size;
  for (; size > 1 && !group.empty() && !stop(); group = group.subspan(size)) {
    size = std::min(size, group.size());
    const auto part = group.first(size);
    if (size == 1 || all_are_failures(part)) continue;
    if (size < 4) continue;
    examine_group(part.first(size / 2));
    examine_group(part.subspan(size / 2));
  }
}

// True: then it is noted. Twice, where a window in time may have moved on meanwhile.
bool Examination::all_are_failures(std::span<const Treatment> group) {
  const auto place = placed_together(models_of(explained_, history_), group.size());
  if (!place || lab_.left() < open_high_ * 5 + wash_ + seconds(3)) return false;
  std::string which;
  for (const Treatment one : group) {
    which += (which.empty() ? "" : ", ") + std::string(name(one));
  }
  tell("do " + which + " count?");
  const bool again = !forgets_by_calls() && open_high_ + wash_ < seconds(4);
  const Duration late = std::max<Duration>(latency_ * 25, milliseconds(250));
  for (int n = 0; n < (again ? 2 : 1); ++n) {
    bool sound = true;
    const auto step = [&](Treatment treatment) {
      const Step taken = took(treatment, Mark::unknown);
      const bool open = !taken.admitted && treatment != Treatment::refused;
      if (open) suppressed(taken);
      const bool patient = treatment == Treatment::timeout;
      sound = sound && (patient || (!taken.gave_up && taken.ended - taken.begun <= late));
      return !open;
    };
    std::size_t calls = 0;
    bool open = false;
    for (std::size_t good = 0; good < place->good && !open; ++good) open = !step(Treatment::ok);
    for (std::size_t bad = 0; bad < place->bad && !open; ++bad) open = !step(fault_);
    const bool early = open;
    for (std::size_t one = 0; one < group.size() && !open; ++one) {
      open = !step(group[one]);
      calls += open ? 0 : 1;
    }
    while (!open && calls <= longest_tail && !stop()) {
      open = !step(fault_);
      calls += open ? 0 : 1;
    }
    const Duration lasted = opened_high_ - closed_at_;
    if (stop() || !close()) return false;
    const bool may_have_forgotten = !forgets_by_calls() && lasted > longest_allowed_ * 5 / 4;
    const bool as_failures = std::ranges::find(place->calls, calls) != place->calls.end();
    if (early || !sound || may_have_forgotten || !as_failures) return false;
  }
  for (const Treatment one : group) {
    counting_[one] = Counting::failure;
    counting_evidence_[one] = "behind " + std::to_string(place->good) + " good and " +
                              std::to_string(place->bad) + " failed, one each of " + which +
                              " opened it when as many failures do";
  }
  return true;
}

}  // namespace faultline::xray
