#include "proxy/control/tls_texts.h"

#include <array>
#include <utility>

namespace faultline::control {
namespace {

struct Place {
  const char* key;
  const char* file_key;
  std::string TlsSpec::* text;
  std::string TlsSpec::* file;
};
constexpr std::array places{
    Place{"ca", "ca_file", &TlsSpec::ca, &TlsSpec::ca_file},
    Place{"certificate", "certificate_file", &TlsSpec::certificate, &TlsSpec::certificate_file},
    Place{"key", "key_file", &TlsSpec::key, &TlsSpec::key_file},
};

}  // namespace

Checked<TlsTexts> TlsTexts::as_files(TlsSpec& tls, const HoldText& hold) {
  TlsTexts made;
  Errors errors;
  for (const Place& place : places) {
    std::string& text = tls.*place.text;
    if (text.empty()) continue;
    Result<std::unique_ptr<HeldFile>> file =
        hold ? hold(text) : error("", "this server takes no certificates as texts");
    if (!file) {
      errors.push_back({place.key, file.error().what});
      continue;
    }
    tls.*place.file = (*file)->path();
    text.clear();
    made.texts_.push_back({place.key, place.file_key, std::move(*file)});
  }
  if (!errors.empty()) return std::unexpected(std::move(errors));
  return made;
}

void TlsTexts::in_own_words(Error& error) const {
  for (const Text& text : texts_) {
    if (error.where == text.file_key) error.where = text.key;
    const std::string path = quoted(text.file->path());
    if (const std::size_t at = error.what.find(path); at != std::string::npos)
      error.what.replace(at, path.size(), "the text given");
  }
}

}  // namespace faultline::control
