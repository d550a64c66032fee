// What several areas of the API share about messages being written: reading a draft, telling what
// is wrong with its members, showing findings. Thread: any.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "audience/audience_json.h"
#include "compose/finding.h"
#include "compose/variants.h"
#include "domain/campaign.h"
#include "edge/api/call.h"

namespace tidings::api {

// 422 with every problem at its member; `at` stands in front of each field ("/draft").
Answer unfit(std::span<const compose::FieldProblem> problems, std::string_view at = "");

// What is wrong with the member `audience`, at its place in the request; at most 100.
std::vector<compose::FieldProblem> audience_problems(
    std::span<const audience::AudienceProblem> problems);

// `before` with the members that `patch` gives (RFC 7396; null empties one). The patch fits the
// schema Draft. Error: draft.malformed (invalid).
Result<compose::Draft> patched_draft(const compose::Draft& before, const boost::json::value& patch);

// The members `draft` and `variants` of a request: a message in all its languages. Error:
// draft.malformed (invalid).
Result<compose::LocalisedDraft> localised_draft(const boost::json::object& body);

boost::json::array to_json(std::span<const compose::Finding> findings);

// The member `name` of a request of this schema: campaign, where it is left out.
MessageKind kind_of(const boost::json::object& body, std::string_view name = "kind");

}  // namespace tidings::api
