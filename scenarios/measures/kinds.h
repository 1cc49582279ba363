#pragma once

// Every measure by its constant, so that the catalogue is a list a reader can open, and the tables
// of arguments they share. Each constant is defined, with its exact meaning, in its family's file.

#include <array>

#include "scenarios/measures/measure.h"

namespace faultline::measures {

inline constexpr std::array<ArgumentSpec, 1> fault_argument{{{ArgumentType::fault, "fault"}}};
inline constexpr std::array<ArgumentSpec, 2> fault_and_status{
    {{ArgumentType::fault, "fault"}, {ArgumentType::status, "status"}}};
inline constexpr std::array<ArgumentSpec, 2> source_and_phase{
    {{ArgumentType::source, "source"}, {ArgumentType::phase, "phase"}}};
inline constexpr std::array<ArgumentSpec, 3> source_phase_status{
    {{ArgumentType::source, "source"},
     {ArgumentType::phase, "phase"},
     {ArgumentType::status, "status"}}};
inline constexpr std::array<ArgumentSpec, 1> optional_sink{{{ArgumentType::sink, "sink", true}}};
inline constexpr std::array<ArgumentSpec, 2> demand_and_link{
    {{ArgumentType::source, "demand"}, {ArgumentType::proxy, "link"}}};
inline constexpr std::array<ArgumentSpec, 3> demand_link_opening{
    {{ArgumentType::source, "demand"},
     {ArgumentType::proxy, "link"},
     {ArgumentType::ordinal, "opening", true}}};
inline constexpr std::array<ArgumentSpec, 1> limit_argument{{{ArgumentType::limit, "limit"}}};
inline constexpr std::array<ArgumentSpec, 1> answer_argument{{{ArgumentType::answer, "answer"}}};
inline constexpr std::array<ArgumentSpec, 1> counted_answer{
    {{ArgumentType::counted_answer, "answer"}}};
inline constexpr std::array<ArgumentSpec, 1> timed_answer{{{ArgumentType::timed_answer, "answer"}}};
inline constexpr std::array<ArgumentSpec, 1> shared_answer{
    {{ArgumentType::shared_answer, "answer"}}};
inline constexpr std::array<ArgumentSpec, 2> answer_and_word{
    {{ArgumentType::worded_answer, "answer"}, {ArgumentType::word, "word"}}};
inline constexpr std::array<ArgumentSpec, 1> stage_argument{{{ArgumentType::stage, "stage"}}};

// touched.cc
extern const MeasureKind touched;

// detection.cc
extern const MeasureKind detection_wire;
extern const MeasureKind detection;
extern const MeasureKind detection_complete;

// recovery.cc, full_recovery.cc
extern const MeasureKind recovery_attempt;
extern const MeasureKind recovery_link;
extern const MeasureKind recovery_first;
extern const MeasureKind recovery_full;
extern const MeasureKind errors_after_recovery;
extern const MeasureKind errors_after_fault;

// availability.cc
extern const MeasureKind told;
extern const MeasureKind errors;
extern const MeasureKind rate;
extern const MeasureKind count;
extern const MeasureKind requests;

// latency.cc
extern const MeasureKind mean;
extern const MeasureKind smallest;
extern const MeasureKind p50;
extern const MeasureKind p90;
extern const MeasureKind p95;
extern const MeasureKind p99;
extern const MeasureKind greatest;
extern const MeasureKind slowest;

// spike.cc
extern const MeasureKind spike_recovery;

// wait.cc
extern const MeasureKind wait_mean;
extern const MeasureKind wait_max;
extern const MeasureKind wait_share;
extern const MeasureKind wait_max_to_mean;

// loss.cc
extern const MeasureKind offered;
extern const MeasureKind acknowledged;
extern const MeasureKind refused;
extern const MeasureKind unanswered;
extern const MeasureKind stored;
extern const MeasureKind lost;
extern const MeasureKind duplicated;
extern const MeasureKind stored_unacknowledged;
extern const MeasureKind foreign;

// retries.cc
extern const MeasureKind amplification;
extern const MeasureKind attempts_most;
extern const MeasureKind backoff;
extern const MeasureKind backoff_growth;
extern const MeasureKind backoff_jitter;
extern const MeasureKind resent;
extern const MeasureKind client_timeout;

// fate.cc
extern const MeasureKind fate;

// at_once.cc
extern const MeasureKind at_once;

// generator.cc
extern const MeasureKind generator_lag_p99;
extern const MeasureKind generator_late;

// breaker.cc
extern const MeasureKind breaker_opens;
extern const MeasureKind breaker_failures;
extern const MeasureKind breaker_calls;
extern const MeasureKind breaker_late;
extern const MeasureKind breaker_open_for;
extern const MeasureKind breaker_recovery;
extern const MeasureKind breaker_cycles;
extern const MeasureKind breaker_refused;
extern const MeasureKind breaker_fail_fast;
extern const MeasureKind breaker_probes;
extern const MeasureKind breaker_closed_by_failure;
extern const MeasureKind breaker_left_open;
extern const MeasureKind breaker_leaked;
extern const MeasureKind breaker_disagreements;

// limit.cc
extern const MeasureKind limit_passed;
extern const MeasureKind limit_refused;
extern const MeasureKind limit_right;
extern const MeasureKind limit_false_positives;
extern const MeasureKind limit_false_negatives;
extern const MeasureKind limit_undecided;
extern const MeasureKind limit_untold;
extern const MeasureKind limit_told_early;
extern const MeasureKind limit_told_late;

// xray.cc
extern const MeasureKind xray_count;
extern const MeasureKind xray_time;
extern const MeasureKind xray_share;
extern const MeasureKind xray_is;
extern const MeasureKind xray_kept;

}  // namespace faultline::measures
