#pragma once

// The TLS of a drill's proxy on a server. Its API takes certificates and keys as texts, so the
// files that a drill names are read here, by who runs the drill and where; the CA of a generated
// certificate is in the server's answer, and is written here. A key goes no further than to this
// machine (journal_follower.h makes sure of that).

#include <string>

#include "proxy/control/json_value.h"
#include "proxy/spec.h"

namespace faultline {

// The same with texts in the place of its files. The error names the key and the file.
Result<TlsSpec> with_texts(TlsSpec tls);

// What the API is told of it; empty where it is told nothing.
std::string tls_body(const TlsSpec& tls);

// Writes the CA where the drill wants it, if it does. `there` is the proxy as the API tells it.
Result<void> write_authority(const TlsSpec& tls, const control::JsonValue& there);

// Why the TLS of a proxy that is there is not the drill's; empty if it is. Files of the server's
// own cannot be compared: there must be some where the drill has some.
std::string tls_difference(const ProxySpec& wanted, const control::JsonValue& there);

}  // namespace faultline
