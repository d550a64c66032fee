#include "edge/api/schema.h"

#include <boost/json.hpp>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

namespace tidings::api {
namespace {

namespace json = boost::json;

// "field code message" of each error.
std::vector<std::string> errors_of(std::string_view schema, std::string_view value,
                                   std::string_view components = "{}") {
  Schemas schemas(json::parse(components).as_object());
  const Schema& compiled = schemas.compile(json::parse(schema));
  std::vector<std::string> lines;
  for (const auto& error : check(compiled, json::parse(value))) {
    lines.push_back(error.field + " " + error.code + " " + error.message);
  }
  return lines;
}

std::string only(std::string_view schema, std::string_view value,
                 std::string_view components = "{}") {
  const auto errors = errors_of(schema, value, components);
  return errors.empty() ? "" : errors.size() == 1 ? errors[0] : fmt::format("{}", errors.size());
}

TEST(ApiSchema, types_are_told_in_words) {
  EXPECT_EQ(only(R"({"type":"string"})", "1"), " type This should be a text.");
  EXPECT_EQ(only(R"({"type":["integer","null"]})", "\"1\""),
            " type This should be a whole number or null.");
  EXPECT_EQ(only(R"({"type":["integer","null"]})", "null"), "");
  EXPECT_EQ(only(R"({"type":"integer"})", "1.5"), " type This should be a whole number.");
  EXPECT_EQ(only(R"({"type":"number"})", "1"), "");
  EXPECT_EQ(only(R"({"type":"boolean"})", "0"), " type This should be true or false.");
  EXPECT_EQ(only(R"({"type":"array"})", "{}"), " type This should be a list.");
  EXPECT_EQ(only(R"({"type":"object"})", "[]"), " type This should be an object.");
}

TEST(ApiSchema, bounds_count_characters_entries_and_members) {
  const auto* text = R"({"type":"string","minLength":2,"maxLength":3})";
  EXPECT_EQ(only(text, "\"\""), " empty This must not be empty.");
  EXPECT_EQ(only(text, "\"é\""), " too_short This needs at least 2 characters.");
  EXPECT_EQ(only(text, "\"🎉é日\""), "");
  EXPECT_EQ(only(text, "\"abcd\""), " too_long This may have at most 3 characters; it has 4.");
  const auto* number = R"({"type":"integer","minimum":-1,"maximum":9007199254740991})";
  EXPECT_EQ(only(number, "-2"), " too_small This may be no less than -1.");
  EXPECT_EQ(only(number, "9007199254740992"),
            " too_large This may be no more than 9007199254740991.");
  EXPECT_EQ(only(number, "18446744073709551615"), " too_large This number is too large.");
  EXPECT_EQ(only(R"({"type":"array","minItems":1,"maxItems":2})", "[]"),
            " too_few At least one entry is needed.");
  EXPECT_EQ(only(R"({"type":"array","maxItems":2})", "[1,2,3]"),
            " too_many There may be at most 2 entries; there are 3.");
  EXPECT_EQ(only(R"({"type":"array","uniqueItems":true})", R"([{"a":1},2,{"a":1}])"),
            "/2 repeated This is the same as entry 1.");
  EXPECT_EQ(only(R"({"type":"object","additionalProperties":{"type":"integer"},"maxProperties":1})",
                 R"({"a":1,"b":2})"),
            " too_many There may be at most 1 members; there are 2.");
}

TEST(ApiSchema, members_are_named_by_pointer_and_slips_are_recognised) {
  const auto* schema = R"({"type":"object","additionalProperties":false,"required":["a/b"],
      "properties":{"a/b":{"type":"integer"},"first_name":{"type":"string"},
                    "list":{"type":"array","items":{"type":"integer"}}}})";
  EXPECT_EQ(errors_of(schema, R"({"frist_name":"x","list":[1,"2"],"~":0})"),
            (std::vector<std::string>{
                "/a~1b missing This is required.",
                "/frist_name unknown There is no \"frist_name\" here. Did you mean "
                "\"first_name\"?",
                "/list/1 type This should be a whole number.",
                "/~0 unknown There is no \"~\" here.",
            }));
  EXPECT_EQ(only(R"({"type":"object","additionalProperties":{"type":"integer"}})", R"({"x":"y"})"),
            "/x type This should be a whole number.");
}

TEST(ApiSchema, choices_are_listed_and_only_the_meant_branch_complains) {
  EXPECT_EQ(only(R"({"type":"string","enum":["a","b"]})", "\"c\""),
            " choice \"c\" is not one of \"a\", \"b\".");
  EXPECT_EQ(only(R"({"type":["string","null"],"enum":["a",null]})", "null"), "");
  const auto* components = R"({
    "Rule":{"oneOf":[{"$ref":"#/components/schemas/All"},{"$ref":"#/components/schemas/Is"}]},
    "All":{"type":"object","additionalProperties":false,"required":["kind","rules"],
      "properties":{"kind":{"type":"string","enum":["all","any"]},
        "rules":{"type":"array","items":{"$ref":"#/components/schemas/Rule"}}}},
    "Is":{"type":"object","additionalProperties":false,"required":["kind","value"],
      "properties":{"kind":{"const":"is"},"value":{"type":"integer"}}}})";
  const auto* rule = R"({"$ref":"#/components/schemas/Rule"})";
  EXPECT_EQ(only(rule, R"({"kind":"any","rules":[{"kind":"is","value":3}]})", components), "");
  EXPECT_EQ(only(rule, R"({"kind":"any","rules":[{"kind":"is","value":"3"}]})", components),
            "/rules/0/value type This should be a whole number.");
  EXPECT_EQ(only(rule, R"({"kind":"none"})", components),
            "/kind choice \"none\" is not one of \"all\", \"any\", \"is\".");
  EXPECT_EQ(only(rule, "{}", components), "/kind missing This is required.");
  EXPECT_EQ(only(rule, "3", components), " type This should be an object.");
  const auto* maybe = R"({"oneOf":[{"$ref":"#/components/schemas/Is"},{"type":"null"}]})";
  EXPECT_EQ(only(maybe, "null", components), "");
  EXPECT_EQ(only(maybe, R"({"kind":"is"})", components), "/value missing This is required.");
  EXPECT_EQ(only(maybe, "\"x\"", components), " type This should be an object or null.");
}

TEST(ApiSchema, formats_are_checked) {
  const auto wrong = [](std::string_view format, std::string_view value) {
    return only(fmt::format(R"({{"type":"string","format":"{}"}})", format),
                json::serialize(json::value(value)));
  };
  EXPECT_EQ(wrong("id", "00c3k8q1v0400"), "");
  EXPECT_EQ(wrong("id", "0"), " format This is not an id: those have 13 letters and digits.");
  EXPECT_EQ(wrong("date-time", "2026-11-22T08:00:00+01:00"), "");
  EXPECT_NE(wrong("date-time", "tomorrow"), "");
  EXPECT_EQ(wrong("date", "2026-02-28"), "");
  EXPECT_NE(wrong("date", "2026-02-29"), "");
  EXPECT_EQ(wrong("email", "jan@club.example"), "");
  EXPECT_NE(wrong("email", "jan"), "");
  EXPECT_EQ(wrong("uri", "https://club.example/a?b#c"), "");
  for (const auto* uri : {"javascript:alert(1)", "https://", "http:///x", "//club.example",
                          "https://a b", "ftp://club.example", "https://x\"y"}) {
    EXPECT_NE(wrong("uri", uri), "") << uri;
  }
  EXPECT_EQ(wrong("time-zone", "Europe/Amsterdam"), "");
  EXPECT_NE(wrong("time-zone", "../../etc/passwd"), "");
  EXPECT_EQ(wrong("locale", "zh-Hant-TW"), "");
  for (const auto* locale : {"n", "nl_BE", "nl-", "-nl", "12", "nl-toolongtag"}) {
    EXPECT_NE(wrong("locale", locale), "") << locale;
  }
}

TEST(ApiSchema, patterns_may_say_in_words_what_they_want) {
  EXPECT_EQ(only(R"({"type":"string","pattern":"^[a-z]+$"})", "\"A\""),
            " pattern This does not have the form ^[a-z]+$.");
  EXPECT_EQ(only(R"({"type":"string","pattern":"^[a-z]+$","x-hint":"Lower-case letters only."})",
                 "\"A\""),
            " pattern Lower-case letters only.");
  // A pattern that would keep a backtracking engine busy for ever.
  EXPECT_EQ(only(R"({"type":"string","pattern":"^(a+)+$"})",
                 json::serialize(json::value(std::string(50'000, 'a')))),
            "");
}

TEST(ApiSchema, hostile_values_stay_bounded) {
  EXPECT_EQ(only(R"({"type":"string"})", R"("a\u0000")"),
            " character This holds a character that cannot be kept (NUL).");
  std::string many = "[";
  for (int i = 0; i < 1000; ++i) many += i == 0 ? "1" : ",1";
  EXPECT_EQ(errors_of(R"({"type":"array","items":{"type":"string"}})", many + "]").size(), 50U);
  const std::string name(100'000, 'x');
  const auto errors =
      errors_of(R"({"type":"object","additionalProperties":false})", "{\"" + name + "\":1}");
  ASSERT_EQ(errors.size(), 1U);
  EXPECT_LT(errors[0].size(), 400U);
  Schemas deep(
      json::parse(R"({"Nest":{"type":"array","items":{"$ref":"#/components/schemas/Nest"}}})")
          .as_object());
  json::value nested = json::array{};
  for (int i = 0; i < 100; ++i) {
    json::array outer;
    outer.push_back(std::move(nested));
    nested = std::move(outer);
  }
  const auto too_deep = check(*deep.find("Nest"), nested);
  ASSERT_EQ(too_deep.size(), 1U);
  EXPECT_EQ(too_deep[0].code, "too_deep");
}

TEST(ApiSchema, the_text_of_a_parameter_becomes_its_value) {
  Schemas schemas{json::object{}};
  const auto value = [&](std::string_view schema, std::string_view text) {
    return json::serialize(value_of_text(schemas.compile(json::parse(schema)), text));
  };
  EXPECT_EQ(value(R"({"type":"integer"})", "-7"), "-7");
  EXPECT_EQ(value(R"({"type":"integer"})", "7x"), "\"7x\"");
  EXPECT_EQ(value(R"({"type":"integer"})", " 7"), "\" 7\"");
  EXPECT_EQ(value(R"({"type":"boolean"})", "true"), "true");
  EXPECT_EQ(value(R"({"type":"boolean"})", "yes"), "\"yes\"");
  EXPECT_EQ(value(R"({"type":"string"})", "7"), "\"7\"");
  const auto* list = R"({"type":"array","items":{"type":"integer"}})";
  EXPECT_EQ(value(list, "1,2,x"), "[1,2,\"x\"]");
  EXPECT_EQ(value(list, ""), "[]");
  EXPECT_EQ(value(list, "1,"), "[1,\"\"]");
}

// A schema together with values that it takes: made side by side, so that the checker is held
// against what was meant and not against itself.
struct Made {
  json::value schema;
  json::value value;
};

Made make(int depth);

Made make_object(int depth) {
  json::object properties;
  json::array required;
  json::object value;
  const int count = *rc::gen::inRange(0, 4);
  for (int i = 0; i < count; ++i) {
    const std::string name = fmt::format("m{}", i);
    Made member = make(depth - 1);
    properties[name] = std::move(member.schema);
    const bool is_required = *rc::gen::arbitrary<bool>();
    if (is_required) required.push_back(json::value(name));
    if (is_required || *rc::gen::arbitrary<bool>()) value[name] = std::move(member.value);
  }
  return {json::object{{"type", "object"},
                       {"additionalProperties", false},
                       {"properties", std::move(properties)},
                       {"required", std::move(required)}},
          std::move(value)};
}

Made make(int depth) {
  const int kind = *rc::gen::inRange(0, depth > 0 ? 6 : 4);
  if (kind == 0) {
    const int number = *rc::gen::inRange(-1000, 1000);
    return {json::object{{"type", "integer"}, {"minimum", number - 1}, {"maximum", number}},
            number};
  }
  if (kind == 1) {
    const auto text = *rc::gen::container<std::string>(rc::gen::inRange('a', 'z'));
    return {json::object{{"type", "string"},
                         {"minLength", text.size()},
                         {"maxLength", text.size()},
                         {"pattern", "^[a-z]*$"}},
            json::value(text)};
  }
  if (kind == 2) return {json::object{{"type", json::array{"boolean", "null"}}}, nullptr};
  if (kind == 3) return {json::object{{"enum", json::array{"x", 2, true}}}, 2};
  if (kind == 4) return make_object(depth);
  Made item = make(depth - 1);
  json::array items;
  const int count = *rc::gen::inRange(0, 4);
  for (int i = 0; i < count; ++i) items.push_back(item.value);
  return {json::object{{"type", "array"}, {"items", std::move(item.schema)}, {"maxItems", count}},
          std::move(items)};
}

// Breaks the value at one place; the place's pointer, or nothing when there was nothing to break.
std::optional<std::string> breakage(json::value& value, const json::value& schema) {
  if (value.is_object() && !value.get_object().empty()) {
    auto& object = value.get_object();
    const auto at = *rc::gen::inRange<std::size_t>(0, object.size());
    auto& member = object.begin()[static_cast<std::ptrdiff_t>(at)];
    const std::string name(member.key());
    const auto below = breakage(member.value(), schema.at("properties").at(name));
    if (below) return "/" + name + *below;
    return std::nullopt;
  }
  if (value.is_array() && !value.get_array().empty()) {
    auto& array = value.get_array();
    const auto at = *rc::gen::inRange<std::size_t>(0, array.size());
    const auto below = breakage(array[at], schema.at("items"));
    if (below) return fmt::format("/{}{}", at, *below);
    return std::nullopt;
  }
  value = "NO";  // of the wrong type, length, form or choice wherever it stands
  return "";
}

RC_GTEST_PROP(ApiSchemaProperty, what_a_schema_means_is_taken_and_anything_else_named, ()) {
  Made made = make(3);
  Schemas schemas{json::object{}};
  const Schema& schema = schemas.compile(made.schema);
  const auto fine = check(schema, made.value);
  RC_ASSERT(fine.empty());
  const auto place = breakage(made.value, made.schema);
  RC_PRE(place.has_value());
  const auto wrong = check(schema, made.value);
  RC_ASSERT(wrong.size() == 1U);
  RC_ASSERT(wrong[0].field == *place);
}

}  // namespace
}  // namespace tidings::api
