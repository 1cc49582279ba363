// The half on the link to the server: it looks at requests, and answers those that the server never
// sees. What it does with the chunks of the request at hand:
//
//   passing ─▶ collecting ─▶ passing                       not ours, or the server's to answer
//                  ├───────▶ awaiting ─▶ consuming ─▶ passing     ours: dropped and answered
//                  └───────▶ repeating ─▶ passing                  ours: its copy goes on behind it

#include "faults/http/chunked.h"
#include "faults/http/halves.h"

namespace faultline::http {
namespace {

class UpstreamHalf final : public Fault {
 public:
  explicit UpstreamHalf(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}

  std::unique_ptr<Fault> fresh() const override {
    return upstream_half(std::make_shared<Shared>(shared_->rule));
  }

  // The request at hand, if it was not decided yet, is looked at anew.
  void update(const Fault& configured) override {
    shared_->rule = rule_of(configured);
    if (state_ == State::collecting) state_ = State::passing;
    exchange_ = state_ == State::passing ? 0 : exchange_;
    front_.clear();
  }

  void chunk(const Moment& moment, const Chunk& chunk, Outlet& outlet) override {
    if (shared_->muted && state_ != State::consuming && begins(chunk.label)) waits_ = true;
    if (waits_) return outlet.pass_at(never);
    if (state_ == State::awaiting) return outlet.defer();
    if (chunk.label.exchange == 0) return unlabelled(outlet);
    if (state_ == State::consuming && chunk.label.exchange == request_.exchange)
      return consume(moment, chunk, outlet);
    if (state_ == State::repeating && chunk.label.exchange == request_.exchange)
      return repeat(chunk, outlet);
    if (state_ != State::collecting) {
      state_ = State::passing;
      if (!begins(chunk.label) || chunk.label.claimed) return outlet.pass();
      exchange_ = chunk.label.exchange;
      state_ = State::collecting;
      front_.clear();
    }
    look(moment, chunk, outlet);
  }

  void end(const Moment&, Outlet& outlet) override {
    if (state_ == State::awaiting) return outlet.defer();
    if (state_ == State::collecting) return give_up(outlet);
    shared_->finished = true;
    outlet.pass();
    if (shared_->hanging || shared_->muted) outlet.end_answers();
  }

  void turn(const Moment& moment, std::uint64_t exchange, Outlet& outlet) override {
    if (state_ != State::awaiting) return;
    state_ = exchange == 0 ? State::passing : State::consuming;
    if (state_ == State::consuming) {
      outlet.withhold(request_.exchange);
      if (rule_->at_head()) {
        answer(moment, outlet);
      } else if (request_.expects_continue) {
        outlet.answer("HTTP/1.1 100 Continue\r\n\r\n");
      }
    }
    outlet.reconsider();
  }

  // What is left of a request without its front is no request.
  void disarmed(const Moment&, Outlet& outlet) override {
    if (shared_->muted || state_ == State::consuming) outlet.reset();
  }

 private:
  enum class State : std::uint8_t { passing, collecting, awaiting, consuming, repeating };

  bool begins(const Label& label) const { return label.first && label.exchange != exchange_; }

  // Between messages, or of a connection that stopped making sense.
  void unlabelled(Outlet& outlet) {
    if (state_ == State::collecting) return give_up(outlet);
    if (state_ == State::consuming) return outlet.reset();
    outlet.pass();
  }

  void give_up(Outlet& outlet) {
    state_ = State::passing;
    pass_all(outlet);
  }
  void pass_all(Outlet& outlet) {
    if (front_.empty()) return outlet.pass();
    front_.clear();
    outlet.defer();
    outlet.reconsider();
  }

  // Decides as soon as enough is there.
  void look(const Moment& moment, const Chunk& chunk, Outlet& outlet) {
    const ByteView front = front_.with(chunk.bytes);
    const std::size_t length = Head::length(front);
    if (length > most_head) return give_up(outlet);
    if (length == 0) return wait_for_more(chunk, outlet);
    const Head head(front.substr(0, length));
    if (head.method() == "CONNECT" || head.field("Upgrade")) return give_up(outlet);
    std::string content;
    ByteView body = front.substr(length);
    if (head.chunked()) {
      Chunked().read(body, content);
      body = content;
    }
    const bool whole = chunk.label.last || body.size() > most_body_prefix;
    switch (shared_->rule->aim().matches({head, body.substr(0, most_body_prefix), whole})) {
      case RequestAim::Match::no:
        return give_up(outlet);
      case RequestAim::Match::needs_more:
        return wait_for_more(chunk, outlet);
      case RequestAim::Match::yes:
        break;
    }
    request_ = request_from(head, chunk.label.exchange);
    rule_ = shared_->rule;
    if (rule_->early(moment)) outlet.early();
    if (!rule_->wants(request_, moment)) return spare(outlet);
    if (rule_->repeats()) {
      if (front.size() > most_repeated) return give_up(outlet);
      if (!chunk.label.last) return wait_for_more(chunk, outlet);
      copy_ = front;
    }
    decide(chunk, outlet);
  }

  // Not ours after all.
  void spare(Outlet& outlet) {
    if (rule_->notes())
      shared_->plans.push_back({.request = request_, .rule = rule_, .only_noted = true});
    give_up(outlet);
  }

  void wait_for_more(const Chunk& chunk, Outlet& outlet) {
    if (chunk.label.last || !front_.keep(chunk.bytes)) return give_up(outlet);
    outlet.defer();
  }

  void decide(const Chunk& chunk, Outlet& outlet) {
    const bool asks = rule_->aim().asks_status() || rule_->remakes();
    const bool later = rule_->phase() == Phase::after && asks;
    if (!later && !outlet.claim(request_.exchange)) return spare(outlet);
    if (rule_->phase() == Phase::after) {
      shared_->plans.push_back({.request = request_, .rule = rule_, .claimed = !later});
      return rule_->repeats() ? begin_copy(chunk, outlet) : give_up(outlet);
    }
    state_ = State::awaiting;
    outlet.defer();
    outlet.await_turn(request_.exchange);
  }

  void begin_copy(const Chunk& chunk, Outlet& outlet) {
    outlet.repeat(request_.exchange);
    ++shared_->spares;
    state_ = State::repeating;
    if (front_.empty()) return repeat(chunk, outlet);
    pass_all(outlet);
  }
  void repeat(const Chunk& chunk, Outlet& outlet) {
    if (!chunk.label.last) return outlet.pass();
    outlet.replace(std::string(chunk.bytes) + std::exchange(copy_, {}));
    state_ = State::passing;
  }

  void consume(const Moment& moment, const Chunk& chunk, Outlet& outlet) {
    if (!chunk.label.last) return;
    if (!rule_->at_head()) answer(moment, outlet);
    state_ = State::passing;
  }

  void answer(const Moment& moment, Outlet& outlet) {
    const Reply reply = rule_->reply(request_, moment).value_or(Reply{});
    if (!reply.bytes.empty()) outlet.answer(reply.bytes);
    const bool closes = reply.ending == Ending::close || !request_.keeps_alive;
    if (reply.ending == Ending::hang) {
      shared_->muted = true;
      return;
    }
    outlet.tell(request_.exchange, reply.code);
    if (reply.ending == Ending::reset) return outlet.reset();
    if (!closes) return;
    outlet.end_answers();
    outlet.end();
  }

  std::shared_ptr<Shared> shared_;
  State state_ = State::passing;
  std::uint64_t exchange_ = 0;  // looked at last
  Front front_;
  Request request_;  // claimed last, with the rule of that time
  std::shared_ptr<const HttpRule> rule_;
  std::string copy_;    // of it, where the server is given it twice
  bool waits_ = false;  // nothing goes on any more
};

}  // namespace

std::unique_ptr<Fault> upstream_half(std::shared_ptr<Shared> shared) {
  return std::make_unique<UpstreamHalf>(std::move(shared));
}

}  // namespace faultline::http
