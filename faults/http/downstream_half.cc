// The half on the link to the client: it alters the responses that its twin planned to. What it
// does with the response at hand:
//
//   passing ─▶ collecting ─▶ passing                      not ours after all
//                  ├───────▶ skipping ─▶ passing          an interim response that nobody gets
//                  ├───────▶ replacing ─▶ passing | cut   a reply stands in for it
//                  ├───────▶ rewriting ─▶ passing        its header block is another
//                  ├───────▶ trickling ─▶ passing         it goes on slowly
//                  └───────▶ shaping ─▶ holding ─▶ passing     its front goes on, the rest later
//                               └─────▶ cut                    … or not at all

#include <algorithm>

#include "faults/http/chunked.h"
#include "faults/http/halves.h"

namespace faultline::http {
namespace {

using namespace std::chrono_literals;

constexpr Duration shortest_tick = 10ms;

class DownstreamHalf final : public Fault {
 public:
  explicit DownstreamHalf(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}

  std::unique_ptr<Fault> fresh() const override {
    return downstream_half(std::make_shared<Shared>(shared_->rule));
  }

  // What waits is offered again: a response that is still collected is looked at anew, and what is
  // held or trickles is counted anew.
  void update(const Fault& configured) override {
    shared_->rule = rule_of(configured);
    own_ = 0;
    complete_ = false;
    if (state_ == State::collecting) state_ = State::passing;
    front_.clear();
    deferred_ = 0;
  }

  void chunk(const Moment& moment, const Chunk& chunk, Outlet& outlet) override {
    if (offered_again_ > 0) {
      --offered_again_;
      return act(moment, chunk, outlet);
    }
    if (state_ == State::holding || state_ == State::trickling) return wait(moment, chunk, outlet);
    if (chunk.label.exchange == 0) return unlabelled(outlet);
    if (chunk.label.first && state_ != State::cut) begin(chunk.label);
    if (state_ == State::collecting) return look(moment, chunk, outlet);
    act(moment, chunk, outlet);
  }

  void end(const Moment&, Outlet& outlet) override {
    if (state_ == State::holding || shared_->muted) return outlet.pass_at(never);
    if (state_ == State::trickling && outlet.held() > 0) {
      complete_ = true;
      return outlet.pass_at(never);
    }
    if (state_ == State::collecting) give_up();
    if (deferred_ > 0) {
      outlet.defer();
      return offer_again(outlet);
    }
    outlet.pass();
    if (state_ == State::replacing) return finish_reply(outlet);
    if (state_ != State::cut) tell(outlet, code_);
  }

  void timer(const Moment& moment, Outlet& outlet) override {
    if (state_ == State::trickling) return trickle(moment, outlet);
    if (state_ != State::holding || until_ == never) return;
    if (moment.now < until_) return outlet.wake_at(until_);
    go_on();
    outlet.reconsider();
  }

  // What was cut off must not be followed by more.
  void disarmed(const Moment&, Outlet& outlet) override {
    const bool hole = state_ == State::replacing || state_ == State::skipping ||
                      (state_ == State::rewriting && head_left_ > 0);
    if (shared_->muted || hole) {
      tell(outlet, "");
      outlet.reset();
    }
    shared_->hanging = false;
  }

 private:
  enum class State : std::uint8_t {
    passing,
    collecting,
    skipping,
    replacing,
    rewriting,
    shaping,
    holding,
    trickling,
    cut,
  };

  void begin(const Label& label) {
    std::deque<Plan>& plans = shared_->plans;
    while (!plans.empty() && plans.front().request.exchange < label.exchange) plans.pop_front();
    const bool planned = !plans.empty() && plans.front().request.exchange == label.exchange;
    state_ = planned ? State::collecting : State::passing;
    if (plan_.request.exchange != label.exchange) tells_ = false;
    front_.clear();
    deferred_ = 0;
  }

  // Of a connection that stopped making sense.
  void unlabelled(Outlet& outlet) {
    if (state_ == State::replacing || state_ == State::skipping) return outlet.reset();
    if (state_ == State::cut) return;
    if (state_ == State::collecting) give_up();
    if (deferred_ == 0) return outlet.pass();
    ++deferred_;
    outlet.defer();
    offer_again(outlet);
  }

  void look(const Moment& moment, const Chunk& chunk, Outlet& outlet) {
    const ByteView front = front_.with(chunk.bytes);
    const std::size_t length = Head::length(front);
    code_ = std::to_string(Head(front).status());
    if (length == 0 && front_.keep(chunk.bytes)) {
      ++deferred_;
      return outlet.defer();
    }
    if (length == 0 || length > most_head) {
      give_up();
    } else {
      decide(moment, chunk.label, Head(front.substr(0, length)), length, outlet);
    }
    if (deferred_ == 0) return act(moment, chunk, outlet);
    ++deferred_;
    outlet.defer();
    offer_again(outlet);
  }

  // The pieces that were deferred come again, to be acted on.
  void offer_again(Outlet& outlet) {
    offered_again_ = deferred_;
    deferred_ = 0;
    front_.clear();
    outlet.reconsider();
  }

  // It passes as it is; if it was claimed, its client is told what it says.
  void give_up() {
    plan_ = shared_->plans.front();
    shared_->plans.pop_front();
    tells_ = plan_.claimed;
    state_ = State::passing;
  }

  void decide(const Moment& moment, const Label& label, const Head& head, std::size_t length,
              Outlet& outlet) {
    const Plan& planned = shared_->plans.front();
    shape_ = planned.rule->shape();
    const std::uint16_t status = head.status();
    if (status < 200 && status != 101) {
      state_ = shape_.interim ? State::passing : State::skipping;
      return;
    }
    give_up();
    if (status == 101 || !plan_.rule->aim().takes_status(status)) return;
    if (!plan_.claimed && (label.claimed || !outlet.claim(label.exchange))) return;
    tells_ = true;
    reply_ = plan_.rule->reply(plan_.request, moment);
    if (reply_) {
      state_ = State::replacing;
      replaced_ = false;
    } else if (shape_.rate != 0) {
      state_ = State::trickling;
      own_ = 0;
      complete_ = false;
      began_ = moment.now;
      released_ = 0;
    } else if (auto block = plan_.rule->rewrite(head)) {
      state_ = State::rewriting;
      head_left_ = length;
      new_front_ = std::move(*block);
    } else if (!shape_.headers || shape_.body != Shape::all) {
      shape_response(head, length);
    }
  }

  void shape_response(const Head& head, std::size_t length) {
    state_ = State::shaping;
    head_left_ = length;
    body_left_ = shape_.body;
    passes_ = !shape_.headers                     ? 0
              : shape_.body > Shape::all - length ? Shape::all
                                                  : length + shape_.body;
    unframed_ = head.chunked() ? std::optional<Chunked>(Chunked()) : std::nullopt;
    if (!shape_.undeclared) return;
    new_front_ = head.without({"Content-Length", "Transfer-Encoding", "Connection", "Keep-Alive"}) +
                 "Connection: close\r\n\r\n";
  }

  void act(const Moment& moment, const Chunk& chunk, Outlet& outlet) {
    switch (state_) {
      case State::passing:
      case State::collecting:
        outlet.pass();
        if (chunk.label.last) tell(outlet, code_);
        return;
      case State::skipping:
        if (chunk.label.last) state_ = State::passing;
        return;
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

  void replace(const Chunk& chunk, Outlet& outlet) {
    if (!replaced_ && !reply_->bytes.empty()) outlet.replace(reply_->bytes);
    replaced_ = true;
    if (reply_->ending == Ending::keep) tell(outlet, reply_->code);
    if (chunk.label.last) finish_reply(outlet);
  }

  // The server has done all its work and said all of it.
  void finish_reply(Outlet& outlet) {
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
  std::string with_new_front(ByteView& bytes) {
    const std::size_t head = std::min(head_left_, bytes.size());
    bytes.remove_prefix(head);
    head_left_ -= head;
    return head_left_ == 0 ? std::exchange(new_front_, {}) : std::string();
  }

  void rewrite(const Chunk& chunk, Outlet& outlet) {
    ByteView bytes = chunk.bytes;
    std::string text = with_new_front(bytes);
    if (head_left_ == 0) {
      outlet.replace(text.append(bytes));
      state_ = State::passing;
    }
    if (chunk.label.last) tell(outlet, code_);
  }

  void cut(const Moment& moment, const Chunk& chunk, Outlet& outlet) {
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
  void cut_undeclared(const Chunk& chunk, Outlet& outlet) {
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

  void end_cut(Outlet& outlet, std::string_view code) {
    tell(outlet, code);
    state_ = State::cut;
    shape_.ending == Ending::reset ? outlet.reset() : outlet.close();
  }

  // A client that has finished already would be waited for in vain.
  void hold(const Moment& moment, const Chunk& chunk, std::size_t part, Outlet& outlet) {
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

  void wait(const Moment& moment, const Chunk& chunk, Outlet& outlet) {
    outlet.pass_at(never);
    if (state_ != State::trickling || chunk.label.exchange != plan_.request.exchange) return;
    own_ += chunk.bytes.size();
    complete_ = complete_ || chunk.label.last;
    if (own_ > chunk.bytes.size()) return;
    began_ = moment.now;
    released_ = 0;
    outlet.wake_at(moment.now + shortest_tick);
  }

  void trickle(const Moment& moment, Outlet& outlet) {
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
  Duration per_byte() const { return Duration(1s) / static_cast<std::int64_t>(shape_.rate); }

  void go_on() {
    state_ = State::passing;
    shared_->hanging = false;
  }

  void tell(Outlet& outlet, std::string_view code) {
    if (!tells_) return;
    tells_ = false;
    outlet.tell(plan_.request.exchange, code);
  }

  std::shared_ptr<Shared> shared_;
  State state_ = State::passing;
  Front front_;
  std::size_t deferred_ = 0;       // pieces that wait for the rest of the header block
  std::size_t offered_again_ = 0;  // … and are to be acted on

  // Of the response that was decided on last.
  Plan plan_;
  Shape shape_;
  std::string code_;
  bool tells_ = false;  // what its client is told is not said yet
  std::optional<Reply> reply_;
  bool replaced_ = false;
  std::uint64_t passes_ = 0;  // bytes before the cut
  std::size_t head_left_ = 0;
  std::uint64_t body_left_ = 0;
  std::string new_front_;
  std::optional<Chunked> unframed_;
  Instant until_ = never;
  std::uint64_t own_ = 0;  // bytes of it that wait to trickle
  bool complete_ = false;  // … and are all there is
  Instant began_{};
  std::uint64_t released_ = 0;
};

}  // namespace

std::unique_ptr<Fault> downstream_half(std::shared_ptr<Shared> shared) {
  return std::make_unique<DownstreamHalf>(std::move(shared));
}

}  // namespace faultline::http
