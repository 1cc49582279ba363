#include "proxy/link.h"

#include <algorithm>
#include <cassert>
#include <string>
#include <utility>

namespace faultline {

// What the fault said about the chunk at hand, written down while it speaks; the link acts on it
// when the fault has returned.
class Link::Verdict final : public Outlet {
 public:
  enum class Fate : std::uint8_t { dropped, passed, delayed, replaced };

  void pass() override { fate = Fate::passed; }
  void pass_at(Instant when) override {
    fate = Fate::delayed;
    due = when;
  }
  void replace(ByteView bytes) override {
    fate = Fate::replaced;
    replacement = bytes;
  }
  void answer(ByteView bytes) override { answered += bytes; }
  void end() override { ended = true; }
  void reset() override { reset_spoken = true; }
  void refuse() override { refused = true; }
  void wake_at(Instant when) override { wake = when; }

  Fate fate = Fate::dropped;
  Instant due{};
  Instant wake = never;
  bool ended = false, reset_spoken = false, refused = false;
  std::string replacement, answered;
};

Moment Link::moment(Stage& stage, Instant now) {
  return {now, stage.draw.about(static_cast<std::uint64_t>(direction_)).about(stage.ordinal++)};
}

void Link::arm(FaultId id, const Fault& prototype, Draw draw, Instant now, bool established) {
  Stage stage;
  stage.id = id;
  stage.fault = prototype.fresh();
  stage.draw = draw;
  stages_.push_back(std::move(stage));
  Verdict verdict;
  stages_.back().fault->armed(moment(stages_.back(), now), established, verdict);
  carry_out(stages_.size() - 1, verdict, now);
}

void Link::opening(Instant now) {
  for (std::size_t i = 0; i < stages_.size(); ++i) {
    Verdict verdict;
    stages_[i].fault->opening(moment(stages_[i], now), verdict);
    carry_out(i, verdict, now);
  }
}

void Link::disarm(FaultId id, Instant now) {
  const auto found =
      std::find_if(stages_.begin(), stages_.end(), [&](const Stage& s) { return s.id == id; });
  if (found == stages_.end()) return;
  const auto index = static_cast<std::size_t>(found - stages_.begin());
  Verdict verdict;
  found->fault->disarmed(moment(*found, now), verdict);
  carry_out(index, verdict, now);
  if (!found->waiting.empty()) exit_.touched(id, 0);  // the release is its last alteration
  release(index, never, now);
  stages_.erase(stages_.begin() + static_cast<std::ptrdiff_t>(index));
}

void Link::arrive(const Chunk& chunk) { enter(0, chunk, nullptr); }

void Link::sender_closed(Closing closing, Instant now) { enter_closing(0, closing, now); }

void Link::dropped(std::uint64_t bytes) {
  for (const Stage& stage : stages_) {
    if (stage.closed) return exit_.touched(stage.id, bytes);
  }
}

void Link::enter(std::size_t index, const Chunk& chunk, std::unique_ptr<Block> block) {
  if (index == stages_.size()) {
    if (block) {
      exit_.leave(std::move(block));
    } else {
      exit_.leave(chunk.bytes);
    }
    return;
  }
  Stage& stage = stages_[index];
  if (stage.closed) return exit_.touched(stage.id, chunk.bytes.size());
  Verdict verdict;
  stage.fault->chunk(moment(stage, chunk.arrived), chunk, verdict);
  const Instant now = chunk.arrived;
  const bool behind = !stage.waiting.empty();
  if (verdict.fate == Verdict::Fate::passed && !behind) {
    enter(index + 1, chunk, std::move(block));
  } else if (verdict.fate == Verdict::Fate::dropped) {
    exit_.touched(stage.id, chunk.bytes.size());
  } else {
    const bool replaced = verdict.fate == Verdict::Fate::replaced;
    if (replaced) block = Block::of(verdict.replacement);
    if (!block) block = Block::of(chunk.bytes);
    const Instant due = verdict.fate == Verdict::Fate::delayed ? verdict.due : now;
    if (replaced || due > now) exit_.touched(stage.id, chunk.bytes.size());
    advance(index, {std::move(block), Closing::end, chunk.label, now, due}, now);
  }
  carry_out(index, verdict, now);
}

void Link::enter_closing(std::size_t index, Closing closing, Instant now) {
  if (index == stages_.size()) return exit_.leave(closing);
  Stage& stage = stages_[index];
  // A direction that a fault has ended needs no second end; that its sender is gone still counts.
  if (stage.closed && closing == Closing::end) return;
  Verdict verdict;
  stage.fault->end(moment(stage, now), verdict);
  if (verdict.fate == Verdict::Fate::passed && stage.waiting.empty()) {
    enter_closing(index + 1, closing, now);
  } else if (verdict.fate == Verdict::Fate::dropped) {
    exit_.touched(stage.id, 0);
  } else {
    const Instant due = verdict.fate == Verdict::Fate::delayed ? verdict.due : now;
    if (due > now) exit_.touched(stage.id, 0);
    advance(index, {nullptr, closing, {}, now, due}, now);
  }
  carry_out(index, verdict, now);
}

// Files an item under its due instant, or passes it on when that has come.
void Link::advance(std::size_t index, Item item, Instant now) {
  Stage& stage = stages_[index];
  item.due = std::max(item.due, stage.last_due);
  if (item.due <= now && stage.waiting.empty()) {
    if (!item.block) return enter_closing(index + 1, item.closing, now);
    const Chunk chunk{item.block->view(), now, item.label};
    return enter(index + 1, chunk, std::move(item.block));
  }
  stage.last_due = item.due;
  if (item.block) held_ += item.block->view().size() + item_cost;
  stage.waiting.push_back(std::move(item));
}

void Link::release(std::size_t index, Instant until, Instant now) {
  while (!stages_[index].waiting.empty() && stages_[index].waiting.front().due <= until) {
    Item item = std::move(stages_[index].waiting.front());
    stages_[index].waiting.pop_front();
    if (item.block) {
      held_ -= item.block->view().size() + item_cost;
      const Chunk chunk{item.block->view(), now, item.label};
      enter(index + 1, chunk, std::move(item.block));
    } else {
      enter_closing(index + 1, item.closing, now);
    }
  }
}

void Link::carry_out(std::size_t index, const Verdict& verdict, Instant now) {
  Stage& stage = stages_[index];
  if (!verdict.answered.empty()) {
    exit_.touched(stage.id, verdict.answered.size());
    exit_.answer(verdict.answered);
  }
  if (verdict.wake != never) stage.wake = verdict.wake;
  if (verdict.ended && !stage.closed) {
    if (!exit_.ended()) exit_.touched(stage.id, 0);
    advance(index, {nullptr, Closing::end, {}, now, now}, now);
    stages_[index].closed = true;
  }
  if (verdict.refused) {
    exit_.touched(stage.id, 0);
    exit_.refuse();
  }
  if (verdict.reset_spoken) {
    exit_.touched(stage.id, 0);
    exit_.reset_both();
  }
}

void Link::settle(Instant now) {
  for (std::size_t i = 0; i < stages_.size(); ++i) {
    if (stages_[i].wake <= now) {
      stages_[i].wake = never;
      Verdict verdict;
      stages_[i].fault->timer(moment(stages_[i], now), verdict);
      carry_out(i, verdict, now);
    }
    release(i, now, now);
  }
}

bool Link::empty() const {
  return std::ranges::all_of(stages_, [](const Stage& stage) { return stage.waiting.empty(); });
}

Instant Link::wake_at() const {
  Instant earliest = never;
  for (const Stage& stage : stages_) {
    earliest = std::min(earliest, stage.wake);
    if (!stage.waiting.empty()) earliest = std::min(earliest, stage.waiting.front().due);
  }
  return earliest;
}

}  // namespace faultline
