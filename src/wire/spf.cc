#include "wire/spf.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <expected>
#include <optional>
#include <utility>
#include <vector>

#include "base/text.h"
#include "wire/url.h"

namespace tidings::wire {

namespace {

constexpr int kTermsMax = 10;
constexpr int kEmptyAnswersMax = 2;
constexpr std::size_t kHostsMax = 10;
constexpr std::size_t kRecordMax = 4096;
constexpr std::size_t kNameMax = 253;

struct Term {
  char qualifier = '+';
  std::string_view name;   // lower or upper case, as written
  std::string_view value;  // behind ':' or '='; of `a/24` the part from '/'
  bool is_modifier = false;
  std::string_view text;
};

SpfResult result_of(char qualifier) {
  switch (qualifier) {
    case '-':
      return SpfResult::fail;
    case '~':
      return SpfResult::softfail;
    case '?':
      return SpfResult::neutral;
    default:
      return SpfResult::pass;
  }
}

bool is_same(std::string_view a, std::string_view b) { return lower(a) == lower(b); }

std::optional<Term> parse_term(std::string_view text) {
  Term term;
  term.text = text;
  std::size_t at = 0;
  if (std::string_view("+-~?").contains(text[0])) {
    term.qualifier = text[0];
    at = 1;
  }
  const std::size_t end = text.find_first_of(":=/", at);
  term.name = text.substr(at, end == std::string_view::npos ? end : end - at);
  if (term.name.empty()) return std::nullopt;
  if (end == std::string_view::npos) return term;
  term.is_modifier = text[end] == '=';
  if (term.is_modifier && at == 1) return std::nullopt;
  term.value = text.substr(text[end] == '/' ? end : end + 1);
  if (text[end] == ':' && term.value.empty()) return std::nullopt;
  return term;
}

std::optional<int> number(std::string_view text, int most) {
  int value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || read.ec != std::errc() || read.ptr != text.data() + text.size() ||
      value < 0 || value > most || (text.size() > 1 && text.front() == '0')) {
    return std::nullopt;
  }
  return value;
}

// `DOMAIN/24//64`: each part may be absent.
struct Scope {
  std::string_view domain;
  int bits4 = 32;
  int bits6 = 128;
};

std::optional<Scope> parse_scope(std::string_view value) {
  Scope scope;
  // A '/' inside of %{…} is a delimiter of a macro.
  std::size_t slash = value.rfind('}');
  slash = value.find('/', slash == std::string_view::npos ? 0 : slash);
  scope.domain = value.substr(0, slash);
  if (slash == std::string_view::npos) return scope;
  std::string_view bits = value.substr(slash);
  if (const std::size_t both = bits.find("//"); both != std::string_view::npos) {
    const auto six = number(bits.substr(both + 2), 128);
    if (!six) return std::nullopt;
    scope.bits6 = *six;
    bits = bits.substr(0, both);
  }
  if (bits.empty()) return scope;
  const auto four = number(bits.substr(1), 32);
  if (!four) return std::nullopt;
  scope.bits4 = *four;
  return scope;
}

// Whether a mechanism is one, before anything of the record is followed (§4.6).
bool is_legal(const Term& term) {
  const std::string name = lower(term.name);
  if (name == "all") return term.value.empty();
  if (name == "ip4" || name == "ip6") {
    return IpNetwork::parse(term.value) && term.value.contains(':') == (name == "ip6");
  }
  if (name == "include" || name == "exists") return !term.value.empty();
  return name == "ptr" || ((name == "a" || name == "mx") && parse_scope(term.value));
}

class Evaluation {
 public:
  Evaluation(const SpfQuestion& question, DnsAnswers& dns) : question_(question), dns_(dns) {}

  SpfAnswer check(const std::string& domain, int depth);

 private:
  struct Failed {
    SpfResult result;
    std::string why;
  };
  template <typename T>
  using Or = std::expected<T, Failed>;

  static std::unexpected<Failed> permanent(std::string why) {
    return std::unexpected(Failed{SpfResult::permerror, std::move(why)});
  }
  static std::unexpected<Failed> temporary(std::string_view name) {
    return std::unexpected(
        Failed{SpfResult::temperror, "DNS gives no answer for " + std::string(name)});
  }

  Or<std::optional<std::string>> record_of(const std::string& domain);
  Or<SpfAnswer> evaluate(const std::string& domain, int depth);
  Or<SpfAnswer> follow(const std::string& domain, std::string_view record, int depth);
  Or<bool> matches(const Term& term, const std::string& domain, int depth);
  Or<bool> includes(const std::string& target, int depth);
  Or<bool> address_matches(std::string_view name, const Scope& scope);
  Or<bool> mx_matches(const std::string& name, const Scope& scope);
  Or<bool> ptr_matches(const std::string& name);
  Or<bool> exists(const std::string& name);
  Or<void> count_term();
  template <typename Record>
  Or<std::vector<Record>> found(DnsAnswer<Record> answer, std::string_view name);

  Or<std::string> expand(std::string_view text, const std::string& domain) const;
  Or<std::string> target_of(std::string_view text, const std::string& domain) const;
  std::optional<std::string> macro_value(char letter, const std::string& domain) const;
  Or<std::string> macro(std::string_view inside, const std::string& domain) const;
  bool is_client(const IpAddress& address, const Scope& scope) const;

  const SpfQuestion& question_;
  DnsAnswers& dns_;
  int terms_ = 0;
  int empty_answers_ = 0;
};

Evaluation::Or<void> Evaluation::count_term() {
  if (++terms_ > kTermsMax) return permanent("more than 10 of its terms ask DNS");
  return {};
}

// An empty answer is one more of the few there may be (§4.6.4).
template <typename Record>
Evaluation::Or<std::vector<Record>> Evaluation::found(DnsAnswer<Record> answer,
                                                      std::string_view name) {
  if (answer.status == DnsAnswerStatus::failed) return temporary(name);
  if (answer.records.empty() && ++empty_answers_ > kEmptyAnswersMax) {
    return permanent("more than 2 of its terms name something that is not in DNS");
  }
  return std::move(answer.records);
}

Evaluation::Or<std::optional<std::string>> Evaluation::record_of(const std::string& domain) {
  auto answer = dns_.txt(domain);
  if (answer.status == DnsAnswerStatus::failed) return temporary(domain);
  std::optional<std::string> record;
  for (std::string& text : answer.records) {
    const std::string_view head = std::string_view(text).substr(0, 7);
    if (!is_same(head.substr(0, 6), "v=spf1") || (head.size() > 6 && head[6] != ' ')) continue;
    if (record) return permanent("there are several SPF records at " + domain);
    if (text.size() > kRecordMax) return permanent("the SPF record is too long");
    record = std::move(text);
  }
  return record;
}

bool Evaluation::is_client(const IpAddress& address, const Scope& scope) const {
  if (address.is_v6() != question_.client.is_v6()) return false;
  const auto network = IpNetwork::parse(
      address.text() + "/" + std::to_string(address.is_v6() ? scope.bits6 : scope.bits4));
  return network && network->contains(question_.client);
}

// §7.2. The value of a macro letter; nothing for one there is not.
std::optional<std::string> Evaluation::macro_value(char letter, const std::string& domain) const {
  switch (letter) {
    case 's':
      return question_.local_part + "@" + question_.domain;
    case 'l':
      return question_.local_part;
    case 'o':
      return question_.domain;
    case 'd':
      return domain;
    case 'h':
      return question_.hello;
    case 'v':
      return std::string(question_.client.is_v6() ? "ip6" : "in-addr");
    case 'p':
      return std::string("unknown");
    case 'i': {
      if (!question_.client.is_v6()) return question_.client.text();
      // Nibbles with dots, in their order.
      std::string name = question_.client.reverse_name();
      name.resize(63);
      std::ranges::reverse(name);
      return name;
    }
    default:
      return std::nullopt;
  }
}

// What stands between %{ and }: a letter, how many parts, reversed or not, delimiters.
Evaluation::Or<std::string> Evaluation::macro(std::string_view inside,
                                              const std::string& domain) const {
  const auto wrong = [&] {
    return permanent("it has a macro that is none: %{" + std::string(inside) + "}");
  };
  if (inside.empty()) return wrong();
  const bool is_escaped = inside[0] >= 'A' && inside[0] <= 'Z';
  const auto value = macro_value(lower(inside[0]), domain);
  if (!value) return wrong();
  inside.remove_prefix(1);
  const std::size_t digits = std::min(inside.find_first_not_of("0123456789"), inside.size());
  std::size_t keep = SIZE_MAX;
  if (digits > 0) {
    const auto count = number(inside.substr(0, digits), 128);
    if (!count || *count == 0) return wrong();
    keep = static_cast<std::size_t>(*count);
    inside.remove_prefix(digits);
  }
  const bool is_reversed = !inside.empty() && lower(inside[0]) == 'r';
  if (is_reversed) inside.remove_prefix(1);
  if (inside.find_first_not_of(".-+,/_=") != std::string_view::npos) return wrong();
  const std::string_view delimiters = inside.empty() ? std::string_view(".") : inside;
  std::vector<std::string> parts(1);
  for (const char c : *value) {
    if (delimiters.contains(c)) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  if (is_reversed) std::ranges::reverse(parts);
  std::string out;
  for (std::size_t i = parts.size() - std::min(keep, parts.size()); i < parts.size(); ++i) {
    if (!out.empty()) out += '.';
    out += parts[i];
  }
  return is_escaped ? percent_encode(out) : out;
}

Evaluation::Or<std::string> Evaluation::expand(std::string_view text,
                                               const std::string& domain) const {
  std::string out;
  while (!text.empty()) {
    if (text[0] != '%') {
      out += text[0];
      text.remove_prefix(1);
      continue;
    }
    const char next = text.size() > 1 ? text[1] : '\0';
    if (next == '%' || next == '_' || next == '-') {
      out += next == '%' ? "%" : next == '_' ? " " : "%20";
      text.remove_prefix(2);
      continue;
    }
    const std::size_t end = text.find('}');
    if (next != '{' || end == std::string_view::npos) {
      return permanent("it has a % that begins no macro");
    }
    auto value = macro(text.substr(2, end - 2), domain);
    if (!value) return value;
    out += *value;
    text.remove_prefix(end + 1);
  }
  return out;
}

// A domain-spec, or the current domain where there is none. Too long: labels go on the left (§7.3).
Evaluation::Or<std::string> Evaluation::target_of(std::string_view text,
                                                  const std::string& domain) const {
  if (text.empty()) return domain;
  auto expanded = expand(text, domain);
  if (!expanded) return expanded;
  std::string name = lower(*expanded);
  if (name.ends_with('.')) name.pop_back();
  while (name.size() > kNameMax && name.contains('.')) name.erase(0, name.find('.') + 1);
  return name;
}

Evaluation::Or<bool> Evaluation::address_matches(std::string_view name, const Scope& scope) {
  if (!is_dns_name(name)) return false;
  const auto addresses = found(question_.client.is_v6() ? dns_.aaaa(name) : dns_.a(name), name);
  if (!addresses) return std::unexpected(addresses.error());
  return std::ranges::any_of(*addresses,
                             [&](const IpAddress& one) { return is_client(one, scope); });
}

Evaluation::Or<bool> Evaluation::mx_matches(const std::string& name, const Scope& scope) {
  if (!is_dns_name(name)) return false;
  auto hosts = found(dns_.mx(name), name);
  if (!hosts) return std::unexpected(hosts.error());
  if (hosts->size() > kHostsMax)
    return permanent("mx names a domain with more than 10 mail servers");
  for (const MxRecord& host : *hosts) {
    if (host.exchange.empty()) continue;
    const auto matched = address_matches(host.exchange, scope);
    if (!matched || *matched) return matched;
  }
  return false;
}

// §5.5: names of the client that lead back to it, at or below `name`. What DNS does not answer does
// not match.
Evaluation::Or<bool> Evaluation::ptr_matches(const std::string& name) {
  auto names = dns_.ptr(question_.client);
  if (names.records.size() > kHostsMax) names.records.resize(kHostsMax);
  for (const std::string& host : names.records) {
    if (!is_same(host, name) && !lower(host).ends_with("." + name)) continue;
    if (!is_dns_name(host)) continue;
    const auto addresses = question_.client.is_v6() ? dns_.aaaa(host) : dns_.a(host);
    if (std::ranges::find(addresses.records, question_.client) != addresses.records.end())
      return true;
  }
  return false;
}

Evaluation::Or<bool> Evaluation::exists(const std::string& name) {
  if (!is_dns_name(name)) return false;
  const auto addresses = found(dns_.a(name), name);
  if (!addresses) return std::unexpected(addresses.error());
  return !addresses->empty();
}

// §5.2, the table.
Evaluation::Or<bool> Evaluation::includes(const std::string& target, int depth) {
  auto answer = evaluate(target, depth + 1);
  if (!answer) return std::unexpected(answer.error());
  if (answer->result == SpfResult::none) return permanent("there is no SPF record at " + target);
  return answer->result == SpfResult::pass;
}

// `term` is legal.
Evaluation::Or<bool> Evaluation::matches(const Term& term, const std::string& domain, int depth) {
  const std::string name = lower(term.name);
  if (name == "all") return true;
  if (name == "ip4" || name == "ip6")
    return IpNetwork::parse(term.value)->contains(question_.client);
  const bool has_scope = name == "a" || name == "mx";
  const Scope scope = has_scope ? *parse_scope(term.value) : Scope{.domain = term.value};
  if (auto counted = count_term(); !counted) return std::unexpected(counted.error());
  const auto target = target_of(scope.domain, domain);
  if (!target) return std::unexpected(target.error());
  if (name == "include") return includes(*target, depth);
  if (name == "exists") return exists(*target);
  if (name == "ptr") return ptr_matches(*target);
  return name == "a" ? address_matches(*target, scope) : mx_matches(*target, scope);
}

Evaluation::Or<SpfAnswer> Evaluation::follow(const std::string& domain, std::string_view record,
                                             int depth) {
  std::vector<Term> terms;
  std::optional<std::string_view> redirect;
  std::string_view rest = record.substr(6);
  while (!(rest = trimmed(rest, " ")).empty()) {
    const std::string_view word = rest.substr(0, rest.find(' '));
    rest.remove_prefix(word.size());
    const auto term = parse_term(word);
    if (!term || (!term->is_modifier && !is_legal(*term))) {
      return permanent("it has a term that is none: " + std::string(word));
    }
    if (!term->is_modifier) {
      terms.push_back(*term);
    } else if (is_same(term->name, "redirect")) {
      if (redirect || term->value.empty()) return permanent("it has redirect= twice, or empty");
      redirect = term->value;
    }
  }
  for (const Term& term : terms) {
    const auto matched = matches(term, domain, depth);
    if (!matched) return std::unexpected(matched.error());
    if (*matched) return SpfAnswer{result_of(term.qualifier), std::string(term.text), ""};
  }
  if (!redirect) return SpfAnswer{SpfResult::neutral, "", ""};
  if (auto counted = count_term(); !counted) return std::unexpected(counted.error());
  const auto target = target_of(*redirect, domain);
  if (!target) return std::unexpected(target.error());
  auto answer = evaluate(*target, depth + 1);
  if (answer && answer->result == SpfResult::none) {
    return permanent("there is no SPF record at " + *target);
  }
  return answer;
}

Evaluation::Or<SpfAnswer> Evaluation::evaluate(const std::string& domain, int depth) {
  if (depth > kTermsMax) return permanent("its includes go round in a circle");
  if (!is_dns_name(domain)) return SpfAnswer{};
  const auto record = record_of(domain);
  if (!record) return std::unexpected(record.error());
  if (!*record) return SpfAnswer{};
  return follow(domain, **record, depth);
}

SpfAnswer Evaluation::check(const std::string& domain, int depth) {
  auto answer = evaluate(domain, depth);
  if (answer) return *std::move(answer);
  return {answer.error().result, "", std::move(answer.error().why)};
}

}  // namespace

std::string_view to_string(SpfResult result) {
  constexpr std::array<std::string_view, 7> kWords = {"none",     "neutral",   "pass",     "fail",
                                                      "softfail", "temperror", "permerror"};
  return kWords[static_cast<std::size_t>(result)];
}

SpfAnswer check_spf(const SpfQuestion& question, DnsAnswers& dns) {
  return Evaluation(question, dns).check(lower(question.domain), 0);
}

}  // namespace tidings::wire
