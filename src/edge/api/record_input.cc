#include "edge/api/record_input.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>

namespace tidings::api {

namespace {

constexpr Duration kDefaultPeriod = std::chrono::days(7);

// "-queued_at" is the order of queued_at, descending.
template <typename Sort>
void read_sort(const Call& call, RecordInput& input, std::optional<Sort> (*parse)(std::string_view),
               Sort& sort, bool& is_descending) {
  std::string_view word = call.query("sort");
  if (word.empty()) return;
  is_descending = word.front() == '-';
  if (is_descending) word.remove_prefix(1);
  if (const auto known = parse(word)) {
    sort = *known;
  } else {
    input.wrong("sort", fmt::format("The list has no order \"{}\".", word));
  }
}

std::optional<CampaignState> parse_campaign_state(std::string_view word) {
  for (int i = 0; i <= int(CampaignState::held); ++i) {
    if (to_string(static_cast<CampaignState>(i)) == word) return static_cast<CampaignState>(i);
  }
  return std::nullopt;
}

}  // namespace

void RecordInput::read_period(const Call& call, bool has_default, std::optional<Instant>& from_at,
                              std::optional<Instant>& until_at) {
  for (const auto& [name, at] : {std::pair{"from", &from_at}, std::pair{"until", &until_at}}) {
    const std::string_view text = call.query(name);
    if (text.empty()) continue;
    *at = parse_rfc3339(text);
    if (!*at) wrong(name, "This is no time. Give one such as 2026-11-22T08:00:00Z.");
  }
  is_default_period = has_default && !from_at && !until_at && !call.flag("all") && errors.empty();
  if (is_default_period) from_at = call.now() - kDefaultPeriod;
  from = from_at;
}

std::vector<std::string> RecordInput::words(const Call& call, std::string_view name) {
  std::vector<std::string> found;
  std::string_view text = call.query(name);
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    std::string_view word = text.substr(0, comma);
    while (word.starts_with(' ')) word.remove_prefix(1);
    while (word.ends_with(' ')) word.remove_suffix(1);
    if (!word.empty() && std::ranges::find(found, word) == found.end()) found.emplace_back(word);
    text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
  }
  return found;
}

std::optional<bool> RecordInput::flag(const Call& call, std::string_view name) {
  const std::string_view text = call.query(name);
  return text.empty() ? std::nullopt : std::optional(text == "true");
}

void RecordInput::wrong(std::string_view name, std::string sentence) {
  errors.push_back({fmt::format("?{}", name), "record.filter", std::move(sentence)});
}

Answer RecordInput::refusal() const {
  return Answer::problem(
      422, {ErrorKind::invalid, "record.filter", "The list cannot be filtered like this."}, errors);
}

report::MessageQuery read_message_query(const Call& call, RecordInput& input, bool has_default) {
  report::MessageQuery query;
  report::LogFilter& filter = query.filter;
  // What answers have instead of a kind and a status.
  const auto is_of_answers = [&](const std::vector<std::string>& words, std::string_view own) {
    if (!input.takes_answers || words.empty()) return;
    const auto own_ones = std::ranges::count(words, own);
    input.has_answers = input.has_answers && own_ones > 0;
    input.has_messages = input.has_messages && own_ones < std::ssize(words);
  };
  const auto kinds = input.words(call, "kind");
  is_of_answers(kinds, "reply");
  for (const std::string& word : kinds) {
    if (const auto kind = parse_message_kind(word)) filter.kinds.push_back(*kind);
  }
  if (const auto word = call.query("channel"); !word.empty()) filter.channel = parse_channel(word);
  const auto statuses = input.words(call, "status");
  is_of_answers(statuses, "received");
  for (const std::string& word : statuses) {
    if (const auto status = parse_status(word)) {
      filter.statuses.push_back(*status);
    } else if (!input.takes_answers || word != "received") {
      input.wrong("status", fmt::format("There is no status \"{}\".", word));
    }
  }
  filter.has_attachments = input.flag(call, "has_attachments");
  filter.sender = call.query("sender");
  filter.text = call.query("text");
  filter.campaign = input.id<CampaignId>(call, "campaign");
  filter.contact = input.id<ContactId>(call, "contact");
  filter.group = input.id<GroupId>(call, "group");
  filter.is_deleted = call.flag("deleted");
  has_default =
      has_default && !filter.campaign && !filter.contact && !filter.group && !filter.is_deleted;
  input.read_period(call, has_default, filter.from, filter.until);
  read_sort(call, input, report::parse_message_sort, query.sort, query.is_descending);
  query.limit = call.page().limit;
  query.cursor = call.page().cursor;
  return query;
}

report::SendOutQuery read_send_out_query(const Call& call, RecordInput& input) {
  report::SendOutQuery query;
  report::SendOutFilter& filter = query.filter;
  for (const std::string& word : input.words(call, "type")) {
    if (const auto type = parse_send_out_type(word)) filter.types.push_back(*type);
  }
  if (const auto word = call.query("channel"); !word.empty()) filter.channel = parse_channel(word);
  filter.statuses = input.words(call, "status");
  for (const std::string& word : filter.statuses) {
    if (!parse_status(word) && !parse_campaign_state(word)) {
      input.wrong("status", fmt::format("There is no status \"{}\".", word));
    }
  }
  filter.has_attachments = input.flag(call, "has_attachments");
  filter.sender = call.query("sender");
  filter.text = call.query("text");
  filter.is_deleted = call.flag("deleted");
  input.read_period(call, !filter.is_deleted, filter.from, filter.until);
  read_sort(call, input, report::parse_send_out_sort, query.sort, query.is_descending);
  query.limit = call.page().limit;
  query.cursor = call.page().cursor;
  return query;
}

}  // namespace tidings::api
