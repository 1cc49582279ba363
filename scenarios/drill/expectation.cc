// The grammar, blanks allowed between its parts:
//
//   expectation = measure [ "(" argument { "," argument } ")" ] comparison value
//   measure     = letter { letter | digit | "." | "_" }
//   argument    = one or more of anything but "(" ")" "," and blanks
//   comparison  = "<" | "<=" | "==" | "!=" | ">=" | ">"
//   value       = number | number "%" | duration        12   0.005   0.5%   1s   1m30s

#include "scenarios/drill/expectation.h"

#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <utility>

namespace faultline {
namespace {

constexpr std::string_view like = "write one like \"detection(outage) < 1s\"";

struct Symbol {
  std::string_view text;
  Comparison comparison;
};

// Two characters before one: the first that fits is the longest.
constexpr std::array<Symbol, 6> symbols = {{{"<=", Comparison::at_most},
                                            {"==", Comparison::equal},
                                            {"!=", Comparison::not_equal},
                                            {">=", Comparison::at_least},
                                            {"<", Comparison::less},
                                            {">", Comparison::greater}}};

struct Mistake {
  std::string_view text;
  std::string_view meant;
};
constexpr std::array<Mistake, 6> mistakes = {
    {{"=<", "<="}, {"=>", ">="}, {"<>", "!="}, {"≤", "<="}, {"≥", ">="}, {"=", "=="}}};

bool is_blank(char c) { return c == ' ' || c == '\t'; }

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

class Parser {
 public:
  Parser(std::string_view text, std::string where) : rest_(trimmed(text)) {
    out_.text = rest_;
    out_.where = std::move(where);
  }

  Result<Expectation> run() {
    for (const auto step :
         {&Parser::measure, &Parser::arguments, &Parser::comparison, &Parser::value})
      if (auto done = (this->*step)(); !done) return std::unexpected(done.error());
    return std::move(out_);
  }

 private:
  std::unexpected<Error> wrong(const std::string& what) const {
    return error(out_.where, quoted(out_.text) + ": " + what);
  }

  Result<void> measure() {
    std::size_t n = 0;
    while (n < rest_.size() && (std::isalnum(static_cast<unsigned char>(rest_[n])) ||
                                rest_[n] == '.' || rest_[n] == '_'))
      ++n;
    if (n == 0 || !std::isalpha(static_cast<unsigned char>(rest_[0])))
      return wrong("begins with no measure; " + std::string(like));
    out_.measure = rest_.substr(0, n);
    rest_ = trimmed(rest_.substr(n));
    return {};
  }

  Result<void> arguments() {
    if (!rest_.starts_with('(')) return {};
    const std::size_t close = rest_.find(')');
    if (close == std::string_view::npos)
      return wrong("the parenthesis is never closed; " + std::string(like));
    std::string_view list = rest_.substr(1, close - 1);
    rest_ = trimmed(rest_.substr(close + 1));
    if (trimmed(list).empty())
      return wrong("nothing stands between the parentheses; leave them out, or name what is meant");
    while (true) {
      const std::size_t comma = list.find(',');
      const std::string_view argument = trimmed(list.substr(0, comma));
      if (argument.empty()) return wrong("an argument is empty; " + std::string(like));
      if (argument.find_first_of("( \t") != std::string_view::npos)
        return wrong(quoted(argument) + " is not one argument; put a comma between two");
      out_.arguments.emplace_back(argument);
      if (comma == std::string_view::npos) return {};
      list.remove_prefix(comma + 1);
    }
  }

  Result<void> comparison() {
    for (const Mistake& mistake : mistakes)
      if (rest_.starts_with(mistake.text) && !rest_.starts_with("=="))
        return wrong(quoted(mistake.text) + " is no comparison; did you mean " +
                     quoted(mistake.meant) + "?");
    for (const Symbol& symbol : symbols) {
      if (!rest_.starts_with(symbol.text)) continue;
      out_.comparison = symbol.comparison;
      rest_ = trimmed(rest_.substr(symbol.text.size()));
      return {};
    }
    if (rest_.empty()) return wrong("compares with nothing; add one such as \"< 1s\" or \"== 0\"");
    return wrong("found " + quoted(rest_) +
                 " where a comparison belongs; known: <, <=, ==, !=, >=, >");
  }

  Result<void> value() {
    if (rest_.empty()) return wrong("has no value; add one such as 1s, 10 or 0.5%");
    if (rest_.find_first_of(" \t<>=!&|") != std::string_view::npos)
      return wrong(quoted(rest_) + " is more than one value; an expectation is one comparison");
    const char* const last = rest_.data() + rest_.size();
    double number = 0;
    const auto [end, problem] =
        std::from_chars(rest_.data(), last, number, std::chars_format::fixed);
    if (problem != std::errc() || !std::isfinite(number) || std::signbit(number))
      return wrong(quoted(rest_) + " is no value; write one like 1s, 10 or 0.5%");
    const std::string_view unit(end, static_cast<std::size_t>(last - end));
    if (unit == "%") return share(number / 100);
    if (!unit.empty()) return duration();
    // "0.005" can only be a share; whole numbers count.
    if (number < 1 && rest_.find('.') != std::string_view::npos) return share(number);
    out_.value = number;
    out_.unit = Unit::count;
    return {};
  }

  Result<void> share(double value) {
    if (value > 1) return wrong(quoted(rest_) + " is more than the whole; write 0% to 100%");
    out_.value = value;
    out_.unit = Unit::ratio;
    return {};
  }

  Result<void> duration() {
    const Result<Duration> duration = duration_from(rest_);
    if (!duration) return wrong(duration.error().what);
    out_.value = seconds(*duration);
    out_.unit = Unit::duration;
    return {};
  }

  std::string_view rest_;
  Expectation out_;
};

}  // namespace

std::string_view symbol(Comparison comparison) {
  for (const auto& [sign, which] : symbols)
    if (which == comparison) return sign;
  return "?";
}

std::string Expectation::call() const {
  std::string called = measure;
  for (std::size_t i = 0; i < arguments.size(); ++i) called += (i == 0 ? "(" : ", ") + arguments[i];
  return arguments.empty() ? called : called + ")";
}

Result<Expectation> expectation_from(std::string_view text, std::string where) {
  return Parser(text, std::move(where)).run();
}

}  // namespace faultline
