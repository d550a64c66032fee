// What the lists of the record are asked for, read from a call's query. Thread: any.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "edge/api/call.h"
#include "report/message_pages.h"
#include "report/send_outs.h"

namespace tidings::api {

// What is wrong with the query: an answer of 422.
struct RecordInput {
  std::vector<FieldError> errors;
  std::optional<Instant> from;  // as used: given, or the default
  bool is_default_period = false;
  // Of a list that has people's answers among the messages: whether the filter leaves either out.
  bool takes_answers = false;
  bool has_messages = true;
  bool has_answers = true;

  // The period, of the last seven days when none is given and `has_default`.
  void read_period(const Call& call, bool has_default, std::optional<Instant>& from_at,
                   std::optional<Instant>& until_at);
  std::vector<std::string> words(const Call& call, std::string_view name);
  template <typename IdType>
  std::optional<IdType> id(const Call& call, std::string_view name) {
    const std::string_view text = call.query(name);
    if (text.empty()) return std::nullopt;
    if (const auto value = parse_id(text)) return IdType{*value};
    wrong(name, "This is no id.");
    return std::nullopt;
  }
  std::optional<bool> flag(const Call& call, std::string_view name);
  void wrong(std::string_view name, std::string sentence);
  Answer refusal() const;
};

// Of GET /messages and the lists that are like it.
report::MessageQuery read_message_query(const Call& call, RecordInput& input, bool has_default);
report::SendOutQuery read_send_out_query(const Call& call, RecordInput& input);

}  // namespace tidings::api
