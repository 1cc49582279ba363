#pragma once

// The X-ray of a circuit breaker: experiments in the order of their worth, one stimulus each, and
// what follows from them. Every experiment begins with the breaker closed and clean and ends with
// it open; every opening is used for one about the open or half-open state before it is closed.
//
//   closed ─experiment about rule, window or classes▶ open ─about its time▶ half-open ─▶ closed …
//
// The evidence is kept as the history of marks (rule_space.h) and as the intervals in which the
// breaker was seen open. Nothing here touches a socket or a clock.

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "faults/result.h"
#include "scenarios/xray/answer.h"
#include "scenarios/xray/lab.h"
#include "scenarios/xray/rule_space.h"

namespace faultline::xray {

struct Setting {
  Duration budget = std::chrono::minutes(10);
  std::function<void(const std::string&)> tell = [](const std::string&) {};  // what is being done
};

class Examination {
 public:
  Examination(Bench& bench, Setting setting);

  // The error says why there was nothing to examine. Called once.
  Result<Answers> run();

 private:
  // How long it was suppressed: longer than `low`, no longer than `high`.
  struct Opening {
    Duration low{};
    Duration high{};
  };
  enum class Counting : std::uint8_t { untold, failure, success, ignored, success_or_ignored };

  static constexpr std::size_t baseline_calls = 9;
  static constexpr std::size_t calls_at_full_speed = 600;

  // Steps that keep the history (examination.cc).
  bool first_calls();
  void baseline();
  bool find_fault();
  bool trips_on(Treatment treatment);
  Step took(Treatment treatment, Mark mark);
  bool went_well(const Step& step) const;    // one meant to: let through, and answered as such are
  std::size_t trip(std::size_t most = 900);  // failures until it opens; those let through; 0: never
  void opened_between(Instant low, Instant high);
  void suppressed(const Step& step) { opened_between(last_answered_, step.ended); }
  void tell(const std::string& what) const { setting_.tell(what); }
  bool stop() const { return lab_.over() || lost_; }

  // The open state (openings.cc).
  void coarse_duration();
  void look_for_extension();
  bool await_half_open();                       // by silence; nothing has been let through yet
  Step poll(Treatment treatment, bool sample);  // until one is let through
  void note_opening();
  bool close(bool first_opening = true);  // to closed and clean
  void close_blindly();
  void fail_probes();
  void refine_extended();
  std::optional<Opening> usual_opening() const;

  // The half-open state (half_open.cc).
  // What so many calls at one time, held, say of its state. Only what was seen is said: calls that
  // are late leave it unclear.
  enum class Look : std::uint8_t { closed, half_open, open, unclear };
  Look look();
  void flood();
  bool offer_probes();
  bool limited_when_closed();
  Look after_successes(std::size_t good);
  void count_closing();
  void count_closing_by_floods();
  void count_closing_by_failures();
  bool closes_by_itself();
  std::optional<std::size_t> reopens_behind(std::size_t good, Duration pause);
  void hang_probe();
  Counting class_of_probe(Treatment treatment);
  Counting class_by_reopening(Treatment treatment);

  // The closed state (rules.cc, windows.cc, classes.cc, groups.cc).
  void measure_unit();
  void note_client_timeout(const Step& step);
  void search_rule();
  bool search_once(std::size_t most);
  bool tells_rule() const;
  bool dear() const;  // an opening takes long, with all that belongs to it
  bool is_clean_when_closed();
  bool explains_first_opening() const;
  bool explains_first_opening(Hypothesis one, std::size_t good) const;
  std::size_t closing_leaves() const;
  void hide_carried();
  void settle_carried();
  std::size_t cold_without_carried() const;
  bool opens_alike_after_a_pause();
  bool next_probe(const Probe& probe);
  bool run_probe(const Probe& probe);
  bool explained_but_for_one(std::size_t newest);
  bool forgets_by_calls() const;  // if at all, not by time
  bool by_time_after_all();
  void measure_window();
  bool find_window();
  bool confirm_window();
  bool prime();
  int remembered_after(Duration pause);
  void examine_classes();
  void examine_class(Treatment treatment);
  void examine_together();
  void examine_group(std::span<const Treatment> group);
  bool all_are_failures(std::span<const Treatment> group);
  Counting counting_of(Treatment treatment);
  Counting counting_again(Treatment treatment);
  Counting by_burst(Treatment treatment);

  // What follows (verdicts.cc, rule_verdicts.cc).
  Answers verdicts() const;
  Answers without_breaker() const;
  void tell_rule(Answers& answers) const;
  void tell_ratio(Answers& answers) const;
  void tell_window(Answers& answers) const;
  void tell_openings(Answers& answers) const;
  void tell_half_open(Answers& answers) const;
  void tell_client(Answers& answers) const;
  void tell_attempts(Answers& answers) const;
  void tell_counts(Answers& answers) const;

  Lab lab_;
  const Setting setting_;
  bool lost_ = false;  // it stays suppressed, or does what no state explains
  std::string why_lost_;

  Treatment fault_ = Treatment::status_500;
  std::map<Treatment, std::size_t> harmless_;  // classes that did not open it, and how many of them
  std::size_t per_call_ = 1;                   // attempts of a failing call
  std::map<Treatment, std::size_t> attempts_of_;  // a call of the class, at least
  bool attempts_count_ = false;                   // each attempt passes the breaker by itself
  Duration latency_{};
  int good_status_ = 0;

  History history_;
  std::vector<Hypothesis> explained_;
  std::size_t first_good_ = 0;      // calls, before anything else
  std::size_t first_failures_ = 0;  // behind these, that opened it first; 0: unknown
  std::size_t probes_run_ = 0;
  Duration pace_{};             // of a call in the last sequence
  Duration longest_allowed_{};  // of a sequence
  Duration longest_run_{};      // that something was concluded from
  Instant closed_at_{};
  Instant valid_until_ = never;      // of what is counted: then a window in time may have moved on
  std::vector<std::size_t> starts_;  // of the sequences, in the history
  std::size_t accidents_ = 0;        // sequences that contradicted the others, once
  std::size_t cold_ = 0;             // failures that open it when it is clean
  Duration wash_{};                  // pause after closing until it has forgotten
  Duration too_short_wash_{};        // a pause in which it had not

  Instant opened_low_{}, opened_high_{};
  Instant last_answered_{};  // the last that was let through
  Instant last_rejected_{};
  Duration open_low_{}, open_high_{};  // bounds to plan with
  bool open_known_ = false;
  Duration longest_open_{};
  Opening polled_;                   // by the last poll
  std::vector<Opening> openings_;    // first ones
  std::vector<Opening> reopenings_;  // one series of failed probes
  std::optional<bool> extends_;
  std::string extends_evidence_;

  std::size_t flooded_ = 0;            // calls offered at once
  std::optional<std::size_t> admits_;  // of them, while half-open
  bool limited_ = false;               // it never lets more through, closed neither
  std::string others_;                 // rejected, queued, none
  std::string others_evidence_;        // why that is not known
  std::optional<std::size_t> closes_after_;
  std::optional<std::size_t> reopens_after_;
  std::size_t reopening_attempts_ = 0;  // that these made
  bool reopening_differed_ = false;
  std::size_t abandoned_before_ = 0;  // attempts, when it opened last
  std::string hung_, hung_evidence_, closing_evidence_;

  std::optional<Opening> client_timeout_;
  std::string client_timeout_evidence_;
  std::optional<Duration> forgotten_,
      remembered_;          // least pause that it forgot, longest it did not
  std::size_t primed_ = 0;  // failures that it knows when it should know of no other call
  bool forgot_ = false;     // all but these, what closed it too
  Instant primed_since_{}, primed_until_{};
  Duration window_low_{}, window_high_{};  // pauses that it remembered and forgot
  bool window_confirmed_ = false, out_of_time_ = false;
  bool spoiled_ = false;  // something became of a call that was not meant
  std::map<Treatment, Counting> counting_;
  std::map<Treatment, std::string> counting_evidence_;
};

}  // namespace faultline::xray
