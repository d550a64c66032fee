#include "edge/api/draft_json.h"

#include <algorithm>
#include <boost/json.hpp>

#include "edge/api/json_values.h"

namespace tidings::api {

namespace json = boost::json;

Answer unfit(std::span<const compose::FieldProblem> problems, std::string_view at) {
  std::vector<FieldError> fields;
  for (const auto& problem : problems) {
    fields.push_back({std::string(at) + problem.field, problem.code, problem.message});
  }
  return Answer::problem(422,
                         {ErrorKind::invalid, "call.invalid",
                          problems.empty() ? "Something is wrong." : problems[0].message},
                         std::move(fields));
}

std::vector<compose::FieldProblem> audience_problems(
    std::span<const audience::AudienceProblem> problems) {
  std::vector<compose::FieldProblem> fields;
  for (const auto& problem : problems.first(std::min<std::size_t>(problems.size(), 100))) {
    fields.push_back({"/audience" + problem.field, problem.code, problem.message});
  }
  return fields;
}

Result<compose::Draft> patched_draft(const compose::Draft& before, const json::value& patch) {
  json::object merged = compose::draft_json(before);
  if (const json::object* given = patch.if_object()) {
    for (const auto& [name, value] : *given) {
      // RFC 7396: what an object within leaves out stays as it is.
      json::object* within = merged[name].if_object();
      if (within != nullptr && value.is_object()) {
        for (const auto& [inner, each] : value.get_object()) (*within)[inner] = each;
      } else {
        merged[name] = value;
      }
    }
  }
  return compose::draft_from_json(merged);
}

Result<compose::LocalisedDraft> localised_draft(const json::object& body) {
  compose::LocalisedDraft content;
  if (const auto* draft = body.if_contains("draft")) content.draft = TRY(patched_draft({}, *draft));
  if (const auto* variants = body.if_contains("variants")) {
    content.variants = TRY(compose::variants_from_json(*variants));
  }
  return content;
}

json::array to_json(std::span<const compose::Finding> findings) {
  json::array list;
  for (const compose::Finding& finding : findings) {
    json::array examples;
    for (const std::string& example : finding.examples) examples.emplace_back(example);
    list.push_back(json::object{{"code", finding.code},
                                {"severity", to_string(finding.severity)},
                                {"sentence", finding.sentence},
                                {"part", finding.part},
                                {"field", compose::place_of(finding)},
                                {"locale", finding.locale},
                                {"line", finding.line},
                                {"column", finding.column},
                                {"count", finding.count},
                                {"examples", std::move(examples)},
                                {"what", finding.what}});
  }
  return list;
}

MessageKind kind_of(const json::object& body, std::string_view name) {
  return parse_message_kind(text_of(body, name)).value_or(MessageKind::campaign);
}

}  // namespace tidings::api
