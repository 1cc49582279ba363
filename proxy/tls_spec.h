#pragma once

// What a user asks of a proxy about TLS, as plain data: the server is spoken to in TLS
// (origination: its address is written https://…), and clients are (termination: with a certificate
// that is given, or generated). The relay between the two moves plain bytes, so every codec and
// fault works as it does on a plain connection.

#include <cstddef>
#include <string>
#include <string_view>

#include "faults/fault.h"
#include "faults/result.h"

namespace faultline {

// Of a text in PEM; the CAs of a whole system take about as much.
inline constexpr std::size_t longest_pem = 256 * 1024;

struct TlsSpec {
  bool upstream = false;    // the upstream was written https://…
  std::string server_name;  // for SNI and verification; empty: the upstream's host
  std::string ca_file;      // PEM; whom the upstream's certificate is verified with; empty: the
                            // system's
  bool insecure = false;    // the upstream's certificate is not verified

  std::string certificate_file;  // PEM, the chain behind it; with its key: clients speak TLS
  std::string key_file;
  std::string generate;  // a host name or address: a certificate for it is made, and a CA that
                         // signed it
  std::string write_ca;  // where that CA's certificate is written, for clients to trust

  // The three files again, as the text in them: for who is not to say which files are read here.
  std::string ca, certificate, key;

  bool terminates() const {
    return !certificate_file.empty() || !certificate.empty() || !generate.empty();
  }
  bool any() const { return upstream || terminates(); }
  bool operator==(const TlsSpec&) const = default;
};

// What contradicts itself; `where` of each error is the key it is about. Files are not looked at.
Errors contradictions(const TlsSpec& tls);

// What a proxy with this TLS lacks for a kind of fault that needs it so, in words of which the
// proxy is the subject; empty: nothing.
std::string_view lacks(const TlsSpec& tls, NeedsTls needed);

// An upstream as written: "https://api.example.com" is "api.example.com:443" in TLS. What has no
// scheme is taken as it is. Errors: another scheme, a path.
struct WrittenUpstream {
  std::string address;  // host:port, not checked
  bool tls = false;
};
Result<WrittenUpstream> upstream_from(std::string_view text);

}  // namespace faultline
