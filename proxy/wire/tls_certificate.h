#pragma once

// Certificates made on the spot: a CA of this process's life, and what it signs for a host. Keys
// are P-256 and never leave the process.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "faults/result.h"

typedef struct x509_st X509;
typedef struct evp_pkey_st EVP_PKEY;

namespace faultline::wire {

struct FreeX509 {
  void operator()(X509* certificate) const;
};
struct FreeKey {
  void operator()(EVP_PKEY* key) const;
};

struct Certificate {
  std::unique_ptr<X509, FreeX509> x509;
  std::unique_ptr<EVP_PKEY, FreeKey> key;

  std::string pem() const;  // without the key
};

inline constexpr int validity_days = 30;

Result<Certificate> make_authority();
enum class Validity : std::uint8_t {
  current,  // from yesterday (clocks differ) on
  over,     // since yesterday
};
// For a host name or a numeric address.
Result<Certificate> issue(const Certificate& authority, const std::string& host,
                          Validity validity = Validity::current);
// For whom `model` is, by all its names, and signed by nobody but itself.
Result<Certificate> sign_itself(const X509* model);

}  // namespace faultline::wire
