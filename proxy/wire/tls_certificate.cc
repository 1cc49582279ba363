#include "proxy/wire/tls_certificate.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <utility>

#include "proxy/wire/socket.h"

namespace faultline::wire {
namespace {

constexpr long day = 24 * 60 * 60;

void set_dates(X509* x509, long from_day, long to_day) {
  X509_gmtime_adj(X509_getm_notBefore(x509), from_day * day);
  X509_gmtime_adj(X509_getm_notAfter(x509), to_day * day);
}

// What every certificate of ours has, before it is named and signed.
Certificate blank() {
  Certificate made{std::unique_ptr<X509, FreeX509>(X509_new()),
                   std::unique_ptr<EVP_PKEY, FreeKey>(EVP_EC_gen("P-256"))};
  X509* const x509 = made.x509.get();
  if (x509 == nullptr || made.key == nullptr) return {};
  std::array<unsigned char, 8> serial{};
  RAND_bytes(serial.data(), serial.size());
  std::uint64_t number = 0;
  std::memcpy(&number, serial.data(), sizeof number);
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(x509), (number >> 1) | 1);
  X509_set_version(x509, X509_VERSION_3);
  set_dates(x509, -1, validity_days);
  X509_set_pubkey(x509, made.key.get());
  return made;
}

Certificate named(const std::string& common_name) {
  Certificate made = blank();
  X509* const x509 = made.x509.get();
  if (x509 == nullptr) return made;
  // A common name has at most 64 bytes; what counts is the alternative name.
  X509_NAME* const subject = X509_get_subject_name(x509);
  const std::string shown = common_name.substr(0, 64);
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(shown.data()),
                             static_cast<int>(shown.size()), -1, 0);
  return made;
}

bool extend(X509* x509, X509* issuer, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, x509, nullptr, nullptr, 0);
  X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
  if (extension == nullptr) return false;
  const bool added = X509_add_ext(x509, extension, -1) == 1;
  X509_EXTENSION_free(extension);
  return added;
}

}  // namespace

void FreeX509::operator()(X509* certificate) const { X509_free(certificate); }
void FreeKey::operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }

std::string Certificate::pem() const {
  BIO* const memory = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(memory, x509.get());
  char* text = nullptr;
  const long size = BIO_get_mem_data(memory, &text);
  std::string pem(text, static_cast<std::size_t>(size));
  BIO_free(memory);
  return pem;
}

Result<Certificate> make_authority() {
  Certificate made = named("faultline CA");
  X509* const x509 = made.x509.get();
  const bool whole = x509 != nullptr &&
                     X509_set_issuer_name(x509, X509_get_subject_name(x509)) == 1 &&
                     extend(x509, x509, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
                     extend(x509, x509, NID_key_usage, "critical,keyCertSign,cRLSign") &&
                     extend(x509, x509, NID_subject_key_identifier, "hash") &&
                     X509_sign(x509, made.key.get(), EVP_sha256()) != 0;
  if (!whole) return error("generate", "OpenSSL cannot make a certificate authority");
  return made;
}

Result<Certificate> issue(const Certificate& authority, const std::string& host,
                          Validity validity) {
  SocketAddress ignored;
  const bool is_address = numeric({host, 0}, ignored);
  Certificate made = named(host);
  X509* const x509 = made.x509.get();
  if (x509 != nullptr && validity == Validity::over) set_dates(x509, -1 - validity_days, -1);
  X509* const issuer = authority.x509.get();
  const bool whole =
      x509 != nullptr && X509_set_issuer_name(x509, X509_get_subject_name(issuer)) == 1 &&
      extend(x509, issuer, NID_basic_constraints, "critical,CA:FALSE") &&
      extend(x509, issuer, NID_key_usage, "critical,digitalSignature") &&
      extend(x509, issuer, NID_ext_key_usage, "serverAuth") &&
      extend(x509, issuer, NID_subject_key_identifier, "hash") &&
      extend(x509, issuer, NID_authority_key_identifier, "keyid") &&
      extend(x509, issuer, NID_subject_alt_name, (is_address ? "IP:" : "DNS:") + host) &&
      X509_sign(x509, authority.key.get(), EVP_sha256()) != 0;
  if (!whole)
    return error("generate", "OpenSSL cannot make a certificate for " + quoted(host) +
                                 "; it is for a host name or a numeric address");
  return made;
}

Result<Certificate> sign_itself(const X509* model) {
  Certificate made = blank();
  X509* const x509 = made.x509.get();
  const int place = X509_get_ext_by_NID(model, NID_subject_alt_name, -1);
  X509_NAME* const subject = X509_get_subject_name(model);
  const bool whole = x509 != nullptr && X509_set_subject_name(x509, subject) == 1 &&
                     X509_set_issuer_name(x509, subject) == 1 &&
                     extend(x509, x509, NID_basic_constraints, "critical,CA:FALSE") &&
                     extend(x509, x509, NID_ext_key_usage, "serverAuth") &&
                     extend(x509, x509, NID_subject_key_identifier, "hash") &&
                     (place < 0 || X509_add_ext(x509, X509_get_ext(model, place), -1) == 1) &&
                     X509_sign(x509, made.key.get(), EVP_sha256()) != 0;
  if (!whole) return error("certificate_file", "OpenSSL cannot make another for its names");
  return made;
}

}  // namespace faultline::wire
