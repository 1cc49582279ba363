// The half-open state. Everything is seen by holding probes: while their answers are held back, as
// many calls are let through as the state admits, and the rest shows what becomes of others. That
// it has closed is seen by more calls on the wire at one time than it admitted half-open.

#include <algorithm>

#include "scenarios/xray/examination.h"

namespace faultline::xray {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t offered_at_once = 24;
constexpr std::size_t most_successes = 40;  // tried, to close it

}  // namespace

// Half-open, with calls held. False when none was let through. Where the service is too slow to
// take them all before its client gives the first up, fewer are offered.
bool Examination::offer_probes() {
  std::size_t offers = offered_at_once;
  for (int attempt = 0; attempt < 5; ++attempt) {
    if (!await_half_open()) return false;
    const std::size_t abandoned = lab_.abandoned();
    lab_.bench().treat(Treatment::timeout);
    const Lab::Offered offered = lab_.offer(offers);
    const std::size_t held = lab_.held().size();
    if (lab_.abandoned() != abandoned || (offered.attempts > 0 && held == 0)) {
      lab_.answer_all(Treatment::ok);
      close_blindly();
      if (trip() == 0) return false;
      offers = std::max<std::size_t>(offers / 2, 4);
    } else if (offered.attempts > 0) {
      flooded_ = offers;
      admits_ = held;
      others_ = offered.attempts >= flooded_         ? "none"
                : offered.waiting > offered.rejected ? "queued"
                                                     : "rejected";
      return true;
    } else {
      last_rejected_ = lab_.now();
      lab_.pause(open_high_ / 2);
    }
  }
  return false;
}

void Examination::flood() {
  if (stop()) return;
  tell("how many probes does it let through, and when does it close?");
  if (offer_probes()) {
    if (others_ != "none") count_closing();
    lab_.answer_all(Treatment::ok);
  }
  history_.push_back(Mark::unknown);
  close_blindly();
  if (closes_after_ || !admits_ || others_ == "none" || stop()) return;
  if (others_ == "rejected" || !limited_when_closed()) return count_closing_by_floods();
  // So many at a time are all that the service ever lets through. One at a time is one at a time
  // half-open too; of more than one nothing is known.
  if (*admits_ == 1) return;
  admits_.reset();
  others_.clear();
}

bool Examination::limited_when_closed() {
  lab_.bench().treat(Treatment::timeout);
  lab_.offer(*admits_ + 3);
  limited_ = lab_.held().size() <= *admits_;
  lab_.answer_all(Treatment::ok);
  return limited_;
}

void Examination::count_closing() {
  const std::size_t abandoned = lab_.abandoned();
  for (std::size_t released = 1; released <= most_successes && !stop(); ++released) {
    const std::vector<std::size_t> held = lab_.held();
    if (held.empty()) return;
    const auto ended = [&] { return std::ranges::count_if(lab_.bench().calls(), &Call::over); };
    const auto before = ended();
    lab_.bench().treat(Treatment::timeout);
    lab_.bench().answer(held.front(), Treatment::ok);
    lab_.bench().wait(lab_.now() + seconds(1), [&] { return ended() > before; });
    lab_.offer(*admits_ + 2);
    if (lab_.abandoned() != abandoned) return;  // held for too long: they count as failed now
    if (lab_.held().size() > *admits_) {
      closes_after_ = released;
      closing_evidence_ = "probes answered one by one: after " + std::to_string(released) + ", " +
                          std::to_string(lab_.held().size()) +
                          " calls were on the wire at one time";
      return;
    }
  }
}

// As above, one opening for each number: so many successes one after the other, then a flood.
void Examination::count_closing_by_floods() {
  int unclear = 0;
  for (std::size_t good = 1; good <= most_successes && !stop() && unclear < 5; ++good) {
    if (trip() == 0 || !await_half_open()) return;
    std::size_t done = 0;
    while (done < good && lab_.step(Treatment::ok).admitted) ++done;
    if (done < good) return close_blindly();
    lab_.bench().treat(Treatment::timeout);
    const std::size_t abandoned = lab_.abandoned();
    const Lab::Offered offered = lab_.offer(*admits_ + 3);
    const bool closed = lab_.held().size() > *admits_;
    const bool late = others_ == "rejected" && offered.waiting > 0;
    const bool told = closed || (!late && lab_.abandoned() == abandoned);
    lab_.answer_all(Treatment::ok);
    close_blindly();
    if (!told) {  // calls that were only not there yet say nothing: the same again
      ++unclear;
      --good;
      continue;
    }
    if (!closed) continue;
    closes_after_ = good;
    closing_evidence_ = "after " + std::to_string(good) +
                        " successful probes in a row more calls went through at one time than "
                        "half-open admits, after one fewer they did not";
    return;
  }
}

// Where everybody is let through half-open: a failure that opens it at once says that it was not
// yet closed.
void Examination::count_closing_by_failures() {
  if (!reopens_after_ || stop()) return;
  tell("how many successes close it?");
  const std::size_t failures = *reopens_after_;
  for (std::size_t good = 1; good <= 12 && !stop(); ++good) {
    if (trip() == 0 || !await_half_open()) return;
    std::size_t done = 0;
    while (done < good && lab_.step(Treatment::ok).admitted) ++done;
    Instant answered = lab_.now();
    for (std::size_t n = 0; n < failures; ++n) answered = lab_.step(fault_).answered;
    history_.push_back(Mark::unknown);
    const Step check = lab_.step(fault_);
    if (!check.admitted) {
      opened_between(answered, check.ended);
      close_blindly();
      continue;
    }
    closes_after_ = good;
    closing_evidence_ = "after " + std::to_string(good) + " successful probes " +
                        std::to_string(failures) + " failed ones did not open it any more";
    trip();
    close();
    return;
  }
}

// The probe is never answered; others go on calling.
void Examination::hang_probe() {
  if (stop() || lab_.left() < open_high_ * 4) {
    hung_evidence_ = "no time left";
    return;
  }
  if (trip() == 0 || !await_half_open()) return;
  tell("what does a probe do that is never answered?");
  Bench& bench = lab_.bench();
  const std::size_t before = bench.attempts().size();
  for (int attempt = 0; attempt < 4 && bench.attempts().size() == before; ++attempt) {
    bench.treat(Treatment::timeout, per_call_, Treatment::ok);
    const std::size_t call = bench.call();
    bench.wait(lab_.now() + milliseconds(800),
               [&] { return bench.attempts().size() > before || bench.calls()[call].over(); });
    if (bench.attempts().size() == before) lab_.pause(open_high_ / 2);
  }
  if (bench.attempts().size() == before) return;
  const Instant begun = lab_.now();
  const Duration patience =
      client_timeout_ ? client_timeout_->high * static_cast<int>(per_call_) : Duration{};
  const Duration watch = std::min<Duration>(
      std::max<Duration>(open_high_ * 3 + patience * 2, seconds(60)), lab_.left() - seconds(1));
  const std::size_t enough = std::max<std::size_t>(admits_.value_or(1), 1) + 2;
  const Duration often = std::clamp<Duration>(open_high_ / 20, milliseconds(30), seconds(1));
  const Duration gap = extends_.value_or(false) ? open_high_ * 5 / 4 : often;
  std::size_t passed = 0, suppressed = 0;
  const auto outstanding = [&] {
    return static_cast<std::size_t>(
        std::ranges::count_if(bench.calls(), [](const Call& call) { return !call.over(); }));
  };
  while (!stop() && lab_.now() - begun < watch && passed < enough) {
    if (outstanding() < 12) {
      const std::size_t call = bench.call();
      const std::size_t attempts = bench.attempts().size();
      bench.wait(lab_.now() + often, [&] { return bench.calls()[call].over(); });
      const bool through = bench.attempts().size() > attempts;
      passed = through ? passed + 1 : 0;
      suppressed += through ? 0 : 1;
    }
    lab_.pause(gap);
  }
  const bool unanswered = bench.attempts()[before].open();
  const std::string after = rounded(lab_.now() - begun);
  if (passed >= enough && (unanswered || suppressed == 0)) {
    hung_ = unanswered && suppressed > 0 ? "recovers" : "not_blocking";
    hung_evidence_ = "while a probe was not answered, " + std::to_string(passed) +
                     " calls in a row went through within " + after;
  } else if (passed >= enough) {
    hung_ = "recovers";
    hung_evidence_ = "a probe was never answered; calls were suppressed, and let through again " +
                     after + " later";
  } else if (!stop() && watch >= open_high_ * 3) {
    hung_ = "stuck";
    hung_evidence_ = "a probe was never answered; in the " + after + " after it " +
                     std::to_string(suppressed) + " calls were suppressed";
  } else {
    hung_evidence_ = "no time left to watch it";
  }
  lab_.answer_all(Treatment::reset);
}

// The class as the probe: then, with the successes that closing takes besides, is it closed?
Examination::Counting Examination::class_of_probe(Treatment treatment) {
  if (!admits_ || limited_ || others_ == "none" || !closes_after_) return Counting::untold;
  if (trip() == 0 || !await_half_open()) return Counting::untold;
  const Step probe = lab_.step(treatment);
  history_.push_back(Mark::unknown);
  Counting counting = Counting::untold;
  if (probe.admitted) {
    bool through = true;
    for (std::size_t n = 1; n < *closes_after_ && through; ++n) {
      through = lab_.step(Treatment::ok).admitted;
    }
    lab_.bench().treat(Treatment::timeout);
    const Lab::Offered offered = lab_.offer(*admits_ + 3);
    if (!through || offered.attempts == 0) {
      opened_between(probe.answered, lab_.now());
      counting = Counting::failure;
    } else {
      counting = lab_.held().size() > *admits_ ? Counting::success : Counting::ignored;
    }
    lab_.answer_all(Treatment::ok);
  }
  close_blindly();
  return counting;
}

}  // namespace faultline::xray
