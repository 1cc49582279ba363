#pragma once

// Certificates and a key that came as texts, as the files that the engine reads. It has read them
// when it has the proxy; they are gone with this object.

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "faults/result.h"
#include "proxy/tls_spec.h"

namespace faultline::control {

// A file that is there for as long as this object is.
class HeldFile {
 public:
  virtual ~HeldFile() = default;
  virtual const std::string& path() const = 0;
};
// One that holds this text, for this process alone: it may be a private key.
using HoldText = std::function<Result<std::unique_ptr<HeldFile>>(std::string_view text)>;

class TlsTexts {
 public:
  // Puts a file in the place of each text. An error's `where` is the text's key.
  static Checked<TlsTexts> as_files(TlsSpec& tls, const HoldText& hold);

  // What was found wrong with such a file, said of its text.
  void in_own_words(Error& error) const;

 private:
  struct Text {
    std::string key, file_key;
    std::unique_ptr<HeldFile> file;
  };
  std::vector<Text> texts_;
};

}  // namespace faultline::control
