#include "proxy/link.h"

#include <algorithm>
#include <cassert>
#include <string>
#include <utility>

#include "proxy/link_verdict.h"

namespace faultline {

Moment Link::moment(Stage& stage, Instant now) {
  return {now, stage.draw.about(static_cast<std::uint64_t>(direction_)).about(stage.ordinal++),
          stage.since, stage.client};
}

Link::Stage* Link::find(FaultId id) {
  const auto found = std::ranges::find(stages_, id, &Stage::id);
  return found == stages_.end() ? nullptr : &*found;
}

bool Link::arm(const Arming& arming, Instant now, bool established, std::unique_ptr<Fault> half) {
  assert(find(arming.id) == nullptr);
  const auto place = std::ranges::lower_bound(stages_, arming.id, {}, &Stage::id);
  Stage& stage = *stages_.emplace(place);
  stage.id = arming.id;
  stage.fault = half ? std::move(half) : arming.prototype.fresh();
  stage.draw = arming.draw;
  stage.since = arming.since;
  stage.client = arming.client;
  Verdict verdict(stage, exit_);
  stage.fault->armed(moment(stage, now), established, verdict);
  carry_out(index_of(stage), verdict, now);
  return !verdict.silent();
}

bool Link::update(FaultId id, const Fault& prototype, Draw draw, Instant now) {
  Stage* const stage = find(id);
  if (stage == nullptr) return false;
  const std::size_t index = index_of(*stage);
  const bool waited = !stage->waiting.empty() || stage->open_at > now;
  stage->draw = draw;
  stage->fault->update(prototype);
  if (stage->open_at > now) ask_opening(index, stage->opened, now);
  offer_again(index, now);
  Verdict verdict(*stage, exit_);
  stage->fault->timer(moment(*stage, now), verdict);
  carry_out(index, verdict, now);
  return waited || !verdict.silent();
}

void Link::opening(Instant now) {
  for (std::size_t i = 0; i < stages_.size(); ++i) ask_opening(i, now, now);
}

void Link::ask_opening(std::size_t index, Instant opened, Instant now) {
  Stage& stage = stages_[index];
  Verdict verdict(stage, exit_);
  stage.opened = opened;
  stage.fault->opening(moment(stage, opened), verdict);
  stage.open_at = verdict.opens;
  if (stage.open_at > now) exit_.touched(stage.id, 0);
  carry_out(index, verdict, now);
}

Instant Link::open_at() const {
  Instant latest{};
  for (const Stage& stage : stages_) latest = std::max(latest, stage.open_at);
  return latest;
}

bool Link::disarm(FaultId id, Instant now) {
  Stage* const stage = find(id);
  if (stage == nullptr) return false;
  const std::size_t index = index_of(*stage);
  const bool waited = !stage->waiting.empty() || stage->open_at > now || stage->claimed != 0;
  Verdict verdict(*stage, exit_);
  stage->fault->disarmed(moment(*stage, now), verdict);
  carry_out(index, verdict, now);
  // The release is its last alteration, unless what waits had only not been decided yet.
  if (!std::ranges::all_of(stage->waiting, &Item::deferred)) exit_.touched(id, 0);
  exit_.disclaim(id);
  release(index, never, now);
  stages_.erase(stages_.begin() + static_cast<std::ptrdiff_t>(index));
  return waited || !verdict.silent();
}

void Link::sender_closed(Closing closing, Instant now) { enter_closing(0, closing, now); }

std::size_t Link::behind(FaultId id) const {
  const auto found = std::ranges::upper_bound(stages_, id, {}, &Stage::id);
  return static_cast<std::size_t>(found - stages_.begin());
}

void Link::answered(FaultId fault, const Chunk& chunk) { enter(behind(fault), chunk, nullptr); }

void Link::answers_ended(FaultId fault, Instant now) {
  enter_closing(behind(fault), Closing::end, now);
}

Link::FlawedBy Link::tls(TlsMoment moment) const {
  for (const Stage& stage : stages_) {
    const TlsFlaw flaw = stage.fault->tls(moment);
    if (flaw.what != TlsFlaw::What::none) return {stage.id, flaw};
  }
  return {};
}

std::uint64_t Link::awaits() const {
  std::uint64_t earliest = 0;
  for (const Stage& stage : stages_) {
    if (stage.awaits != 0 && (earliest == 0 || stage.awaits < earliest)) earliest = stage.awaits;
  }
  return earliest;
}

void Link::turn(std::uint64_t exchange, Instant now) {
  const auto found = std::ranges::find(stages_, exchange, &Stage::awaits);
  if (found != stages_.end()) turn(index_of(*found), exchange, now);
}

void Link::no_turn(Instant now) {
  for (std::size_t i = 0; i < stages_.size(); ++i) {
    if (stages_[i].awaits != 0) turn(i, 0, now);
  }
}

void Link::turn(std::size_t index, std::uint64_t exchange, Instant now) {
  Stage& stage = stages_[index];
  stage.awaits = 0;
  Verdict verdict(stage, exit_);
  stage.fault->turn(moment(stage, now), exchange, verdict);
  carry_out(index, verdict, now);
}

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
  const Stage& stage = stages_[index];
  if (stage.closed) return exit_.touched(stage.id, chunk.bytes.size());
  Item item;
  item.block = std::move(block);
  Chunk labelled = chunk;
  const auto claims = [&](const Stage& before) { return before.claimed == chunk.label.exchange; };
  if (chunk.label.exchange != 0 && !chunk.label.claimed)
    labelled.label.claimed =
        std::any_of(stages_.begin(), stages_.begin() + static_cast<std::ptrdiff_t>(index), claims);
  offer(index, labelled, std::move(item), chunk.arrived);
}

void Link::enter_closing(std::size_t index, Closing closing, Instant now) {
  if (index == stages_.size()) return exit_.leave(closing);
  // A direction that a fault has ended needs no second end; that its sender is gone still counts.
  if (stages_[index].closed && closing == Closing::end) return;
  Item item;
  item.closing = closing;
  item.arrived = now;
  offer_closing(index, std::move(item), now);
}

// Asks the fault about a chunk and does what it says. `item` may own the bytes; what else it knows
// of them is filled in here.
void Link::offer(std::size_t index, const Chunk& chunk, Item item, Instant now) {
  Stage& stage = stages_[index];
  Verdict verdict(stage, exit_);
  stage.fault->chunk(moment(stage, chunk.arrived), chunk, verdict);
  item.label = chunk.label;
  item.arrived = chunk.arrived;
  item.due = verdict.fate == Verdict::Fate::delayed ? verdict.due : now;
  item.deferred = verdict.fate == Verdict::Fate::deferred;
  if (item.deferred) item.due = never;
  switch (verdict.fate) {
    case Verdict::Fate::dropped:
      if (!item.counted) exit_.touched(stage.id, chunk.bytes.size());
      break;
    case Verdict::Fate::passed:
    case Verdict::Fate::delayed:
    case Verdict::Fate::deferred:
      advance(index, chunk, std::move(item), now);
      break;
    case Verdict::Fate::replaced: {
      const std::uint64_t bytes = altered(chunk.bytes, verdict.replacement);
      if (!item.counted && bytes > 0) exit_.touched(stage.id, bytes);
      item.counted = item.counted || bytes > 0;
      item.block.reset();
      advance(index, {verdict.replacement, chunk.arrived, chunk.label}, std::move(item), now);
      break;
    }
    case Verdict::Fate::parted:
      pass_parts(index, chunk, verdict, std::move(item), now);
      break;
  }
  carry_out(index, verdict, now);
}

// Each part that has to wait gets a block of its own. What is behind the first part is touched: it
// is late, or cut off from it, or missing.
void Link::pass_parts(std::size_t index, const Chunk& chunk, const Verdict& verdict, Item whole,
                      Instant now) {
  ByteView rest = chunk.bytes;
  std::vector<Verdict::Part> parts;
  for (const Verdict::Part& part : verdict.parts) {
    const std::size_t bytes = std::min(part.bytes, rest.size());
    rest.remove_prefix(bytes);
    if (bytes > 0) parts.push_back({bytes, part.due});
  }
  const std::uint64_t cut = chunk.bytes.size() - (parts.empty() ? 0 : parts.front().bytes);
  if (cut > 0 && !whole.counted) exit_.touched(stages_[index].id, cut);
  std::size_t from = 0;
  for (const Verdict::Part& part : parts) {
    Item item;
    item.label = chunk.label;
    item.label.first = chunk.label.first && from == 0;
    item.label.last = chunk.label.last && from + part.bytes == chunk.bytes.size();
    item.arrived = chunk.arrived;
    item.due = part.due;
    item.counted = whole.counted || from > 0;
    const Chunk piece{chunk.bytes.substr(from, part.bytes), chunk.arrived, item.label};
    advance(index, piece, std::move(item), now);
    from += part.bytes;
  }
}

void Link::offer_closing(std::size_t index, Item item, Instant now) {
  Stage& stage = stages_[index];
  Verdict verdict(stage, exit_);
  stage.fault->end(moment(stage, item.arrived), verdict);
  item.due = verdict.fate == Verdict::Fate::delayed ? verdict.due : now;
  item.deferred = verdict.fate == Verdict::Fate::deferred;
  if (item.deferred) item.due = never;
  if (verdict.fate != Verdict::Fate::dropped) {
    advance_closing(index, std::move(item), now);
  } else if (!item.counted) {
    exit_.touched(stage.id, 0);
  }
  carry_out(index, verdict, now);
}

// The fault decides anew about everything that waits at it.
void Link::offer_again(std::size_t index, Instant now) {
  Stage& stage = stages_[index];
  std::list<Item> offered;
  while (!stage.waiting.empty()) offered.push_back(take_front(stage));
  for (Item& item : offered) {
    if (item.spoken) {
      item.due = item.arrived;
      advance_closing(index, std::move(item), now);
    } else if (!item.block) {
      offer_closing(index, std::move(item), now);
    } else {
      const Chunk chunk{item.block->view(), item.arrived, item.label};
      offer(index, chunk, std::move(item), now);
    }
  }
}

// Passes bytes on when their due instant has come and nothing is before them; else they wait.
void Link::advance(std::size_t index, const Chunk& chunk, Item item, Instant now) {
  Stage& stage = stages_[index];
  if (item.due <= now && stage.waiting.empty()) {
    return enter(index + 1, {chunk.bytes, now, chunk.label}, std::move(item.block));
  }
  if (!item.block) item.block = Block::of(chunk.bytes);
  keep(stage, std::move(item));
}

void Link::advance_closing(std::size_t index, Item item, Instant now) {
  Stage& stage = stages_[index];
  if (item.due <= now && stage.waiting.empty()) return enter_closing(index + 1, item.closing, now);
  keep(stage, std::move(item));
}

void Link::keep(Stage& stage, Item item) {
  if (!stage.waiting.empty()) item.due = std::max(item.due, stage.waiting.back().due);
  if (!item.counted && !item.deferred) {
    exit_.touched(stage.id, item.size());
    item.counted = true;
  }
  stage.held += item.size();
  held_ += item.cost();
  stage.waiting.push_back(std::move(item));
}

Link::Item Link::take_front(Stage& stage) {
  Item item = std::move(stage.waiting.front());
  stage.waiting.pop_front();
  stage.held -= item.size();
  held_ -= item.cost();
  return item;
}

void Link::go_on(std::size_t index, Item item, Instant now) {
  if (!item.block) return enter_closing(index + 1, item.closing, now);
  const Chunk chunk{item.block->view(), now, item.label};
  enter(index + 1, chunk, std::move(item.block));
}

void Link::release(std::size_t index, Instant until, Instant now) {
  Stage& stage = stages_[index];
  while (!stage.waiting.empty() && stage.waiting.front().due <= until)
    go_on(index, take_front(stage), now);
}

// Up to so many bytes, and the closings before and right behind them.
void Link::release(std::size_t index, std::uint64_t bytes, Instant now) {
  Stage& stage = stages_[index];
  while (!stage.waiting.empty() && stage.waiting.front().size() <= bytes) {
    bytes -= stage.waiting.front().size();
    go_on(index, take_front(stage), now);
  }
  if (stage.waiting.empty() || bytes == 0) return;
  // The item stays with what is left of it.
  Item& front = stage.waiting.front();
  Label label = front.label;
  label.last = false;
  front.label.first = false;
  enter(index + 1, {front.block->view().substr(0, bytes), now, label}, nullptr);
  front.block->consumed += bytes;
  stage.held -= bytes;
  held_ -= bytes;
}

void Link::carry_out(std::size_t index, const Verdict& verdict, Instant now) {
  Stage& stage = stages_[index];
  for (const std::uint64_t bytes : verdict.releases) release(index, bytes, now);
  if (!verdict.answered.empty()) {
    exit_.touched(stage.id, verdict.answered.size());
    exit_.answer(stage.id, stage.withheld, verdict.answered);
  }
  if (verdict.answers_ended) {
    exit_.touched(stage.id, 0);
    exit_.end_answers(stage.id);
  }
  for (const auto& [exchange, code] : verdict.told) exit_.tell(exchange, code);
  if (verdict.wake != never) stage.wake = verdict.wake;
  if (verdict.ended && !stage.closed) {
    if (!exit_.ended()) exit_.touched(stage.id, 0);
    Item end;
    end.arrived = end.due = now;
    end.counted = end.spoken = true;
    advance_closing(index, std::move(end), now);
    stage.closed = true;
  }
  if (verdict.closed) exit_.end_other();
  if (verdict.refused) {
    exit_.touched(stage.id, 0);
    exit_.refuse();
  }
  if (verdict.reset_spoken) {
    exit_.touched(stage.id, 0);
    exit_.reset_both();
  }
  if (verdict.reconsidered) offer_again(index, now);
}

void Link::settle(Instant now) {
  for (std::size_t i = 0; i < stages_.size(); ++i) {
    Stage& stage = stages_[i];
    if (stage.wake <= now) {
      stage.wake = never;
      Verdict verdict(stage, exit_);
      stage.fault->timer(moment(stage, now), verdict);
      carry_out(i, verdict, now);
    }
    release(i, now, now);
  }
}

bool Link::armed(FaultId id) const {
  return std::ranges::any_of(stages_, [id](const Stage& stage) { return stage.id == id; });
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
