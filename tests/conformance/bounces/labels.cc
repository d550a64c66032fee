#include "labels.h"

#include <algorithm>
#include <boost/json.hpp>
#include <fstream>
#include <iterator>
#include <map>
#include <string_view>

#include "base/json_text.h"

namespace tidings::feedback::conformance {
namespace {

namespace json = boost::json;
using enum BounceReason;

// The written mapping of R20. crisp tells three things besides the codes: a kind of trouble,
// whether it is permanent, and two marks (blocked, spam). Its "permanent" only says that the
// server's code was final: a full mailbox and a refusal for spam are that, too. So severity
// follows from the kind; and a kind may stand for several of our reasons.
struct Mapping {
  std::string_view type;
  std::vector<BounceReason> reasons;
  std::vector<Severity> severities;
};
const std::vector<Mapping>& mappings() {
  using enum Severity;
  static const std::vector<Mapping> rows = {
      // A disabled account is "no such recipient" to crisp; to us it may come back.
      {"no_such_recipient", {user_unknown, suspend, filtered}, {hard, soft}},
      {"recipient_disabled_or_recipient_rate_limited",
       {suspend, speeding, user_unknown},
       {soft, hard}},
      {"mailbox_full", {mailbox_full}, {soft, transient}},
      {"mailbox_over_quota", {mailbox_full}, {soft, transient}},
      {"server_timeout", {expired, network_error}, {soft, transient}},
      {"server_unknown", {host_unknown, network_error, not_accept}, {hard, soft}},
      {"reputation", {bad_reputation, blocked, speeding}, {block, soft}},
      {"ip_blocked_spam", {speeding, blocked, spam_detected}, {block, soft}},
      {"action_not_taken_mailbox_rate_limited", {speeding}, {soft}},
      {"authentication_failure", {auth_failure}, {block}},
      // Its mark for 5.7.1, which says nothing by itself: "Service refused" has it, too.
      {"spam_content",
       {spam_detected, bad_reputation, blocked, policy_violation, user_unknown, filtered},
       {block, soft, transient, hard}},
  };
  return rows;
}

void add_meaning(Labelled& made, const json::object& data) {
  const std::string type = text_of(data, "type");
  for (const Mapping& row : mappings()) {
    if (row.type != type) continue;
    made.is_reason_labelled = true;
    made.reasons = row.reasons;
    made.severities = row.severities;
  }
}

const json::object* member(const json::object& of, std::string_view name) {
  const json::value* const found = of.if_contains(name);
  return found == nullptr ? nullptr : found->if_object();
}

// Whoever sees "no_such_recipient" with a final code has a dead address, unless the words tell of a
// disabled one; a 4xx is not final.
void narrow(Labelled& made) {
  const std::string_view text = made.octets;
  const bool is_final = made.reply_code >= 500;
  const bool is_dead = std::ranges::find(made.reasons, user_unknown) != made.reasons.end() &&
                       std::ranges::find(made.reasons, suspend) != made.reasons.end();
  if (!is_dead) return;
  const bool is_disabled =
      text.contains("disabled") || text.contains("inactive") || text.contains("access denied");
  if (is_final && !is_disabled) {
    made.reasons = {user_unknown, rejected};
    made.severities = {Severity::hard};
    // Apple says so of an address it made up for a sender that no longer may use it.
    if (text.contains("unauthorized sender")) made.severities.push_back(Severity::block);
  } else {
    made.reasons = {suspend, user_unknown};
    made.severities = {Severity::soft};
  }
}

}  // namespace

std::string read_whole(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::vector<Labelled> read_crisp(const std::filesystem::path& folder) {
  std::vector<Labelled> made;
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator(folder, none)) {
    if (entry.path().extension() != ".txt") continue;
    const auto label = object_of(
        read_whole(folder / "expected" / entry.path().filename().replace_extension(".json")));
    if (!label) continue;
    Labelled each{.name = entry.path().filename(), .octets = read_whole(entry.path())};
    if (const json::object* const data = member(*label, "data")) {
      if (std::string address = text_of(*data, "recipient"); !address.empty()) {
        each.recipients.push_back(std::move(address));
      }
      if (const json::object* const error = member(*data, "error")) {
        if (const json::object* const code = member(*error, "code")) {
          each.reply_code = static_cast<std::uint16_t>(std::atoi(text_of(*code, "basic").c_str()));
          each.status = text_of(*code, "enhanced");
        }
        if (const json::object* const kind = member(*error, "data")) add_meaning(each, *kind);
      }
    }
    // Neither an empty file nor "Hello" is a bounce, whatever the label of the latter says.
    each.is_bounce = !each.recipients.empty();
    narrow(each);
    made.push_back(std::move(each));
  }
  std::ranges::sort(made, {}, &Labelled::name);
  return made;
}

std::vector<Labelled> read_flufl(const std::filesystem::path& package) {
  // Rows like: ('simplematch', 'simple_14.txt', [b'userx@example.com',
  std::map<std::string, std::vector<std::string>> rows;
  const std::string list = read_whole(package / "testing" / "helpers.py");
  for (std::size_t at = 0; (at = list.find(".txt'", at)) != std::string::npos;) {
    const std::size_t begin = list.rfind('\'', at) + 1;
    const std::string name = list.substr(begin, at + 4 - begin);
    const std::size_t end = list.find(']', at);
    if (end == std::string::npos) break;
    for (std::size_t quote = at; (quote = list.find("b'", quote)) < end;) {
      const std::size_t close = list.find('\'', quote + 2);
      rows[name].push_back(list.substr(quote + 2, close - quote - 2));
      quote = close;
    }
    at = end;
  }
  std::vector<Labelled> made;
  for (const auto& [name, recipients] : rows) {
    Labelled each{.name = name, .octets = read_whole(package / "tests" / "data" / name)};
    if (each.octets.empty()) continue;
    each.recipients = recipients;
    made.push_back(std::move(each));
  }
  return made;
}

}  // namespace tidings::feedback::conformance
