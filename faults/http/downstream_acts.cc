#include <algorithm>

#include "faults/http/downstream_half.h"

namespace faultline::http {
namespace {

using namespace std::chrono_literals;

constexpr Duration shortest_tick = 10ms;

}  // namespace

void DownstreamHalf::act(const Moment& moment, const Chunk& chunk, Outlet& outlet) {
  switch (state_) {
    case State::passing:
    case State::collecting:
      outlet.pass();
      if (noting_) note(moment, chunk);
      if (chunk.label.last) tell(outlet, code_);
      return;
    case State::skipping:
      return skip(chunk);
    case State::replacing:
      return replace(chunk, outlet);
    case State::rewriting:
      return rewrite(chunk, outlet);
    case State::shaping:
      return shape_.undeclared ? cut_undeclared(chunk, outlet) : cut(moment, chunk, outlet);
    case State::holding:
    case State::trickling:
      return wait(moment, chunk, outlet);
    case State::cut:
      return;
  }
}

void DownstreamHalf::skip(const Chunk& chunk) {
  if (!chunk.label.last) return;
  state_ = State::passing;
  if (std::exchange(skips_spare_, false)) --shared_->spares;
}

// A final response that is not too long, told to the rule when it is whole.
void DownstreamHalf::note(const Moment& moment, const Chunk& chunk) {
  if (noted_.size() + chunk.bytes.size() > most_noted) return noting_.reset();
  noted_ += chunk.bytes;
  if (!chunk.label.last) return;
  if (Head(noted_).status() >= 200) noting_->rule->note(noting_->request, noted_, moment);
  noting_.reset();
}

void DownstreamHalf::replace(const Chunk& chunk, Outlet& outlet) {
  if (!replaced_ && !reply_->bytes.empty()) outlet.replace(reply_->bytes);
  replaced_ = true;
  if (reply_->ending == Ending::keep) tell(outlet, reply_->code);
  if (chunk.label.last) finish_reply(outlet);
}

// The server has done all its work and said all of it.
void DownstreamHalf::finish_reply(Outlet& outlet) {
  const bool closes = reply_->ending == Ending::close || !plan_.request.keeps_alive;
  state_ = State::passing;
  if (reply_->ending == Ending::hang) {
    shared_->muted = true;
    state_ = State::cut;
    return;
  }
  tell(outlet, reply_->code);
  if (reply_->ending == Ending::reset) {
    state_ = State::cut;
    outlet.reset();
  } else if (closes) {
    state_ = State::cut;
    outlet.close();
  }
}

// Without what is left of the old header block, behind the new one.
std::string DownstreamHalf::with_new_front(ByteView& bytes) {
  const std::size_t head = std::min(head_left_, bytes.size());
  bytes.remove_prefix(head);
  head_left_ -= head;
  return head_left_ == 0 ? std::exchange(new_front_, {}) : std::string();
}

void DownstreamHalf::rewrite(const Chunk& chunk, Outlet& outlet) {
  ByteView bytes = chunk.bytes;
  std::string text = with_new_front(bytes);
  if (head_left_ == 0) {
    outlet.replace(text.append(bytes));
    state_ = State::passing;
  }
  if (chunk.label.last) tell(outlet, code_);
}

void DownstreamHalf::cut(const Moment& moment, const Chunk& chunk, Outlet& outlet) {
  const std::size_t size = chunk.bytes.size();
  const auto part = static_cast<std::size_t>(std::min<std::uint64_t>(passes_, size));
  passes_ -= part;
  if (part == size) {
    outlet.pass();
    if (!chunk.label.last) return;
    state_ = State::passing;
    return tell(outlet, code_);
  }
  if (shape_.ending == Ending::hang) return hold(moment, chunk, part, outlet);
  if (part > 0) outlet.pass_part(part, moment.now);
  end_cut(outlet, "");
}

// So that nothing tells the client: without a length, the end of the connection is the end of the
// body.
void DownstreamHalf::cut_undeclared(const Chunk& chunk, Outlet& outlet) {
  ByteView bytes = chunk.bytes;
  std::string text = with_new_front(bytes);
  std::string content;
  if (unframed_) {
    unframed_->read(bytes, content);
  } else {
    content = bytes;
  }
  const std::uint64_t part = std::min<std::uint64_t>(body_left_, content.size());
  text.append(content, 0, static_cast<std::size_t>(part));
  body_left_ -= part;
  if (!text.empty()) outlet.replace(text);
  if (head_left_ == 0 && (body_left_ == 0 || chunk.label.last)) end_cut(outlet, code_);
}

void DownstreamHalf::end_cut(Outlet& outlet, std::string_view code) {
  tell(outlet, code);
  state_ = State::cut;
  shape_.ending == Ending::reset ? outlet.reset() : outlet.close();
}

// A client that has finished already would be waited for in vain.
void DownstreamHalf::hold(const Moment& moment, const Chunk& chunk, std::size_t part,
                          Outlet& outlet) {
  if (shared_->finished) {
    if (part > 0) outlet.pass_part(part, moment.now);
    tell(outlet, "");
    state_ = State::cut;
    return outlet.close();
  }
  state_ = State::holding;
  shared_->hanging = true;
  if (part == 0) {
    outlet.pass_at(never);
  } else {
    outlet.pass_part(part, moment.now);
    outlet.pass_part(chunk.bytes.size() - part, never);
  }
  until_ = shape_.time > never - moment.now ? never : moment.now + shape_.time;
  if (until_ != never) outlet.wake_at(until_);
}

void DownstreamHalf::wait(const Moment& moment, const Chunk& chunk, Outlet& outlet) {
  outlet.pass_at(never);
  if (state_ != State::trickling || chunk.label.exchange != plan_.request.exchange) return;
  own_ += chunk.bytes.size();
  complete_ = complete_ || chunk.label.last;
  if (own_ > chunk.bytes.size()) return;
  began_ = moment.now;
  released_ = 0;
  outlet.wake_at(moment.now + shortest_tick);
}

void DownstreamHalf::trickle(const Moment& moment, Outlet& outlet) {
  const auto passed = static_cast<double>((moment.now - began_).count()) * 1e-9;
  const auto due = static_cast<std::uint64_t>(passed * static_cast<double>(shape_.rate));
  const std::uint64_t bytes = std::min(own_, due > released_ ? due - released_ : 0);
  if (bytes > 0) outlet.release(bytes);
  released_ += bytes;
  own_ -= bytes;
  if (own_ == 0 && complete_) {
    go_on();
    tell(outlet, code_);
    return outlet.reconsider();
  }
  if (own_ > 0) outlet.wake_at(moment.now + std::max(shortest_tick, per_byte()));
}

Duration DownstreamHalf::per_byte() const {
  return Duration(1s) / static_cast<std::int64_t>(shape_.rate);
}

void DownstreamHalf::go_on() {
  state_ = State::passing;
  shared_->hanging = false;
}

void DownstreamHalf::tell(Outlet& outlet, std::string_view code) {
  if (!tells_) return;
  tells_ = false;
  outlet.tell(plan_.request.exchange, code);
}

}  // namespace faultline::http
