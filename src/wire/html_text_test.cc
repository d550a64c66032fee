#include "wire/html_text.h"

#include <string>
#include <string_view>

#include <gtest/gtest.h>
#include <sys/resource.h>

namespace tidings::wire {
namespace {

TEST(HtmlText, KeepsParagraphsBreaksAndHeadings) {
  EXPECT_EQ(html_to_text("<h1>Hello</h1><p>One\n  two</p><p>Three<br>four<br><br>five</p>"),
            "Hello\n=====\n\nOne two\n\nThree\nfour\n\nfive");
  EXPECT_EQ(html_to_text("<div>a</div><div>b</div>c"), "a\nb\nc");
  EXPECT_EQ(html_to_text("a <b>b</b>c <i> d</i>"), "a bc d");
  EXPECT_EQ(html_to_text("<p>&nbsp;</p><p>x&nbsp;y &amp; &euro;</p>"), "x y & €");
  EXPECT_EQ(html_to_text(""), "");
  EXPECT_EQ(html_to_text("<pre>a\n  b</pre>"), "a\n  b");
}

TEST(HtmlText, WritesLinksWithTheirAddress) {
  EXPECT_EQ(html_to_text("<a href=\"https://x.org/?a=1&amp;b=2\">Read on</a>."),
            "Read on (https://x.org/?a=1&b=2).");
  EXPECT_EQ(html_to_text("<a href='https://x.org'>https://x.org</a>"), "https://x.org");
  EXPECT_EQ(html_to_text("<a href='mailto:a@b.org'>a@b.org</a>"), "a@b.org");
  EXPECT_EQ(html_to_text("<a href='#top'>Top</a> <a>none</a>"), "Top none");
  EXPECT_EQ(html_to_text("<a href='https://x.org'><img src=y></a>"), "https://x.org");
  EXPECT_EQ(html_to_text("<a href='https://x.org'><img src=y alt='Logo'></a>"),
            "Logo (https://x.org)");
  EXPECT_EQ(html_to_text("<a href='https://x.org'><table><tr><td>Go</td></tr></table></a>"),
            "Go (https://x.org)");
}

TEST(HtmlText, WritesListsAndTablesLineByLine) {
  EXPECT_EQ(html_to_text("<p>x</p><ul><li>a</li><li>b</li></ul><ol><li>c<li>d</ol>"),
            "x\n\n- a\n- b\n\n1. c\n2. d");
  EXPECT_EQ(html_to_text("<table><tr><th>Item</th><th>Price</th></tr>\n<tr><td>Tea</td>"
                         "<td>2</td></tr></table>"),
            "Item Price\nTea 2");
}

TEST(HtmlText, LeavesOutWhatIsNotShown) {
  EXPECT_EQ(html_to_text("<head><title>t</title><style>p{}</style></head>"
                         "<body><span style='display: none'>pre</span>"
                         "<div style=\"MSO-HIDE:ALL\">x</div><p hidden>y</p>"
                         "<!-- c --><!--[if mso]><table><![endif]--><script>1</script>a</body>"),
            "a");
  EXPECT_EQ(html_to_text("a\xe2\x80\x8b\xc2\xad"
                         "b"),
            "ab");
}

TEST(HtmlText, KeepsLiquidWhereItStood) {
  EXPECT_EQ(html_to_text("<p>Dear {{ contact.first_name }},</p>"),
            "Dear {{ contact.first_name }},");
  EXPECT_EQ(html_to_text("<a href=\"{{ url }}?x={{ y | url_encode }}\">Go</a>"),
            "Go ({{ url }}?x={{ y | url_encode }})");
  EXPECT_EQ(html_to_text("<td {% if a %}class=\"b\"{% endif %}>x</td>"), "x");
  EXPECT_EQ(html_to_text("<p>{{ a | default: \"x > y\" }}</p>"), "{{ a | default: \"x > y\" }}");
  EXPECT_EQ(html_to_text("<style>{% if x %}{% endif %}</style>a"), "a");
}

TEST(HtmlText, KeepsLoopsBetweenTableRowsAroundTheirRows) {
  EXPECT_EQ(html_to_text("<p>Cart</p><table>{% for i in items %}<tr><td>{{ i.name }}</td><td>"
                         "{{ i.price }}</td></tr>{% endfor %}</table><p>Bye</p>"),
            "Cart\n\n{% for i in items %}{{ i.name }} {{ i.price }}\n{% endfor %}\nBye");
  EXPECT_EQ(html_to_text("<ul>{% for i in items %}<li>{{ i }}</li>{% endfor %}</ul>"),
            "{% for i in items %}- {{ i }}\n{% endfor %}");
  EXPECT_EQ(html_to_text("{% for i in items %}{{ i }}, {% endfor %}end"),
            "{% for i in items %}{{ i }}, {% endfor %}end");
}

TEST(HtmlText, LeavesNoEmptyLinesForBranchesThatAreNotTaken) {
  EXPECT_EQ(html_to_text("<p>A</p>{% if x %}<p>B</p>{% endif %}<p>C</p>"),
            "A{% if x %}\n\nB{% endif %}\n\nC");
  EXPECT_EQ(html_to_text("<p>A</p><p>{% if x %}Dear{% else %}Hi{% endif %} you</p>"),
            "A\n\n{% if x %}Dear{% else %}Hi{% endif %} you");
  EXPECT_EQ(html_to_text("<p>A</p><p>{% if x %}Dear {{ x }}, {% endif %}you</p>"),
            "A\n\n{% if x %}Dear {{ x }},{% endif %} you");
  EXPECT_EQ(html_to_text("<p>A {% capture z %}<b>q</b>{% endcapture %} b {{ z }}</p>"),
            "A{% capture z %}q{% endcapture %} b {{ z }}");
}

TEST(HtmlText, DropsWhatOnlyHtmlNeeds) {
  EXPECT_EQ(html_to_text("{{ a | escape }} {{ b | upcase | newline_to_br }} {{ '|' | escape }}"),
            "{{ a }} {{ b | upcase }} {{ '|' }}");
  EXPECT_EQ(html_to_text("a {{- b -}} c{%- if x -%} d{%- endif -%}"),
            "a{{ b }}c{% if x %}d{% endif %}");
}

TEST(HtmlText, NeverMakesLiquidOutOfText) {
  EXPECT_EQ(html_to_text("&#123;&#123; x }}"), "{{ '{' }}{{ '{' }} x }}");
  EXPECT_EQ(html_to_text("{<b>{ x }}</b>"), "{{ '{' }}{{ '{' }} x }}");
}

TEST(HtmlText, SurvivesHostileHtml) {
  std::string deep;
  for (int i = 0; i < 5'000; ++i) deep += "<div>";
  EXPECT_EQ(html_to_text(deep + "x{{ y }}"), "x{{ y }}");
  EXPECT_EQ(html_to_text("<table>{% if x %}<tr></table>{% endif %}"), "{% if x %}{% endif %}");
  EXPECT_EQ(html_to_text("{% endif %}a{% if %}"), "{% endif %}a{% if %}");
  EXPECT_EQ(html_to_text("<a href="), "");
  // Characters that mark tags for ourselves mean nothing in the input.
  EXPECT_EQ(html_to_text("\xee\x80\x9e"
                         "0\xee\x80\x9f<!--\xee\x80\x9e"
                         "0-->{{ a }}"),
            "0{{ a }}");
  EXPECT_EQ(html_to_text("{{"), "{{ '{' }}{{ '{' }}");
}

TEST(HtmlText, TakesTimeInProportionToItsInput) {
  // Quadratic when something is looked for again at every step.
  EXPECT_TRUE(html_to_text(std::string(1'000'000, '{')).ends_with("{{ '{' }}"));
  std::string list = "<ol>";
  for (int i = 0; i < 50'000; ++i) list += "<li>x";
  EXPECT_TRUE(html_to_text(list).ends_with("50000. x"));
}

TEST(HtmlText, HostileNestingCostsNeitherMemoryNorTime) {
  const auto nested = [](int count, std::string_view tag) {
    std::string html;
    for (int i = 0; i < count; ++i) html += tag;
    return html + "the end";
  };
  EXPECT_EQ(html_to_text(nested(19'000, "<div>")), "the end");
  EXPECT_EQ(html_to_text(nested(200'000, "<div>")), "the end");
  EXPECT_EQ(html_to_text(nested(9'000, "<b x=1><div>")), "the end");
  rusage used{};
  ASSERT_EQ(getrusage(RUSAGE_SELF, &used), 0);
  EXPECT_LT(used.ru_maxrss, 1'500'000) << "kilobytes";  // it was 3 GB for the first
}

TEST(HtmlText, ReadsLinearlyWhatHasNoTree) {
  EXPECT_EQ(html_to_text_linear("<style>x</style><p>Dear {{ a }},<br>b</p><!-- c -->{% if x %}"),
            "Dear {{ a }},\nb{% if x %}");
}

}  // namespace
}  // namespace tidings::wire
