#pragma once

// The half on the link to the client: it alters the responses that its twin planned to. What it
// does with the response at hand:
//
//   passing ─▶ collecting ─▶ passing                      not ours after all
//                  ├───────▶ skipping ─▶ passing          one that nobody gets
//                  ├───────▶ replacing ─▶ passing | cut   a reply stands in for it
//                  ├───────▶ rewriting ─▶ passing        its header block is another
//                  ├───────▶ trickling ─▶ passing         it goes on slowly
//                  └───────▶ shaping ─▶ holding ─▶ passing     its front goes on, the rest later
//                               └─────▶ cut                    … or not at all
//
// What becomes of a response is decided in downstream_half.cc; downstream_acts.cc does it.

#include "faults/http/chunked.h"
#include "faults/http/halves.h"

namespace faultline::http {

class DownstreamHalf final : public Fault {
 public:
  explicit DownstreamHalf(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}

  std::unique_ptr<Fault> fresh() const override;
  void update(const Fault& configured) override;
  void chunk(const Moment& moment, const Chunk& chunk, Outlet& outlet) override;
  void end(const Moment& moment, Outlet& outlet) override;
  void timer(const Moment& moment, Outlet& outlet) override;
  void disarmed(const Moment& moment, Outlet& outlet) override;

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

  // Deciding.
  void begin(const Label& label);
  void unlabelled(const Chunk& chunk, Outlet& outlet);
  void look(const Moment& moment, const Chunk& chunk, Outlet& outlet);
  void wait_for_more(Outlet& outlet);
  void offer_again(Outlet& outlet);
  void give_up();
  // The beginning of a response: its header block is of that length.
  struct Beginning {
    ByteView bytes;
    std::size_t length;
  };
  void decide(const Moment& moment, const Label& label, const Beginning& front, Outlet& outlet);
  bool remake(const Moment& moment, const Label& label, const Beginning& front);
  void choose(std::uint16_t status, bool keeps_alive);
  void shape_response(const Head& head, std::size_t length);

  // Acting.
  void act(const Moment& moment, const Chunk& chunk, Outlet& outlet);
  void skip(const Chunk& chunk);
  void note(const Moment& moment, const Chunk& chunk);
  void replace(const Chunk& chunk, Outlet& outlet);
  void finish_reply(Outlet& outlet);
  void rewrite(const Chunk& chunk, Outlet& outlet);
  std::string with_new_front(ByteView& bytes);
  void cut(const Moment& moment, const Chunk& chunk, Outlet& outlet);
  void cut_undeclared(const Chunk& chunk, Outlet& outlet);
  void end_cut(Outlet& outlet, std::string_view code);
  void hold(const Moment& moment, const Chunk& chunk, std::size_t part, Outlet& outlet);
  void wait(const Moment& moment, const Chunk& chunk, Outlet& outlet);
  void trickle(const Moment& moment, Outlet& outlet);
  Duration per_byte() const;
  void go_on();
  void tell(Outlet& outlet, std::string_view code);

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
  bool skips_spare_ = false;  // what is skipped is a final response

  // Of the response at hand, where the rule notes those that it does not alter.
  std::optional<Plan> noting_;
  std::string noted_;
};

}  // namespace faultline::http
