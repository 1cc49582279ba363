// The protocols a proxy can speak of, in the order users see them. Adding one: its file beside this
// one, a declaration and a line here.

#include <algorithm>
#include <array>

#include "proxy/codec.h"

namespace faultline {

extern const CodecKind tcp_kind, http_kind, postgres_kind;

const CodecKind tcp_kind{
    .name = "tcp",
    .summary = "bytes, not looked at",
};

namespace {
constexpr std::array<const CodecKind*, 3> kinds{&tcp_kind, &http_kind, &postgres_kind};
}

std::span<const CodecKind* const> codec_kinds() { return kinds; }

const CodecKind* find_codec_kind(std::string_view name) {
  const auto found = std::ranges::find(kinds, name, [](const CodecKind* k) { return k->name; });
  return found == kinds.end() ? nullptr : *found;
}

std::vector<std::string> codec_kind_names() {
  std::vector<std::string> names;
  for (const CodecKind* kind : kinds) names.emplace_back(kind->name);
  return names;
}

}  // namespace faultline
