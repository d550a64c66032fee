#include "liquid/program.h"

#include <thread>

#include <gtest/gtest.h>

namespace tidings::liquid {
namespace {

std::string render(std::string_view source, std::string_view json = "{}",
                   Context context = Context::text, Dialect dialect = Dialect::strict) {
  Arena arena;
  const auto values = value_from_json(json, arena);
  if (!values) return "json: " + values.error().message;
  const auto program = Program::compile(source, context, {.dialect = dialect});
  if (!program) return "compile: " + program.error().message;
  const auto made = program->render(*values, {.now = Instant(std::chrono::seconds(1704067318))});
  return made ? *made : "render: " + made.error().message;
}

std::string html(std::string_view source, std::string_view json = R"({"x": "<b>&'\""})") {
  return render(source, json, Context::html);
}

TEST(Liquid, ValuesAreEscapedInHtmlByDefault) {
  EXPECT_EQ(html("<i>{{ x }}</i>"), "<i>&lt;b&gt;&amp;&#39;&quot;</i>");
  EXPECT_EQ(html("{{ '<' }}{{ l }}{{ o }}", R"({"l": ["<", 1], "o": {"a": "<"}})"),
            "&lt;&lt;1{&quot;a&quot;=&gt;&quot;&lt;&quot;}");
  EXPECT_EQ(html("{% echo x %}{% cycle x, 'b' %}", R"({"x": "<"})"), "&lt;&lt;");
}

TEST(Liquid, EscapedTextIsNotEscapedTwice) {
  EXPECT_EQ(html("{{ x | escape }}", R"({"x": "<"})"), "&lt;");
  EXPECT_EQ(html("{{ x | escape_once }}", R"({"x": "&lt;<"})"), "&lt;&lt;");
  EXPECT_EQ(html("{% assign y = x | escape %}{{ y }}", R"({"x": "<"})"), "&lt;");
  EXPECT_EQ(html("{{ x | escape | default: 'none' }}", R"({"x": "<"})"), "&lt;");
  EXPECT_EQ(html("{{ x | escape | strip }}", R"({"x": " < "})"), "&lt;");
}

TEST(Liquid, AFilterThatChangesSafeTextMakesItUnsafe) {
  EXPECT_EQ(html("{{ x | escape | append: '<' }}", R"({"x": "<"})"), "&amp;lt;&lt;");
  EXPECT_EQ(html("{{ x | escape | upcase }}", R"({"x": "<"})"), "&amp;LT;");
  EXPECT_EQ(html("{{ x | unescaped | replace: 'b', 'i' }}", R"({"x": "<b>"})"), "&lt;i&gt;");
}

TEST(Liquid, UnescapedOptsOut) {
  EXPECT_EQ(html("{{ x | unescaped }}", R"({"x": "<b>"})"), "<b>");
  EXPECT_EQ(render("{{ x | unescaped }}", R"({"x": "<b>"})"), "<b>");
}

TEST(Liquid, NewlineToBrEscapesUnsafeInputFirst) {
  EXPECT_EQ(html("{{ x | newline_to_br }}", R"({"x": "<\n<"})"), "&lt;<br />\n&lt;");
  EXPECT_EQ(html("{{ x | escape | newline_to_br }}", R"({"x": "<\n"})"), "&lt;<br />\n");
  EXPECT_EQ(html("{{ x | unescaped | newline_to_br }}", R"({"x": "<b>\n"})"), "<b><br />\n");
  EXPECT_EQ(render("{{ x | newline_to_br }}", R"({"x": "<\n"})"), "<<br />\n");
}

TEST(Liquid, CapturedTextIsSafeBecauseItsValuesWereEscaped) {
  EXPECT_EQ(html("{% capture c %}<b>{{ x }}</b>{% endcapture %}{{ c }}", R"({"x": "<"})"),
            "<b>&lt;</b>");
  EXPECT_EQ(html("{% capture c %}<b>{% endcapture %}{{ c | upcase }}"), "&lt;B&gt;");
}

TEST(Liquid, HeadersLoseLineBreaksWhereverTheyComeFrom) {
  EXPECT_EQ(
      render("a\r\n{{ x }}{{ l }}", R"({"x": "b\r\nBcc: c", "l": ["\n", "d"]})", Context::header),
      "abBcc: cd");
  EXPECT_EQ(render("{% tablerow i in (1..2) cols: 1 %}{% endtablerow %}", "{}", Context::header)
                .find('\n'),
            std::string::npos);
  EXPECT_EQ(render("{% capture c %}\n{{ x }}{% endcapture %}{{ c | append: x }}",
                   R"({"x": "\r\n1"})", Context::header),
            "11");
}

TEST(Liquid, ErrorsOfTheSourceSayWhereAndWhat) {
  EXPECT_EQ(render("ä\nü {{ x | upcas }}"),
            "compile: line 2, column 10: there is no filter upcas; did you mean upcase?");
  EXPECT_EQ(render("{{ x"), "compile: line 1, column 1: this {{ is not closed; a }} is missing.");
  EXPECT_EQ(render("a{% if x %}b"),
            "compile: line 1, column 2: {% if %} is never closed; {% endif %} is missing.");
  EXPECT_TRUE(render("{% fi x %}").starts_with("compile: line 1, column 1: there is no tag fi;"));
  EXPECT_TRUE(render("{% include 'x' %}").find("cannot include") != std::string::npos);
  EXPECT_EQ(render("{% if x = 1 %}{% endif %}"),
            "compile: line 1, column 9: compare with ==, not with a single =.");
  EXPECT_EQ(render("{{ 'a }}"), "compile: line 1, column 4: this quote is not closed.");
  EXPECT_EQ(render("{% endif %}"),
            "compile: line 1, column 1: {% endif %} stands outside of a block it could belong to.");
}

TEST(Liquid, ErrorsOfTheValuesStopTheRendering) {
  EXPECT_EQ(render("a\n{{ 1 | divided_by: x }}", R"({"x": 0})"),
            "render: line 2, column 8: a number cannot be divided by zero.");
  EXPECT_TRUE(render("{% if x > 3 %}{% endif %}", R"({"x": "4"})").find("the text \"4\"") !=
              std::string::npos);
}

TEST(Liquid, ExplainPointsAtTheColumn) {
  const std::string_view source = "first\n  {{ näme | nope }}\n";
  const auto program = Program::compile(source, Context::text);
  ASSERT_FALSE(program);
  EXPECT_EQ(explain(program.error(), source),
            "line 2, column 13: there is no filter nope.\n    {{ näme | nope }}\n              ^");
  ASSERT_TRUE(position_of(program.error()));
  EXPECT_EQ(position_of(program.error())->line, 2);
  EXPECT_FALSE(position_of(Error{.message = "line of thought"}));
}

TEST(Liquid, TheStaticPassNamesWhatTheTemplateReads) {
  const auto program = Program::compile(
      "{{ contact.first_name | default: 'you' }}\n{% assign a = contact.b %}{{ a }}"
      "{% for c in orders %}{{ c.name }}{% endfor %}{% if contact %}{% endif %}{{ contact[key] }}",
      Context::text);
  ASSERT_TRUE(program);
  std::vector<std::string> found;
  for (const VariableUse& use : program->variables()) {
    std::string name;
    for (const auto& part : use.path) name += "/" + part;
    found.push_back(name + (use.has_default ? " default" : "") + (use.whole ? " whole" : ""));
  }
  EXPECT_EQ(found, (std::vector<std::string>{"/contact/first_name default whole",
                                             "/contact/b whole", "/orders whole", "/contact",
                                             "/key whole", "/contact whole"}));
  EXPECT_EQ(program->variables()[0].column, 4);
  EXPECT_EQ(program->variables()[1].line, 2);
}

TEST(Liquid, ADefaultBelongsToTheValueItStandsBehind) {
  const auto program = Program::compile(
      "{{ a[b] | default: c }}{% assign d = 1 %}{{ d | default: e }}", Context::text);
  ASSERT_TRUE(program);
  std::string found;
  for (const VariableUse& use : program->variables())
    found += use.path[0] + (use.has_default ? "+" : "-");
  EXPECT_EQ(found, "b-a+c-e-");
}

TEST(Liquid, AValueThatMayBeAssignedIsReportedAsSuch) {
  const auto program =
      Program::compile("{% if a %}{% assign x = 1 %}{% endif %}{{ x }}", Context::text);
  ASSERT_TRUE(program);
  ASSERT_EQ(program->variables().size(), 2u);
  EXPECT_TRUE(program->variables()[1].maybe_assigned);
}

TEST(Liquid, UnknownVariablesComeWithASuggestion) {
  const std::vector<std::string> known = {"contact.first_name", "contact.email", "unsubscribe_url",
                                          "organisation.name"};
  const auto check = [&](std::string_view source) {
    const auto program = Program::compile(source, Context::text);
    std::string all;
    for (const auto& unknown : unknown_variables(program->variables(), known))
      all += unknown.message + "\n";
    return all;
  };
  EXPECT_EQ(check("{{ contact.frist_name }}"),
            "line 1, column 4: there is no contact.frist_name; did you mean contact.first_name?\n");
  EXPECT_EQ(check("{{ first_name }}"),
            "line 1, column 4: there is no first_name; did you mean contact.first_name?\n");
  EXPECT_EQ(check("\n{{ zzzzzzzz }}"), "line 2, column 4: there is no zzzzzzzz.\n");
  EXPECT_EQ(
      check("{{ unsubscribe_url }}{{ contact.email.size }}{% if contact %}{% endif %}"
            "{% assign q = 1 %}{{ q }}{% for x in (1..2) %}{{ x }}{{ forloop.index }}{% endfor %}"),
      "");
}

TEST(Liquid, WhatIsNeverPrintedIsNotReported) {
  for (const std::string_view source :
       {"{% case 1 %}{{ x }}{% assign x = 1 %}{% when 1 %}{% endcase %}",
        "{% for i in (1..0) %}{% else %}{{ x }}{% else %}{% assign x = 1 "
        "%}{% endfor %}"}) {
    const auto program = Program::compile(source, Context::text);
    ASSERT_TRUE(program) << source;
    EXPECT_TRUE(program->variables().empty()) << source;
  }
}

TEST(Liquid, BoundsStopARenderingAndSaySo) {
  const auto stopped = [](std::string_view source, Limits limits) {
    Arena arena;
    const auto program = Program::compile(source, Context::text);
    EXPECT_TRUE(program) << source;
    const auto made = program->render(*value_from_json("{}", arena), {.limits = limits});
    return made ? std::string("done") : made.error().code + " " + made.error().message;
  };
  EXPECT_TRUE(stopped("{% for i in (1..999999999999) %}{% endfor %}", {}).find("more steps") !=
              std::string::npos);
  EXPECT_TRUE(stopped("{% for i in (1..9999) %}0123456789{% endfor %}", {.output_bytes = 1000})
                  .find("longer than") != std::string::npos);
  EXPECT_TRUE(stopped("{% assign s = '0123456789' %}{% for i in (1..99) %}{% assign s = s | "
                      "append: s %}{% endfor %}",
                      {})
                  .starts_with("liquid."));
  EXPECT_TRUE(stopped("{{ (1..99999999999) | reverse | size }}", {}).starts_with("liquid."));
  EXPECT_TRUE(stopped("{% for i in (1..999999999) %}{% endfor %}",
                      {.steps = ~std::uint64_t{0}, .time = std::chrono::microseconds(1)})
                  .find("too long") != std::string::npos);
}

TEST(Liquid, NestingBeyondTheBoundIsRefused) {
  std::string deep, brackets = "{{ ";
  for (int i = 0; i < 5000; ++i) deep += "{% if true %}";
  for (int i = 0; i < 5000; ++i) brackets += "a[";
  EXPECT_TRUE(render(deep).find("nested more than 100 deep") != std::string::npos);
  EXPECT_TRUE(render(brackets + " }}").find("nested more than 100 deep") != std::string::npos);
  EXPECT_TRUE(render(brackets + " }}", "{}", Context::text, Dialect::lax).starts_with("compile:") ||
              render(brackets + " }}", "{}", Context::text, Dialect::lax).empty());
}

TEST(Liquid, StaticTextIsNumberedAndComesByNumber) {
  struct Recorder final : Output {
    std::string seen;
    void write_static(std::uint32_t slice, std::string_view text) override {
      seen += "[" + std::to_string(slice) + ":" + std::string(text) + "]";
    }
    void write_value(std::string_view text) override { seen += text; }
  };
  const auto program = Program::compile(
      "a{% comment %}x{% endcomment %}b {{- x }}{% capture c %}in{{ x }}{% endcapture %}{{ c }}{% "
      "raw %}{{{% endraw %}",
      Context::html);
  ASSERT_TRUE(program);
  Arena arena;
  Recorder out;
  ASSERT_TRUE(program->render(*value_from_json(R"({"x": "<"})", arena), out));
  EXPECT_EQ(out.seen, "[0:ab]&lt;in&lt;[2:{{]");
  EXPECT_EQ(program->static_slices().size(), 3u);
}

TEST(Liquid, OneProgramRendersInManyThreadsWithDifferentShapes) {
  const auto program = Program::compile("{{ a }}{{ b }}{{ c.d }}", Context::text);
  ASSERT_TRUE(program);
  std::vector<std::jthread> threads;
  std::atomic<int> wrong = 0;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      Arena arena;
      const auto values = value_from_json(
          t % 2 == 0 ? R"({"a":1,"b":2,"c":{"d":3}})" : R"({"c":{"x":0,"d":3},"z":0,"b":2,"a":1})",
          arena);
      for (int i = 0; i < 1000; ++i) wrong += program->render(*values).value() != "123";
    });
  }
  threads.clear();
  EXPECT_EQ(wrong, 0);
}

TEST(Liquid, ColumnNamesOfAllLanguagesAreNames) {
  EXPECT_EQ(render("{{ contact.prénom }}{{ contact['e mail'] }}",
                   R"({"contact": {"prénom": "Zoë", "e mail": "x"}})"),
            "Zoëx");
}

TEST(Liquid, CaseFollowsUnicode) {
  EXPECT_EQ(render("{{ 'ÉCOLE straße' | downcase }} {{ 'straße' | upcase }} {{ 'élan VITAL' | "
                   "capitalize }}"),
            "école straße STRASSE Élan vital");
}

TEST(Liquid, NumbersAreReckonedDecimally) {
  EXPECT_EQ(render("{{ 0.1 | plus: 0.2 }} {{ 1.1 | times: 1.1 }} {{ 10 | divided_by: 4.0 }} {{ -7 "
                   "| divided_by: 2 }} {{ -7 | modulo: 3 }}"),
            "0.3 1.21 2.5 -4 2");
  EXPECT_EQ(render("{{ 2.5 | round }} {{ -2.5 | round }} {{ 15 | round: -1 }} {{ 15.5 | round: -1 "
                   "}} {{ 1.005 | round: 2 }}",
                   "{}", Context::text, Dialect::lax),
            "3 -3 20 20 1.01");
  EXPECT_EQ(render("{{ 9223372036854775807 | plus: 1 }} {{ x }}",
                   R"({"x": 123456789012345678901234567890})"),
            "9223372036854775808 123456789012345678901234567890");
}

TEST(Liquid, DatesAreReadAndWrittenAsPeopleDo) {
  EXPECT_EQ(render("{{ 'March 14, 2016' | date: '%b %-d, %y' }}"), "Mar 14, 16");
  EXPECT_EQ(render("{{ '14 Mar 2016 5pm' | date: '%F %H:%M' }}"), "2016-03-14 17:00");
  EXPECT_EQ(render("{{ '2016-03-14T05:06:07.89Z' | date: '%s.%3N %Z' }}"), "1457931967.890 UTC");
  EXPECT_EQ(render("{{ 'soon' | date: '%F' }}{{ 'Monday' | date: '%F' }}{{ '2001-034' | date: ' %F "
                   "' }}{{ '2001-W05-6' | date: '%F' }}{{ '31/31/2016' | date: '%F' }}"),
            "soonMonday 2001-02-03 2001-W05-631/31/2016");
  EXPECT_EQ(render("{{ 'now' | date: '%c|%10Y|%-m|%_H|%^a|%::z' }}"),
            "Mon Jan  1 00:01:58 2024|0000002024|1| 0|MON|+00:00:00");
  Arena arena;
  const auto program = Program::compile("{{ 'now' | date: '%H:%M %z' }}", Context::text);
  EXPECT_EQ(program
                ->render(Value(), {.now = Instant(std::chrono::seconds(1704067318)),
                                   .time_zone = "Europe/Warsaw"})
                .value(),
            "01:01 +0100");
}

TEST(Liquid, JsonErrorsSayWhere) {
  Arena arena;
  EXPECT_EQ(value_from_json("{\"a\":\n x}", arena).error().message.substr(0, 16),
            "line 2, column 2");
  EXPECT_FALSE(value_from_json("", arena));
  EXPECT_FALSE(value_from_json("{} {}", arena));
  EXPECT_FALSE(value_from_json(std::string(100, '['), arena));
  EXPECT_EQ(to_text(*value_from_json(R"({"a": 1, "a": 2})", arena)->find("a")), "2");
}

TEST(Liquid, ArenaKeepsToItsBudget) {
  Arena arena(4096);
  while (!arena.exhausted()) ASSERT_EQ(arena.copy("0123456789").empty(), arena.exhausted());
  EXPECT_EQ(arena.allocate(1 << 20), nullptr);
  EXPECT_TRUE(arena.values(10).empty());
}

}  // namespace
}  // namespace tidings::liquid
