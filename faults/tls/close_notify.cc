// tls_no_close_notify: what the client is sent ends as if somebody had cut it off. A client that
// takes it for the end, where nothing but the end tells the length, takes a truncated answer for a
// whole one.

#include "faults/tls/flawed.h"

namespace faultline {

extern const FaultKind tls_no_close_notify_kind;
constinit const FaultKind tls_no_close_notify_kind = {
    .name = "tls_no_close_notify",
    .summary = "connections end with a FIN that no close_notify announces",
    .contract =
        "Arm: what a client is sent, on live connections too, ends from now on with a FIN alone; "
        "every byte before it arrives. The direction of the aim makes no difference. Update: there "
        "is nothing to set. Disarm: what ends from then on is announced. Half-close: the FIN of "
        "the server reaches the client, without a close_notify; that of the client passes as it "
        "is. Reset: passes.",
    .parameters = {},
    .default_directions = Directions::downstream,
    .needs_tls = NeedsTls::terminated,
    .make = tls::make<TlsFlaw::What::no_close_notify, TlsMoment::end>,
};

}  // namespace faultline
