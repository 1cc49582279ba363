#include "faults/catalogue.h"

#include <array>

namespace faultline {

// Each is defined in the file of its name, or of its family, in faults/tcp/.
extern const FaultKind latency_kind;
extern const FaultKind loss_kind;
extern const FaultKind bandwidth_kind;
extern const FaultKind slice_kind;
extern const FaultKind stall_kind;
extern const FaultKind blackhole_kind;
extern const FaultKind silent_death_kind;
extern const FaultKind flap_kind;
extern const FaultKind limit_kind;
extern const FaultKind corrupt_kind;
extern const FaultKind refuse_kind;
extern const FaultKind slow_accept_kind;
extern const FaultKind backlog_full_kind;
extern const FaultKind reset_kind;
extern const FaultKind close_kind;
extern const FaultKind half_close_kind;

// … and in faults/http/.
extern const FaultKind status_kind;
extern const FaultKind rate_limit_kind;
extern const FaultKind lose_response_kind;
extern const FaultKind error_after_kind;
extern const FaultKind never_sent_kind;
extern const FaultKind hang_kind;
extern const FaultKind trickle_kind;
extern const FaultKind truncate_kind;
extern const FaultKind status_line_only_kind;
extern const FaultKind keepalive_race_kind;
extern const FaultKind early_final_kind;
extern const FaultKind ignored_expect_kind;
extern const FaultKind bad_chunk_kind;
extern const FaultKind huge_header_kind;
extern const FaultKind dup_header_kind;
extern const FaultKind garbage_kind;
extern const FaultKind redirect_loop_kind;
extern const FaultKind stale_reply_kind;
extern const FaultKind body_mutate_kind;
extern const FaultKind duplicate_request_kind;

// … and in faults/tls/.
extern const FaultKind tls_expired_kind;
extern const FaultKind tls_wrong_host_kind;
extern const FaultKind tls_self_signed_kind;
extern const FaultKind tls_stall_kind;
extern const FaultKind tls_alert_kind;
extern const FaultKind tls_no_close_notify_kind;

namespace {

constexpr std::array kinds = {
    &latency_kind,
    &loss_kind,
    &bandwidth_kind,
    &slice_kind,
    &stall_kind,
    &blackhole_kind,
    &silent_death_kind,
    &flap_kind,
    &limit_kind,
    &corrupt_kind,
    &refuse_kind,
    &slow_accept_kind,
    &backlog_full_kind,
    &reset_kind,
    &close_kind,
    &half_close_kind,
    &status_kind,
    &rate_limit_kind,
    &lose_response_kind,
    &error_after_kind,
    &never_sent_kind,
    &hang_kind,
    &trickle_kind,
    &truncate_kind,
    &status_line_only_kind,
    &keepalive_race_kind,
    &early_final_kind,
    &ignored_expect_kind,
    &bad_chunk_kind,
    &huge_header_kind,
    &dup_header_kind,
    &garbage_kind,
    &redirect_loop_kind,
    &stale_reply_kind,
    &body_mutate_kind,
    &duplicate_request_kind,
    &tls_expired_kind,
    &tls_wrong_host_kind,
    &tls_self_signed_kind,
    &tls_stall_kind,
    &tls_alert_kind,
    &tls_no_close_notify_kind,
};

}  // namespace

std::span<const FaultKind* const> fault_kinds() { return kinds; }

const FaultKind* find_fault_kind(std::string_view name) {
  for (const FaultKind* kind : kinds) {
    if (kind->name == name) return kind;
  }
  return nullptr;
}

std::vector<std::string> fault_kind_names() {
  std::vector<std::string> names;
  for (const FaultKind* kind : kinds) names.emplace_back(kind->name);
  return names;
}

}  // namespace faultline
