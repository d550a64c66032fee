// Schema: the part of JSON Schema that spec/api may use (tools/collect-openapi refuses the rest),
// compiled once, checking values and saying in sentences for people what is wrong with which
// member.
//
// Keywords: type (one or several), properties, required, additionalProperties, items, enum, const,
// minLength and maxLength (code points), pattern (RE2), minimum, maximum, min/maxItems,
// uniqueItems, min/maxProperties, oneOf, $ref, and format. oneOf chooses its branch by the type of
// the value, or by the member that is a const or an enum in every branch, so that only that
// branch's sentences are told. x-hint on a schema with a pattern says in words what is wanted.
// Deviates: an integer is written without fraction or exponent (1.0 is none) and fits 64 bits; a
// text never holds NUL, which the databases cannot keep; format is checked, not just told.
// Bounds: 50 errors, then silence; values nested deeper than 64 are refused.
// Source: JSON Schema 2020-12, OpenAPI 3.1 §4.8.24. Ownership: Schemas owns; Schema borrows.
// Thread: const functions from any.
#pragma once

#include <boost/json/value.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "edge/api/call.h"

namespace tidings::api {

struct Schema;

class Schemas {
 public:
  // `components` is the object under components/schemas. What the collector would refuse is a
  // CHECK.
  explicit Schemas(const boost::json::object& components);
  ~Schemas();
  Schemas(Schemas&&) noexcept;
  Schemas& operator=(Schemas&&) noexcept;

  // A schema, or a reference to a named one. Valid as long as this.
  const Schema& compile(const boost::json::value& schema);
  // Null when there is none of that name.
  const Schema* find(std::string_view name) const;

 private:
  struct Compiler;
  std::unique_ptr<Compiler> compiler_;
};

// What is wrong with `value`; empty when nothing is. `field` is put before each error's pointer.
std::vector<FieldError> check(const Schema& schema, const boost::json::value& value,
                              std::string_view field = {});

// A parameter's text as the value that its schema describes: a number, true or false, texts, or a
// list of those separated by commas. What is none of these stays text, for check() to refuse.
boost::json::value value_of_text(const Schema& schema, std::string_view text);

// A sentence about all of `errors`, for a problem's detail. `errors` is not empty.
std::string summary_of(const std::vector<FieldError>& errors);

}  // namespace tidings::api
