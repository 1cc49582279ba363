// The two halves of it on a connection. Each does the same to the message at hand:
//
//   passing ─▶ collecting its header block ─▶ rewriting that ─▶ passing

#include <algorithm>
#include <deque>

#include "faults/http/halves.h"
#include "faults/http/host_rewrite.h"

namespace faultline::http {
namespace {

// What the client called the proxy in each request that is not answered yet.
struct Names {
  struct Name {
    std::uint64_t exchange = 0;
    std::string host;
  };

  explicit Names(HostRewrite to) : rewrite(std::move(to)) {}

  const HostRewrite rewrite;
  std::deque<Name> asked;
};

class Rewriting : public Fault {
 public:
  explicit Rewriting(std::shared_ptr<Names> names) : names_(std::move(names)) {}

  void update(const Fault&) override {}

  void chunk(const Moment&, const Chunk& chunk, Outlet& outlet) override {
    if (offered_again_ > 0) {
      --offered_again_;
      return act(chunk, outlet);
    }
    if (chunk.label.exchange == 0) return pass(outlet);
    if (chunk.label.first) {
      collecting_ = true;
      head_left_ = 0;
    }
    if (collecting_) return look(chunk, outlet);
    act(chunk, outlet);
  }

  void end(const Moment&, Outlet& outlet) override {
    collecting_ = false;
    if (deferred_ == 0) return outlet.pass();
    outlet.defer();
    offer_again(outlet);
  }

 protected:
  virtual std::string rewritten(ByteView block, std::uint64_t exchange) = 0;
  Names& names() { return *names_; }

 private:
  // A connection that stopped making sense, perhaps within a header block.
  void pass(Outlet& outlet) {
    collecting_ = false;
    if (deferred_ == 0) return outlet.pass();
    defer(outlet);
    offer_again(outlet);
  }

  void look(const Chunk& chunk, Outlet& outlet) {
    const ByteView front = front_.with(chunk.bytes);
    const std::size_t length = Head::length(front);
    if (length == 0 && !chunk.label.last && front_.keep(chunk.bytes)) return defer(outlet);
    collecting_ = false;
    if (length > 0) {
      const ByteView block = front.substr(0, length);
      new_head_ = rewritten(block, chunk.label.exchange);
      if (new_head_ != block) head_left_ = length;
    }
    if (deferred_ == 0) {
      front_.clear();
      return act(chunk, outlet);
    }
    defer(outlet);
    offer_again(outlet);
  }

  void defer(Outlet& outlet) {
    ++deferred_;
    outlet.defer();
  }

  // The pieces that were deferred come again, to be acted on.
  void offer_again(Outlet& outlet) {
    offered_again_ = deferred_;
    deferred_ = 0;
    front_.clear();
    outlet.reconsider();
  }

  // The new header block goes on in the place of the old one: some of it with the first piece and
  // some with the last, because faults behind this know a message by its first and its last piece.
  void act(const Chunk& chunk, Outlet& outlet) {
    if (head_left_ == 0) return outlet.pass();
    const std::size_t old = std::min(head_left_, chunk.bytes.size());
    head_left_ -= old;
    const std::size_t most = new_head_.size() - (head_left_ > 0 ? 1 : 0);
    const std::size_t part = head_left_ > 0 ? std::min(old, most) : most;
    std::string text = new_head_.substr(0, part);
    new_head_.erase(0, part);
    text.append(chunk.bytes.substr(old));
    if (!text.empty()) outlet.replace(text);
  }

  std::shared_ptr<Names> names_;
  bool collecting_ = false;
  Front front_;
  std::size_t deferred_ = 0;       // pieces that wait for the rest of the header block
  std::size_t offered_again_ = 0;  // … and are to be acted on
  std::size_t head_left_ = 0;      // bytes of the old header block that are still to come
  std::string new_head_;
};

class ToServer final : public Rewriting {
 public:
  using Rewriting::Rewriting;
  std::unique_ptr<Fault> fresh() const override { return nullptr; }  // it has a twin

 protected:
  std::string rewritten(ByteView block, std::uint64_t exchange) override {
    std::string host;
    std::string head = names().rewrite.request(block, host);
    names().asked.push_back({exchange, std::move(host)});
    return head;
  }
};

// An interim response is followed by another of the same exchange.
class ToClient final : public Rewriting {
 public:
  using Rewriting::Rewriting;
  std::unique_ptr<Fault> fresh() const override { return nullptr; }

 protected:
  std::string rewritten(ByteView block, std::uint64_t exchange) override {
    std::deque<Names::Name>& asked = names().asked;
    while (!asked.empty() && asked.front().exchange < exchange) asked.pop_front();
    const bool known = !asked.empty() && asked.front().exchange == exchange;
    return names().rewrite.response(block, known ? asked.front().host : "");
  }
};

class Prototype final : public Fault {
 public:
  explicit Prototype(HostRewrite rewrite) : rewrite_(std::move(rewrite)) {}

  std::unique_ptr<Fault> fresh() const override { return fresh_halves().upstream; }
  Halves fresh_halves() const override {
    const auto names = std::make_shared<Names>(rewrite_);
    return {std::make_unique<ToServer>(names), std::make_unique<ToClient>(names)};
  }
  void update(const Fault&) override {}

 private:
  const HostRewrite rewrite_;
};

}  // namespace

std::unique_ptr<Fault> host_rewriter(HostRewrite rewrite) {
  return std::make_unique<Prototype>(std::move(rewrite));
}

}  // namespace faultline::http
