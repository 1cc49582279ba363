#include "proxy/wire/tls_setup.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <unistd.h>

#include <fstream>
#include <utility>

#include "proxy/wire/engine.h"
#include "proxy/wire/socket.h"
#include "proxy/wire/tls_certificate.h"

namespace faultline::wire {
namespace {

// ALPN's list of names, each behind its length.
constexpr unsigned char only_http1[] = "\x08http/1.1";
constexpr unsigned only_http1_size = sizeof only_http1 - 1;

// What no host is called (RFC 2606).
constexpr std::string_view wrong_host = "wrong-host.invalid";

bool speaks_http(const ProxySpec& spec) {
  return spec.protocol == "tcp" || spec.protocol == "http";
}

// OpenSSL's words for the first thing that went wrong; forgets all of it.
std::string library_words() {
  const unsigned long first = ERR_get_error();
  ERR_clear_error();
  if (first == 0) return "OpenSSL does not say why";
  if (ERR_SYSTEM_ERROR(first)) return strerror(ERR_GET_REASON(first));
  const char* const words = ERR_reason_error_string(first);
  return words == nullptr ? "OpenSSL error " + std::to_string(ERR_GET_REASON(first)) : words;
}

// An end without close_notify is told apart by the leg. Without the option OpenSSL would answer it
// with an alert, and let nothing more be written: the peer may be listening still.
void set_common(SSL_CTX* context) {
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(context,
                      SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET | SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                SSL_MODE_RELEASE_BUFFERS);
}

// A key that asks for a passphrase is refused, not asked for on the terminal.
int no_passphrase(char*, int, int, void*) { return 0; }

bool writable(const std::string& path) {
  if (access(path.c_str(), F_OK) == 0) return access(path.c_str(), W_OK) == 0;
  const std::size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  return access(folder.c_str(), W_OK) == 0;
}

int on_client_hello(SSL* ssl, int* alert, void* setup) {
  auto* const judge = static_cast<HelloJudge*>(SSL_get_app_data(ssl));
  const TlsFlaw flaw = judge == nullptr ? TlsFlaw{} : judge->client_said_hello();
  return static_cast<const TlsSetup*>(setup)->meet(ssl, flaw, alert);
}

// A client that offers nothing that is known here goes on without ALPN, as with a server that has
// never heard of it.
int choose_http1(SSL*, const unsigned char** chosen, unsigned char* size,
                 const unsigned char* offered, unsigned offered_size, void*) {
  unsigned char* found = nullptr;
  const int outcome =
      SSL_select_next_proto(&found, size, only_http1, only_http1_size, offered, offered_size);
  if (outcome != OPENSSL_NPN_NEGOTIATED) return SSL_TLSEXT_ERR_NOACK;
  *chosen = found;
  return SSL_TLSEXT_ERR_OK;
}

}  // namespace

void judge_hello(SSL* ssl, HelloJudge& judge) { SSL_set_app_data(ssl, &judge); }

void FreeSsl::operator()(SSL* ssl) const { SSL_free(ssl); }

Checked<std::shared_ptr<const TlsSetup>> TlsSetup::make(const ProxySpec& spec) {
  Errors errors;
  std::unique_ptr<TlsSetup> made(new TlsSetup);
  made->read(spec, errors);
  const std::string& path = spec.tls.write_ca;
  if (errors.empty() && !path.empty()) {
    std::ofstream file(path, std::ios::trunc);
    file << made->authority_pem_;
    file.close();
    if (!file)
      errors.push_back({"write_ca", "cannot write " + quoted(path) + ": " + strerror(errno)});
  }
  if (!errors.empty()) return std::unexpected(std::move(errors));
  return std::shared_ptr<const TlsSetup>(std::move(made));
}

Errors TlsSetup::problems(const ProxySpec& spec) {
  Errors errors;
  TlsSetup().read(spec, errors);
  return errors;
}

Errors Engine::tls_problems(const ProxySpec& spec) { return TlsSetup::problems(spec); }

TlsSetup::~TlsSetup() {
  SSL_CTX_free(client_);
  SSL_CTX_free(server_);
}

void TlsSetup::read(const ProxySpec& spec, Errors& errors) {
  errors = contradictions(spec.tls);
  if (!errors.empty()) return;
  ERR_clear_error();
  if (spec.tls.upstream) make_client(spec, errors);
  if (spec.tls.terminates()) make_server(spec, errors);
  if (const std::string& path = spec.tls.write_ca; !path.empty() && !writable(path))
    errors.push_back({"write_ca", "cannot write " + quoted(path) + ": " + strerror(errno)});
}

void TlsSetup::make_client(const ProxySpec& spec, Errors& errors) {
  const TlsSpec& tls = spec.tls;
  server_name_ = tls.server_name;
  client_ = SSL_CTX_new(TLS_client_method());
  if (client_ == nullptr) return errors.push_back({"upstream", library_words()});
  set_common(client_);
  SSL_CTX_set_verify(client_, tls.insecure ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, nullptr);
  if (speaks_http(spec)) SSL_CTX_set_alpn_protos(client_, only_http1, only_http1_size);
  if (tls.insecure) return;
  if (tls.ca_file.empty()) {
    SSL_CTX_set_default_verify_paths(client_);
  } else if (SSL_CTX_load_verify_file(client_, tls.ca_file.c_str()) != 1) {
    errors.push_back({"ca_file", "cannot read certificates from " + quoted(tls.ca_file) + ": " +
                                     library_words() + "; it holds PEM certificates"});
  }
}

void TlsSetup::make_server(const ProxySpec& spec, Errors& errors) {
  const TlsSpec& tls = spec.tls;
  server_ = SSL_CTX_new(TLS_server_method());
  if (server_ == nullptr) return errors.push_back({"listen", library_words()});
  set_common(server_);
  SSL_CTX_set_num_tickets(server_, 0);
  SSL_CTX_set_default_passwd_cb(server_, no_passphrase);
  if (speaks_http(spec)) SSL_CTX_set_alpn_select_cb(server_, choose_http1, nullptr);
  SSL_CTX_set_client_hello_cb(server_, on_client_hello, this);
  if (!tls.generate.empty()) return generate(tls.generate, errors);
  if (SSL_CTX_use_certificate_chain_file(server_, tls.certificate_file.c_str()) != 1)
    return errors.push_back(
        {"certificate_file", "cannot read a certificate from " + quoted(tls.certificate_file) +
                                 ": " + library_words() + "; it holds PEM certificates"});
  if (SSL_CTX_use_PrivateKey_file(server_, tls.key_file.c_str(), SSL_FILETYPE_PEM) != 1)
    return errors.push_back(
        {"key_file", "cannot use the key of " + quoted(tls.key_file) + ": " + library_words() +
                         "; it holds the certificate's key in PEM, unencrypted"});
  make_flawed({}, errors);
}

void TlsSetup::generate(const std::string& host, Errors& errors) {
  Result<Certificate> authority = make_authority();
  if (!authority) return errors.push_back(authority.error());
  authority_ = std::move(*authority);
  const Result<Certificate> own = issue(authority_, host);
  if (!own) return errors.push_back(own.error());
  authority_pem_ = authority_.pem();
  // Each takes a reference of its own.
  SSL_CTX_use_certificate(server_, own->x509.get());
  SSL_CTX_use_PrivateKey(server_, own->key.get());
  SSL_CTX_add1_chain_cert(server_, authority_.x509.get());
  make_flawed(host, errors);
}

// Made in advance, because they are few and a handshake is no place for errors.
void TlsSetup::make_flawed(const std::string& host, Errors& errors) {
  const auto keep = [&](Certificate& into, Result<Certificate> made) {
    if (!made) return errors.push_back(made.error());
    into = std::move(*made);
  };
  keep(self_signed_, sign_itself(SSL_CTX_get0_certificate(server_)));
  if (authority_.x509 == nullptr) return;
  keep(expired_, issue(authority_, host, Validity::over));
  keep(wrong_host_, issue(authority_, std::string(wrong_host)));
}

bool TlsSetup::present(SSL* ssl, const Certificate& certificate) const {
  SSL_certs_clear(ssl);
  const bool used = SSL_use_certificate(ssl, certificate.x509.get()) == 1 &&
                    SSL_use_PrivateKey(ssl, certificate.key.get()) == 1;
  if (used && &certificate != &self_signed_) SSL_add1_chain_cert(ssl, authority_.x509.get());
  return used;
}

int TlsSetup::meet(SSL* ssl, const TlsFlaw& flaw, int* alert) const {
  bool met = true;
  switch (flaw.what) {
    case TlsFlaw::What::none:
    case TlsFlaw::What::no_close_notify:
      break;
    case TlsFlaw::What::expired:
      met = present(ssl, expired_);
      break;
    case TlsFlaw::What::wrong_host:
      met = present(ssl, wrong_host_);
      break;
    case TlsFlaw::What::self_signed:
      met = present(ssl, self_signed_);
      break;
    case TlsFlaw::What::stall:
      return SSL_CLIENT_HELLO_RETRY;
    case TlsFlaw::What::alert:
      *alert = flaw.alert;
      return SSL_CLIENT_HELLO_ERROR;
  }
  if (met) return SSL_CLIENT_HELLO_SUCCESS;
  *alert = SSL_AD_INTERNAL_ERROR;
  return SSL_CLIENT_HELLO_ERROR;
}

Ssl TlsSetup::connecting(int socket, const std::string& host) const {
  Ssl ssl(SSL_new(client_));
  if (!ssl || SSL_set_fd(ssl.get(), socket) != 1) return {};
  const std::string& name = server_name_.empty() ? host : server_name_;
  SocketAddress ignored;
  if (numeric({name, 0}, ignored)) {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl.get()), name.c_str());
  } else {
    SSL_set_tlsext_host_name(ssl.get(), name.c_str());
    SSL_set1_host(ssl.get(), name.c_str());
  }
  SSL_set_connect_state(ssl.get());
  return ssl;
}

Ssl TlsSetup::accepting(int socket) const {
  Ssl ssl(SSL_new(server_));
  if (!ssl || SSL_set_fd(ssl.get(), socket) != 1) return {};
  SSL_set_accept_state(ssl.get());
  return ssl;
}

Checked<std::shared_ptr<const TlsSetup>> tls_setup(const ProxySpec& spec) {
  if (spec.tls == TlsSpec{}) return nullptr;
  return TlsSetup::make(spec);
}

std::string alert_words(std::uint8_t number) { return SSL_alert_desc_string_long(number); }

std::string why_failed(SSL* ssl, int result) {
  const int number = errno;
  const int kind = SSL_get_error(ssl, result);
  const unsigned long first = ERR_peek_error();
  if (ERR_GET_REASON(first) == SSL_R_CERTIFICATE_VERIFY_FAILED)
    return X509_verify_cert_error_string(SSL_get_verify_result(ssl));
  if (kind == SSL_ERROR_ZERO_RETURN || (kind == SSL_ERROR_SYSCALL && number == 0))
    return "the connection ended during the handshake";
  if (kind == SSL_ERROR_SYSCALL) return std::string(error_name(number));
  return library_words();
}

}  // namespace faultline::wire
