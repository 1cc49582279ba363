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
constexpr std::size_t most_successes = 40;    // tried, to close it
constexpr Duration long_pause = seconds(13);  // in which most forget what they knew

}  // namespace

// Half-open, with calls held. False when none was let through, or it stayed unclear what becomes of
// the others. Where the service is too slow to take them all before its client gives the first up,
// fewer are offered.
bool Examination::offer_probes() {
  std::size_t offers = offered_at_once;
  std::optional<std::size_t> queued;  // that many were let through, and all others waited
  for (int attempt = 0; attempt < 6; ++attempt) {
    if (!await_half_open()) return false;
    const std::size_t abandoned = lab_.abandoned();
    lab_.bench().treat(Treatment::timeout);
    const Lab::Offered offered = lab_.offer(offers);
    if (offered.attempts == 0) {
      last_rejected_ = lab_.now();
      lab_.pause(open_high_ / 2);
      continue;
    }
    // Rejected before it was half-open, or because it was? Now they must be rejected too.
    const bool all = offered.attempts >= offers;
    const Lab::Offered more = all || offered.waiting > 0 ? Lab::Offered{} : lab_.offer(2);
    const std::size_t held = lab_.held().size();
    const bool kept = lab_.abandoned() == abandoned && held == offered.attempts;
    const bool rejected = offered.waiting == 0 && more.rejected == 2 && more.attempts == 0;
    const bool waited = offered.rejected == 0 && offered.waiting > 0;
    const bool queues = waited && queued == held;
    if (kept && all && offers < offered_at_once / 2) break;  // the limit may be just higher
    if (kept && (all || rejected || queues)) {
      flooded_ = offers;
      admits_ = held;
      others_ = all ? "none" : queues ? "queued" : "rejected";
      return true;
    }
    // Those that wait may only be late: as many must be let through when fewer are offered.
    if (kept && waited) queued = held;
    offers = std::max<std::size_t>(offers / 2, 4);
    lab_.answer_all(Treatment::ok);
    close_blindly();
    if (trip() == 0) return false;
  }
  others_evidence_ = "probes were too late on the wire to tell what becomes of the others";
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
  others_evidence_ = "so many at one time are all that the service ever lets through";
}

bool Examination::limited_when_closed() {
  limited_ = true;
  for (int n = 0; n < 3 && limited_; ++n) {
    lab_.bench().treat(Treatment::timeout);
    lab_.offer(*admits_ + 3);
    lab_.linger([&] { return lab_.held().size() > *admits_; });
    limited_ = lab_.held().size() <= *admits_;
    lab_.answer_all(Treatment::ok);
  }
  return limited_;
}

Examination::Look Examination::look() {
  const std::size_t abandoned = lab_.abandoned();
  lab_.bench().treat(Treatment::timeout);
  const Lab::Offered offered = lab_.offer(*admits_ + 3);
  const auto crowded = [&] { return lab_.held().size() > *admits_; };
  if (offered.waiting > 0) lab_.linger(crowded);
  Look look = Look::unclear;
  if (crowded()) {
    look = Look::closed;
  } else if (lab_.abandoned() != abandoned) {
    look = Look::unclear;
  } else if (offered.rejected == *admits_ + 3) {
    look = Look::open;
  } else if (offered.attempts > 0 && (others_ == "queued" || offered.waiting == 0)) {
    look = Look::half_open;
  }
  lab_.answer_all(Treatment::ok);
  return look;
}

// Probes answered one by one, as long as the others are plainly rejected.
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
    const Lab::Offered offered = lab_.offer(*admits_ + 2);
    if (lab_.abandoned() != abandoned) return;  // held for too long: they count as failed now
    if (lab_.held().size() > *admits_) {
      closes_after_ = released;
      closing_evidence_ = "probes answered one by one: after " + std::to_string(released) + ", " +
                          std::to_string(lab_.held().size()) +
                          " calls were on the wire at one time";
      return;
    }
    if (offered.waiting > 0) return;  // not closed, or not there yet
  }
}

// So many successes one after the other when half-open, then a look.
Examination::Look Examination::after_successes(std::size_t good) {
  for (int attempt = 0; attempt < 4 && !stop(); ++attempt) {
    if (trip() == 0 || !await_half_open()) return Look::unclear;
    bool well = true;
    for (std::size_t done = 0; done < good && well; ++done) {
      well = went_well(lab_.step(Treatment::ok));
    }
    const Look seen = well ? look() : Look::unclear;
    close_blindly();
    if (seen == Look::closed || seen == Look::half_open) return seen;
  }
  return Look::unclear;
}

// As count_closing, one opening for each number. More calls at one time than half-open admits prove
// that it is closed; that there were no more may be an accident, so the number before is tried
// again.
void Examination::count_closing_by_floods() {
  for (std::size_t good = 1; good <= most_successes && !stop(); ++good) {
    const Look seen = after_successes(good);
    if (seen == Look::unclear) return;
    if (seen != Look::closed) continue;
    while (good > 1 && after_successes(good - 1) == Look::closed) --good;
    if (stop()) return;
    closes_after_ = good;
    closing_evidence_ = "after " + std::to_string(good) +
                        " successful probes in a row more calls went through at one time than "
                        "half-open admits, after one fewer they did not";
    return;
  }
}

// So many successes when half-open, a pause, and as many failures as open it again if it is so
// still. How many of these were let through if it opened, none if it did not. Nothing: it was not
// seen whether they did.
std::optional<std::size_t> Examination::reopens_behind(std::size_t good, Duration pause) {
  if (trip() == 0 || !await_half_open()) return std::nullopt;
  for (std::size_t done = 0; done < good; ++done) {
    if (went_well(lab_.step(Treatment::ok))) continue;
    close_blindly();
    return std::nullopt;
  }
  if (pause > Duration{}) lab_.pause(pause);
  Instant answered = lab_.now();
  std::size_t failures = 0;
  history_.push_back(Mark::unknown);
  for (;; ++failures) {
    const Step step = lab_.step(fault_);
    if (!step.admitted) {
      opened_between(answered, step.ended);
      break;
    }
    if (failures == *reopens_after_) return 0;
    answered = step.answered;
  }
  close_blindly();
  return failures > 0 ? std::optional(failures) : std::nullopt;
}

// Where everybody is let through half-open: a failure that opens it at once says that it was not
// yet closed. Or that it was, and remembers failures from before it opened: then not behind a
// pause.
void Examination::count_closing_by_failures() {
  if (!reopens_after_ || stop()) return;
  if (others_ == "none" && *reopens_after_ > 1 && closes_by_itself()) {
    closes_after_ = 0;
    closing_evidence_ =
        "when its time was over everything went through, and opened it as it does when it is "
        "closed, whatever went well before";
    trip();
    close();
    return;
  }
  tell("how many successes close it?");
  std::size_t unclear = 0;
  bool judged = false;  // a success in the place of a failure: so many outcomes decide
  const auto fewest = [&](std::size_t most, Duration pause) -> std::optional<std::size_t> {
    for (std::size_t good = 1; good <= most && unclear <= 4 && !stop();) {
      const std::optional<std::size_t> reopened = reopens_behind(good, pause);
      if (reopened == 0) return good;
      judged = judged || (good == 1 && reopened && *reopened + 1 == *reopens_after_);
      ++(reopened ? good : unclear);
      if (judged) return *reopens_after_;
    }
    return std::nullopt;
  };
  closes_after_ = fewest(12, Duration{});
  if (!closes_after_) return;
  if (judged) {
    closing_evidence_ = "one success and " + std::to_string(*reopens_after_ - 1) +
                        " failures opened it again, as " + std::to_string(*reopens_after_) +
                        " failures do: so many outcomes decide";
  } else {
    if (const auto sooner = fewest(*closes_after_ - 1, long_pause)) closes_after_ = sooner;
    closing_evidence_ = "after " + std::to_string(*closes_after_) + " successful probes " +
                        std::to_string(*reopens_after_) + " failed ones did not open it any more";
  }
  trip();
  close();
}

// Closed as soon as its time is over, without a probe? Then a rule like any other says what opens
// it from there on, successes before that are calls like others, and it opened so the first time.
bool Examination::closes_by_itself() {
  tell("does it close by itself?");
  history_.clear();
  for (const std::string_view calls : {"", "+", "++", "++-+", "++++", "++++++++"}) {
    if (stop() || trip() == 0 || !await_half_open()) return false;
    history_.push_back(Mark::closed);
    for (const char one : calls) {
      const bool good = one == '+';
      const Step step = took(good ? Treatment::ok : fault_, good ? Mark::success : Mark::failure);
      if (!step.admitted || stop()) return false;
    }
    if (trip() == 0) return false;
  }
  const std::vector<Hypothesis> explained = explanations(history_, 1);
  return std::ranges::any_of(explained, [&](const Hypothesis& one) {
    return one.structure.cleared && one.structure.carried == 0 &&
           (first_failures_ == 0 || explains_first_opening(one, first_good_));
  });
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
  const std::size_t admits = others_ == "none" ? 1 : admits_.value_or(1);
  const std::size_t enough = std::max<std::size_t>(admits, 1) + 2;  // in a row: nothing holds them
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
      const auto through = [&] { return bench.attempts().size() > attempts; };
      // On a busy machine what was let through is late; only what has ended was suppressed.
      bench.wait(lab_.now() + std::max<Duration>(often, seconds(1)),
                 [&] { return through() || bench.calls()[call].over(); });
      if (through()) bench.wait(lab_.now() + often, [&] { return bench.calls()[call].over(); });
      if (through()) {
        ++passed;
      } else if (bench.calls()[call].over()) {
        passed = 0;
        ++suppressed;
      }
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
  } else if (!stop() && watch >= open_high_ * 3 && passed == 0) {
    hung_ = "stuck";
    hung_evidence_ = "a probe was never answered; in the " + after + " after it " +
                     std::to_string(suppressed) + " calls were suppressed and none let through";
  } else if (!stop() && watch >= open_high_ * 3) {
    hung_evidence_ = "some calls went through, but never " + std::to_string(enough) + " in a row";
  } else {
    hung_evidence_ = "no time left to watch it";
  }
  lab_.answer_all(Treatment::reset);
}

// Where everybody is let through, a failure tells whether it has closed.
Examination::Counting Examination::class_by_reopening(Treatment treatment) {
  if (!closes_after_ || reopens_after_ != 1 || cold_ < 2 || wash_ > Duration{}) {
    return Counting::untold;
  }
  for (int attempt = 0; attempt < 3 && !stop(); ++attempt) {
    if (trip() == 0 || !await_half_open()) return Counting::untold;
    const Step probe = lab_.step(treatment);
    history_.push_back(Mark::unknown);
    bool well = probe.admitted || treatment == Treatment::refused;
    if (treatment != Treatment::timeout) well = well && !probe.gave_up;
    for (std::size_t n = 1; n < *closes_after_ && well; ++n) {
      well = went_well(lab_.step(Treatment::ok));
    }
    const Step failed = well ? lab_.step(fault_) : Step{};
    const Step check = failed.admitted ? lab_.step(fault_) : Step{};
    if (failed.admitted && !check.admitted) opened_between(failed.answered, check.ended);
    close_blindly();
    if (failed.admitted) return check.admitted ? Counting::success : Counting::ignored;
  }
  return Counting::untold;
}

// The class as the probe: then, with the successes that closing takes besides, is it closed?
Examination::Counting Examination::class_of_probe(Treatment treatment) {
  if (others_ == "none") return class_by_reopening(treatment);
  if (!admits_ || limited_ || !closes_after_) return Counting::untold;
  for (int attempt = 0; attempt < 3 && !stop(); ++attempt) {
    if (trip() == 0 || !await_half_open()) return Counting::untold;
    const std::size_t abandoned = lab_.abandoned();
    const Step probe = lab_.step(treatment);
    history_.push_back(Mark::unknown);
    bool well = probe.admitted || treatment == Treatment::refused;
    if (treatment != Treatment::timeout) well = well && lab_.abandoned() == abandoned;
    bool through = true;
    for (std::size_t n = 1; n < *closes_after_ && through && well; ++n) {
      const Step step = lab_.step(Treatment::ok);
      through = step.admitted;
      well = !through || went_well(step);
    }
    const Look seen = well && through ? look() : Look::unclear;
    if (well && (!through || seen == Look::open)) opened_between(probe.answered, lab_.now());
    close_blindly();
    if (seen == Look::closed) return Counting::success;
    if (seen == Look::half_open) return Counting::ignored;
    if (well && (!through || seen == Look::open)) return Counting::failure;
  }
  return Counting::untold;
}

}  // namespace faultline::xray
