#include "scenarios/cli/token.h"

#include <algorithm>
#include <fstream>

namespace faultline::cli {

Result<std::string> read_token(const std::string& file) {
  constexpr std::size_t least = 16;
  constexpr std::size_t most = 1024;
  std::string token;
  std::ifstream in(file);
  std::getline(in, token);
  const auto visible = [](char c) { return c > ' ' && c < '\x7f'; };
  const bool sound = token.size() >= least && token.size() <= most &&
                     std::all_of(token.begin(), token.end(), visible);
  if (sound) return token;
  return error(file, "its first line must be a token of 16 to 1024 visible characters");
}

}  // namespace faultline::cli
