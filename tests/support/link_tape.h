#pragma once

// A LinkExit that remembers, in the order it was told.

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "proxy/link.h"

namespace faultline {

class LinkTape final : public LinkExit {
 public:
  void leave(ByteView bytes) override { out += bytes; }
  void leave(std::unique_ptr<Block> block) override { out += block->view(); }
  void leave(Closing closing) override { out += closing == Closing::end ? "<end>" : "<reset>"; }
  void answer(FaultId, std::uint64_t, ByteView bytes) override { answered += bytes; }
  void end_answers(FaultId) override { answered += "<end>"; }
  bool claim(FaultId, std::uint64_t exchange) override {
    claimed.push_back(exchange);
    return takes;
  }
  void withhold(std::uint64_t exchange) override { withheld.push_back(exchange); }
  void repeat(std::uint64_t exchange) override { repeated.push_back(exchange); }
  void tell(std::uint64_t exchange, std::string_view code) override {
    told += std::to_string(exchange) + "=" + std::string(code) + " ";
  }
  void disclaim(FaultId) override {}
  void early(FaultId) override { ++early_requests; }
  void end_other() override { other_ended = true; }
  void reset_both() override { reset = true; }
  void refuse() override { refused = true; }
  bool ended() const override { return out.ends_with("<end>"); }
  void touched(FaultId fault, std::uint64_t bytes) override {
    ++touches[fault];
    touched_bytes[fault] += bytes;
  }

  // What left since the last look.
  std::string take() { return std::exchange(out, {}); }

  std::string out, answered, told;
  std::vector<std::uint64_t> claimed, withheld, repeated;
  bool takes = true;
  int early_requests = 0;
  bool other_ended = false, reset = false, refused = false;
  std::map<FaultId, int> touches;
  std::map<FaultId, std::uint64_t> touched_bytes;
};

}  // namespace faultline
