#pragma once

// The `tls` table of a [[proxy]], in drills and in the configuration of `serve`:
//
//   upstream = "https://api.example.com"
//   tls = { server_name = "api.example.com", ca_file = "ca.pem", insecure = false,
//           certificate_file = "own.pem", key_file = "own.key",
//           generate = "localhost", write_ca = "faultline-ca.pem" }

#include <string>

#include "proxy/tls_spec.h"
#include "scenarios/drill/drill_reader.h"

namespace faultline {

// After tls.upstream is known. What contradicts itself is told at its place; files are looked at
// when the proxy is opened.
void read_tls(Section& section, TlsSpec& tls);

// Takes the scheme off an upstream as it was written, and notes it in `tls`. False, and told, where
// there is something wrong with it.
bool take_scheme(Section& section, std::string& upstream, TlsSpec& tls);

}  // namespace faultline
