#include "faults/http/downstream_half.h"

#include <charconv>

namespace faultline::http {
namespace {

// A length that is none is beyond every bound.
std::uint64_t declared_length(const Head& head) {
  const std::string_view text = head.field("Content-Length").value_or("");
  std::uint64_t length = Shape::all;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), length);
  return read.ec == std::errc() ? length : Shape::all;
}

// Whether a response that is to be made anew is worth waiting for. One whose end only the end of
// the connection tells may go on for ever.
bool may_be_remade(const Plan& plan, const Head& head, std::size_t body_so_far) {
  if (!plan.rule->remakes() || plan.request.is_head() || head.field("Content-Encoding"))
    return false;
  const bool bounded = head.chunked() || declared_length(head) <= most_body_prefix;
  return bounded && body_so_far <= most_body_prefix && head.status() >= 200 &&
         plan.rule->aim().takes_status(head.status());
}

}  // namespace

std::unique_ptr<Fault> downstream_half(std::shared_ptr<Shared> shared) {
  return std::make_unique<DownstreamHalf>(std::move(shared));
}

std::unique_ptr<Fault> DownstreamHalf::fresh() const {
  return downstream_half(std::make_shared<Shared>(shared_->rule));
}

// What waits is offered again: a response that is still collected is looked at anew, and what is
// held or trickles is counted anew.
void DownstreamHalf::update(const Fault& configured) {
  shared_->rule = rule_of(configured);
  own_ = 0;
  complete_ = false;
  if (state_ == State::collecting) state_ = State::passing;
  front_.clear();
  deferred_ = 0;
}

void DownstreamHalf::chunk(const Moment& moment, const Chunk& chunk, Outlet& outlet) {
  if (offered_again_ > 0) {
    --offered_again_;
    return act(moment, chunk, outlet);
  }
  if (state_ == State::holding || state_ == State::trickling) return wait(moment, chunk, outlet);
  if (chunk.label.exchange == 0) return unlabelled(chunk, outlet);
  if (chunk.label.first && state_ != State::cut) begin(chunk.label);
  if (state_ == State::collecting) return look(moment, chunk, outlet);
  act(moment, chunk, outlet);
}

void DownstreamHalf::end(const Moment&, Outlet& outlet) {
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

void DownstreamHalf::timer(const Moment& moment, Outlet& outlet) {
  if (state_ == State::trickling) return trickle(moment, outlet);
  if (state_ != State::holding || until_ == never) return;
  if (moment.now < until_) return outlet.wake_at(until_);
  go_on();
  outlet.reconsider();
}

// What was cut off must not be followed by more, and a response that nobody asked for must not
// come.
void DownstreamHalf::disarmed(const Moment&, Outlet& outlet) {
  const bool hole = state_ == State::replacing || state_ == State::skipping ||
                    (state_ == State::rewriting && head_left_ > 0);
  if (shared_->muted || hole || shared_->spares > 0) {
    tell(outlet, "");
    outlet.reset();
  }
  shared_->hanging = false;
}

void DownstreamHalf::begin(const Label& label) {
  std::deque<Plan>& plans = shared_->plans;
  while (!plans.empty() && plans.front().request.exchange < label.exchange) plans.pop_front();
  const bool planned = !plans.empty() && plans.front().request.exchange == label.exchange;
  state_ = planned && !plans.front().only_noted ? State::collecting : State::passing;
  noted_.clear();
  noting_ =
      planned && plans.front().rule->notes() ? std::optional<Plan>(plans.front()) : std::nullopt;
  if (plan_.request.exchange != label.exchange) tells_ = false;
  front_.clear();
  deferred_ = 0;
}

// Between messages, or of a connection that stopped making sense.
void DownstreamHalf::unlabelled(const Chunk& chunk, Outlet& outlet) {
  const bool blank = chunk.bytes.find_first_not_of("\r\n") == chunk.bytes.npos;
  if (state_ == State::replacing || state_ == State::skipping || (shared_->spares > 0 && !blank))
    return outlet.reset();
  if (state_ == State::cut) return;
  if (state_ == State::collecting) give_up();
  if (deferred_ == 0) return outlet.pass();
  wait_for_more(outlet);
  offer_again(outlet);
}

void DownstreamHalf::wait_for_more(Outlet& outlet) {
  ++deferred_;
  outlet.defer();
}

void DownstreamHalf::look(const Moment& moment, const Chunk& chunk, Outlet& outlet) {
  const Plan& planned = shared_->plans.front();
  const ByteView bytes = front_.with(chunk.bytes);
  const std::size_t length = Head::length(bytes);
  const Head head(bytes.substr(0, length == 0 ? bytes.npos : length));
  code_ = std::to_string(head.status());
  const bool more = length == 0 || (length <= most_head && !chunk.label.last &&
                                    may_be_remade(planned, head, bytes.size() - length));
  if (more && front_.keep(chunk.bytes)) return wait_for_more(outlet);
  if (length != 0 && length <= most_head) {
    decide(moment, chunk.label, {bytes, length}, outlet);
  } else if (planned.rule->repeats()) {
    choose(head.status(), true);
  } else {
    give_up();
  }
  if (deferred_ == 0) return act(moment, chunk, outlet);
  wait_for_more(outlet);
  offer_again(outlet);
}

// The pieces that were deferred come again, to be acted on.
void DownstreamHalf::offer_again(Outlet& outlet) {
  offered_again_ = deferred_;
  deferred_ = 0;
  front_.clear();
  outlet.reconsider();
}

// It passes as it is; if it was claimed, its client is told what it says.
void DownstreamHalf::give_up() {
  plan_ = shared_->plans.front();
  shared_->plans.pop_front();
  tells_ = plan_.claimed;
  state_ = State::passing;
}

void DownstreamHalf::decide(const Moment& moment, const Label& label, const Beginning& front,
                            Outlet& outlet) {
  const Plan& planned = shared_->plans.front();
  const Head head(front.bytes.substr(0, front.length));
  shape_ = planned.rule->shape();
  const std::uint16_t status = head.status();
  if (planned.rule->repeats()) return choose(status, head.keeps_alive());
  if (status < 200 && status != 101) {
    state_ = shape_.interim ? State::passing : State::skipping;
    return;
  }
  give_up();
  if (status == 101 || !plan_.rule->aim().takes_status(status)) return;
  reply_.reset();
  if (plan_.rule->remakes() && !remake(moment, label, front)) return;
  if (!plan_.claimed && (label.claimed || !outlet.claim(label.exchange))) return;
  tells_ = true;
  noting_.reset();
  if (!reply_) reply_ = plan_.rule->reply(plan_.request, moment);
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
    head_left_ = front.length;
    new_front_ = std::move(*block);
  } else if (!shape_.headers || shape_.body != Shape::all) {
    shape_response(head, front.length);
  }
}

// False: it is none that the rule is for.
bool DownstreamHalf::remake(const Moment& moment, const Label& label, const Beginning& front) {
  const Head head(front.bytes.substr(0, front.length));
  const ByteView body = front.bytes.substr(front.length);
  if (!label.last || !may_be_remade(plan_, head, body.size())) return false;
  if (auto bytes = plan_.rule->remake(head, body, moment))
    reply_ = Reply{std::move(*bytes), code_, Ending::keep};
  return reply_.has_value();
}

// Of a request that the server was given twice: whether this response is the client's. Behind one
// that closes the connection no second will come.
void DownstreamHalf::choose(std::uint16_t status, bool keeps_alive) {
  Plan& planned = shared_->plans.front();
  const bool first = planned.rule->repeats() == Which::first || !keeps_alive;
  const bool its = !planned.given && (first || planned.heard);
  const bool interim = status < 200;
  state_ = its ? State::passing : State::skipping;
  skips_spare_ = !its && !interim;
  plan_ = planned;
  tells_ = its && !interim;
  if (interim) return;
  planned.given = planned.given || its;
  if (std::exchange(planned.heard, true)) shared_->plans.pop_front();
}

void DownstreamHalf::shape_response(const Head& head, std::size_t length) {
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

}  // namespace faultline::http
