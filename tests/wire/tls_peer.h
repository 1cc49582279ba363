#pragma once

// A peer that speaks TLS, on blocking sockets: OpenSSL with nothing of the proxy's in between.

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <string>
#include <utility>

#include "proxy/wire/tls_certificate.h"
#include "tests/support/wire_rig.h"

namespace faultline {

class TlsPeer {
 public:
  // A server that presents `own`.
  static TlsPeer server(Peer peer, const wire::Certificate& own) {
    SSL_CTX* const context = SSL_CTX_new(TLS_server_method());
    SSL_CTX_use_certificate(context, own.x509.get());
    SSL_CTX_use_PrivateKey(context, own.key.get());
    TlsPeer made(std::move(peer), context);
    made.shaken_ = SSL_accept(made.ssl_) == 1;
    return made;
  }
  // A client that trusts whom `authority`, PEM, has signed; which offers h2 and http/1.1. Without
  // one it trusts everybody.
  static TlsPeer client(Peer peer, const std::string& authority, const std::string& host) {
    SSL_CTX* const context = SSL_CTX_new(TLS_client_method());
    if (!authority.empty()) trust(context, authority);
    TlsPeer made(std::move(peer), context);
    const unsigned char offered[] = "\x02h2\x08http/1.1";
    SSL_set_alpn_protos(made.ssl_, offered, sizeof offered - 1);
    SSL_set_tlsext_host_name(made.ssl_, host.c_str());
    SSL_set1_host(made.ssl_, host.c_str());
    ERR_clear_error();
    made.shaken_ = SSL_connect(made.ssl_) == 1;
    made.failure_ = ERR_GET_REASON(ERR_peek_error());
    return made;
  }
  // A ClientHello, and nothing that waits for its answer.
  static void say_hello(Peer& peer) {
    SSL_CTX* const context = SSL_CTX_new(TLS_client_method());
    SSL* const ssl = SSL_new(context);
    SSL_set0_rbio(ssl, BIO_new(BIO_s_mem()));
    BIO* const said = BIO_new(BIO_s_mem());
    SSL_set0_wbio(ssl, said);
    SSL_connect(ssl);
    char* bytes = nullptr;
    const long size = BIO_get_mem_data(said, &bytes);
    peer.say({bytes, static_cast<std::size_t>(size)});
    SSL_free(ssl);
    SSL_CTX_free(context);
  }
  TlsPeer(TlsPeer&& other) noexcept
      : peer(std::move(other.peer)),
        ssl_(std::exchange(other.ssl_, nullptr)),
        shaken_(other.shaken_),
        failure_(other.failure_) {}
  ~TlsPeer() { SSL_free(ssl_); }

  bool shaken() const { return shaken_; }  // hands
  // What came of verifying the other side: X509_V_OK, or why not.
  long verdict() const { return SSL_get_verify_result(ssl_); }
  int failure() const { return failure_; }  // OpenSSL's first reason; 0: none
  std::string asked_for() const {
    const char* const name = SSL_get_servername(ssl_, TLSEXT_NAMETYPE_host_name);
    return name == nullptr ? "" : name;
  }
  std::string chosen() const {
    const unsigned char* name = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(ssl_, &name, &size);
    return {reinterpret_cast<const char*>(name), size};
  }
  void say(ByteView bytes) {
    while (!bytes.empty()) {
      const int n = SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size()));
      if (n <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
  }
  std::string hear(std::size_t count) {
    std::string heard(count, 0);
    std::size_t have = 0;
    while (have < count) {
      const int n = SSL_read(ssl_, heard.data() + have, static_cast<int>(count - have));
      if (n <= 0) break;
      have += static_cast<std::size_t>(n);
    }
    heard.resize(have);
    return heard;
  }
  // What ends the peer's bytes: "close_notify", "FIN" without one, "RST", or "else".
  std::string ending() {
    char buffer[4096];
    int n = 0;
    do {
      errno = 0;
      n = SSL_read(ssl_, buffer, sizeof buffer);
    } while (n > 0);
    const int number = errno;
    if (SSL_get_error(ssl_, n) == SSL_ERROR_ZERO_RETURN)
      return BIO_eof(SSL_get_rbio(ssl_)) == 1 ? "FIN" : "close_notify";
    return number == ECONNRESET ? "RST" : "else";
  }
  void finish() { SSL_shutdown(ssl_); }  // close_notify alone; peer.finish() is the FIN

  Peer peer;

 private:
  static void trust(SSL_CTX* context, const std::string& authority) {
    BIO* const memory = BIO_new_mem_buf(authority.data(), static_cast<int>(authority.size()));
    X509* const trusted = PEM_read_bio_X509(memory, nullptr, nullptr, nullptr);
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context), trusted);
    X509_free(trusted);
    BIO_free(memory);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  }

  TlsPeer(Peer p, SSL_CTX* context) : peer(std::move(p)) {
    SSL_CTX_set_options(context, SSL_OP_IGNORE_UNEXPECTED_EOF);
    ssl_ = SSL_new(context);
    SSL_CTX_free(context);
    SSL_set_fd(ssl_, peer.fd());
  }

  SSL* ssl_ = nullptr;
  bool shaken_ = false;
  int failure_ = 0;
};

}  // namespace faultline
