#pragma once

// The `tls` table of a [[proxy]] and what goes with it, in drills and in the configuration of
// `serve`:
//
//   upstream = "https://api.example.com"
//   tls = { server_name = "api.example.com", ca_file = "ca.pem", insecure = false,
//           certificate_file = "own.pem", key_file = "own.key",
//           generate = "localhost", write_ca = "faultline-ca.pem" }

#include <optional>
#include <string>
#include <string_view>

#include "proxy/spec.h"
#include "scenarios/drill/drill_reader.h"

namespace faultline {

// After tls.upstream is known. What contradicts itself is told at its place; files are looked at
// when the proxy is opened.
void read_tls(Section& section, TlsSpec& tls);

// Takes the scheme off an upstream as it was written, and notes it in `tls`. False, and told, where
// there is something wrong with it.
bool take_scheme(Section& section, std::string& upstream, TlsSpec& tls);

// Of a [[proxy]] whose protocol is known.
void read_rewrite_host(Section& section, std::optional<bool>& rewrite_host,
                       std::string_view protocol);

}  // namespace faultline
