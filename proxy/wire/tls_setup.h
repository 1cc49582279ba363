#pragma once

// What every TLS connection of one proxy shares: whom it trusts, as whom it presents itself. Made
// once, from files that are read then; used by all workers, never changed.
//
// Only http/1.1 is offered and chosen (ALPN), where the proxy's protocol is http or tcp: the codec
// reads no other HTTP. TLS 1.2 and 1.3; no renegotiation, no session tickets, no cache of sessions.

#include <memory>
#include <string>
#include <string_view>

#include "faults/result.h"
#include "proxy/spec.h"
#include "proxy/wire/tls_certificate.h"

typedef struct ssl_st SSL;
typedef struct ssl_ctx_st SSL_CTX;

namespace faultline::wire {

struct FreeSsl {
  void operator()(SSL* ssl) const;
};
using Ssl = std::unique_ptr<SSL, FreeSsl>;

// Asked, once a ClientHello is complete, what is wrong with the TLS that answers it; where that is
// a stall, asked again whenever the handshake is tried again.
class HelloJudge {
 public:
  virtual TlsFlaw client_said_hello() = 0;

 protected:
  ~HelloJudge() = default;
};
// From now on; it outlives the SSL. Without one nothing is wrong.
void judge_hello(SSL* ssl, HelloJudge& judge);

class TlsSetup {
 public:
  // Each error's `where` is the key of TlsSpec it is about. Writes the CA's certificate where the
  // spec says.
  static Checked<std::shared_ptr<const TlsSetup>> make(const ProxySpec& spec);
  // Whether make() would succeed, without writing anything.
  static Errors problems(const ProxySpec& spec);
  ~TlsSetup();
  TlsSetup(const TlsSetup&) = delete;
  TlsSetup& operator=(const TlsSetup&) = delete;

  bool originates() const { return client_ != nullptr; }
  bool terminates() const { return server_ != nullptr; }
  // One connection on a connected socket, which stays the caller's. `host` is told (SNI, where it
  // is a name) and verified, unless the spec says otherwise. Empty where OpenSSL has no memory.
  Ssl connecting(int socket, const std::string& host) const;
  Ssl accepting(int socket) const;

  // Answers a ClientHello in this way, in the words of OpenSSL's callback for it.
  int meet(SSL* ssl, const TlsFlaw& flaw, int* alert) const;

  // The generated CA's certificate; empty where nothing was generated.
  const std::string& authority_pem() const { return authority_pem_; }

 private:
  TlsSetup() = default;
  void read(const ProxySpec& spec, Errors& errors);
  void make_client(const ProxySpec& spec, Errors& errors);
  void make_server(const ProxySpec& spec, Errors& errors);
  void generate(const std::string& host, Errors& errors);
  void make_flawed(const std::string& host, Errors& errors);
  bool present(SSL* ssl, const Certificate& certificate) const;

  SSL_CTX* client_ = nullptr;
  SSL_CTX* server_ = nullptr;
  std::string server_name_;
  std::string authority_pem_;
  Certificate authority_;  // empty where nothing was generated
  // What faults present in the place of the proxy's own; the first two only where that was
  // generated.
  Certificate expired_, wrong_host_, self_signed_;
};

// What a proxy needs: null where neither side speaks TLS and nothing was said of it.
Checked<std::shared_ptr<const TlsSetup>> tls_setup(const ProxySpec& spec);

// Why a handshake failed, in words: "certificate has expired", "hostname mismatch", "ECONNRESET",
// "wrong version number". `result` is what the call returned.
std::string why_failed(SSL* ssl, int result);
std::string alert_words(std::uint8_t number);  // "handshake failure"

}  // namespace faultline::wire
