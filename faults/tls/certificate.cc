// Certificates that a client must not accept: tls_expired, tls_wrong_host, tls_self_signed. Each is
// wrong in one point alone, so a client that accepts it does not look at that point. The first two
// are signed by the CA that signed the proxy's own certificate: otherwise the unknown CA would be
// what a client finds first.

#include "faults/tls/flawed.h"

namespace faultline {

extern const FaultKind tls_expired_kind;
constinit const FaultKind tls_expired_kind = {
    .name = "tls_expired",
    .summary = "the certificate has expired; its name and its CA are right",
    .contract =
        "Arm: a client that says its ClientHello from now on is shown a certificate for the right "
        "host, by the CA of the proxy's own, whose time was over a day ago. A client that verifies "
        "ends the handshake; one that does not is served. Live connections go on. The direction of "
        "the aim makes no difference. Update: there is nothing to set. Disarm: the next client is "
        "shown the proxy's own. Half-close: passes. Reset: passes.",
    .parameters = {},
    .default_directions = Directions::downstream,
    .needs_tls = NeedsTls::issued_here,
    .make = tls::make<TlsFlaw::What::expired>,
};

extern const FaultKind tls_wrong_host_kind;
constinit const FaultKind tls_wrong_host_kind = {
    .name = "tls_wrong_host",
    .summary = "the certificate is another host's; its time and its CA are right",
    .contract =
        "Arm: a client that says its ClientHello from now on is shown a certificate by the CA of "
        "the proxy's own, for the host wrong-host.invalid. A client that verifies ends the "
        "handshake; one that does not is served. Live connections go on. The direction of the aim "
        "makes no difference. Update: there is nothing to set. Disarm: the next client is shown "
        "the proxy's own. Half-close: passes. Reset: passes.",
    .parameters = {},
    .default_directions = Directions::downstream,
    .needs_tls = NeedsTls::issued_here,
    .make = tls::make<TlsFlaw::What::wrong_host>,
};

extern const FaultKind tls_self_signed_kind;
constinit const FaultKind tls_self_signed_kind = {
    .name = "tls_self_signed",
    .summary = "the certificate is signed by itself; its names and its time are right",
    .contract =
        "Arm: a client that says its ClientHello from now on is shown a certificate for the names "
        "of the proxy's own, which no CA has signed. A client that verifies ends the handshake; "
        "one that does not is served. Live connections go on. The direction of the aim makes no "
        "difference. Update: there is nothing to set. Disarm: the next client is shown the proxy's "
        "own. Half-close: passes. Reset: passes.",
    .parameters = {},
    .default_directions = Directions::downstream,
    .needs_tls = NeedsTls::terminated,
    .make = tls::make<TlsFlaw::What::self_signed>,
};

}  // namespace faultline
