#include "scenarios/cli/token.h"

#include <algorithm>
#include <cstdlib>
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

Result<std::string> token_for_server(std::string file) {
  const char* const named = std::getenv("FAULTLINE_TOKEN_FILE");
  if (file.empty() && named != nullptr) file = named;
  if (file.empty()) return "";
  return read_token(file);
}

}  // namespace faultline::cli
