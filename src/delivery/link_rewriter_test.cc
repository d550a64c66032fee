// Rewriting of links: what is a link, what is never touched, and that nothing else is.
#include "delivery/link_rewriter.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/clock.h"
#include "liquid/program.h"
#include "liquid/value.h"

namespace tidings::delivery {
namespace {

constexpr TrackingWish kAll{.opens = true, .clicks = true};
constexpr TrackingWish kClicks{.clicks = true};

std::vector<std::string> targets(std::string_view html) {
  std::vector<std::string> found;
  for (const HtmlLink& link : find_html_links(html)) {
    found.push_back((link.is_template ? "~" : "") + link.target);
  }
  return found;
}

using Targets = std::vector<std::string>;

// The original again, of what tracked_html() made.
std::string undone(std::string tracked, std::string_view html, const Tracking& tracking) {
  const std::string start = fmt::format("{{{{ {} }}}}", kTrackedLinkStart);
  std::size_t from = 0;
  for (const TrackedLink& link : tracking.links) {
    const std::string mark = start + std::to_string(link.number);
    const std::size_t at = tracked.find(mark, from);
    EXPECT_NE(at, std::string::npos);
    if (at == std::string::npos) return tracked;
    const auto original = html.substr(link.link.begin, link.link.end - link.link.begin);
    tracked.replace(at, mark.size(), original);
    from = at + original.size();
  }
  const std::string image = fmt::format("<img src=\"{{{{ {} }}}}\"", kTrackedImage);
  if (const auto at = tracked.find(image); at != std::string::npos) {
    tracked.erase(at, tracked.find('>', at) + 1 - at);
  }
  return tracked;
}

void expect_undone(std::string_view html, std::string_view where) {
  const Tracking tracking = find_tracking(html, kAll);
  EXPECT_EQ(undone(tracked_html(html, tracking), html, tracking), html) << where;
}

// What readers get, by the template language's own account: the same but for the targets.
void expect_same_rendering(std::string_view html, std::string_view where) {
  const Tracking tracking = find_tracking(html, kClicks);
  const auto before = liquid::Program::compile(html, liquid::Context::html);
  const auto after = liquid::Program::compile(tracked_html(html, tracking), liquid::Context::html);
  ASSERT_EQ(before.has_value(), after.has_value()) << where;
  if (!before) return;
  const std::string mark = "\x01";
  const std::array members = {liquid::Member{"organisation", liquid::Value::string("Club")},
                              liquid::Member{kTrackedLinkStart, liquid::Value::string(mark)}};
  const liquid::RenderOptions options{.now = Instant{}};
  const auto original = before->render(liquid::Value::object(members), options);
  auto rewritten = after->render(liquid::Value::object(members), options);
  ASSERT_EQ(original.has_value(), rewritten.has_value()) << where;
  if (!original) return;
  for (std::size_t at = 0; (at = rewritten->find(mark, at)) != std::string::npos;) {
    const int number = std::atoi(rewritten->c_str() + at + 1);
    ASSERT_TRUE(number >= 1 && number <= std::ssize(tracking.links)) << where;
    const HtmlLink& link = tracking.links[static_cast<std::size_t>(number) - 1].link;
    std::string value(html.substr(link.begin, link.end - link.begin));
    if (link.is_template) {
      value = liquid::Program::compile(value, liquid::Context::html)
                  ->render(liquid::Value::object(members), options)
                  .value();
    }
    rewritten->replace(at, 1 + std::to_string(number).size(), value);
    at += value.size();
  }
  EXPECT_EQ(*rewritten, *original) << where;
}

TEST(HtmlLinks, AreTheHrefsToTheWebOfAnchorsAndAreas) {
  EXPECT_EQ(targets("<a href=\"https://a.example/x\">a</a><area href='http://b.example'>"
                    "<A HREF=https://c.example/?q=1&amp;r=2>c</A>"),
            (Targets{"https://a.example/x", "http://b.example", "https://c.example/?q=1&r=2"}));
  EXPECT_EQ(
      targets("<link href=\"https://a.example/\"><img src=\"https://a.example/\">"
              "<form action=\"https://a.example/\"><v:roundrect href=\"https://a.example/\">"),
      Targets());
}

TEST(HtmlLinks, LeaveEverythingElseAlone) {
  for (const char* href :
       {"mailto:a@b.example", "tel:+31201234567", "sms:+31201234567", "#top", "/relative", "x.html",
        "javascript:alert(1)", "data:text/html,x", "//a.example/", "", " ", "{{ unsubscribe_url }}",
        "https://user:secret@a.example/"}) {
    EXPECT_EQ(targets(fmt::format("<a href=\"{}\">x</a>", href)), Targets()) << href;
  }
  EXPECT_EQ(targets("<!--[if mso]><a href=\"https://a.example/\">x</a><![endif]-->"), Targets());
  EXPECT_EQ(targets("<!--[if !mso]><!--><a href=\"https://a.example/\">x</a><!--<![endif]-->"),
            Targets{"https://a.example/"});
  EXPECT_EQ(targets("<style>a[href=\"https://a.example/\"]{}</style><title><a href=\"https://b."
                    "example/\"></title>"),
            Targets());
}

TEST(HtmlLinks, AnAuthorCanLeaveOut) {
  EXPECT_EQ(targets("<a href=\"https://a.example/\" data-tidings-track=\"no\">x</a>"), Targets());
  EXPECT_EQ(targets("<a DATA-Tidings-Track=No href=\"https://a.example/\">x</a>"), Targets());
  EXPECT_EQ(targets("<a clicktracking=\"off\" href=\"https://a.example/\">x</a>"), Targets());
  EXPECT_EQ(targets("<a href=\"https://a.example/\" data-tidings-track=\"yes\">x</a>"),
            Targets{"https://a.example/"});
}

TEST(HtmlLinks, MayHoldWhatIsFrozenOfTheRecipient) {
  EXPECT_EQ(targets("<a href=\"https://a.example/?m={{ contact.external_id }}&amp;x=1\">x</a>"),
            Targets{"~https://a.example/?m={{ contact.external_id }}&amp;x=1"});
  EXPECT_EQ(targets("<a href=\"https://a.example/{{ data.order | url_encode }}\">x</a>"),
            Targets{"~https://a.example/{{ data.order | url_encode }}"});
}

TEST(HtmlLinks, ThatCouldLeadAnywhereAreLeftAlone) {
  for (const char* href :
       {"{{ contact.site }}", "https://{{ contact.host }}/", "https://a.example{{ contact.x }}",
        "https://a.example\\{{ contact.x }}/", "{{ contact.scheme }}://a.example/",
        "https://a.example:{{ contact.port }}/", "https://{{ contact.u }}@a.example/",
        "https://a.example/{{ other }}", "https://a.example/{{ contact }}",
        "https://a.example/?u={{ unsubscribe_url }}", "https://a.example/{{ view_in_browser_url }}",
        "https://a.example/{{ sender_verification_url }}",
        "https://a.example/?d={{ 'now' | date: '%s' }}",
        "https://a.example/{% if contact.x %}1{% endif %}"}) {
    EXPECT_EQ(targets(fmt::format("<a href=\"{}\">x</a>", href)), Targets()) << href;
  }
}

TEST(HtmlLinks, ThatLetSomebodyInAreNeverTouched) {
  for (const char* href :
       {"https://a.example/?token={{ contact.external_id }}",
        "https://a.example/?x={{ data.token }}",
        "https://a.example/login/{{ contact.external_id }}",
        "https://a.example/{{ contact.pin_code }}",
        "https://a.example/?id={{ contact.id }}&amp;Key={{ contact.external_id }}",
        "https://a.example/{{ data.reset.password }}", "https://a.example/invite/{{ data.x }}"}) {
    EXPECT_EQ(targets(fmt::format("<a href=\"{}\">x</a>", href)), Targets()) << href;
  }
}

TEST(HtmlLinks, OfANameThatTheTemplateGaveAwayAreLeftAlone) {
  const std::string link = "<a href=\"https://a.example/{{ contact.x }}\">x</a>";
  EXPECT_EQ(targets(link).size(), 1U);
  for (const char* tag : {"{% assign contact = data %}", "{%for contact in data.all%}{%endfor%}",
                          "{% capture contact %}{% endcapture %}", "{%- assign  contact=data -%}",
                          "{% liquid\n assign contact = data\n%}"}) {
    EXPECT_EQ(targets(tag + link), Targets()) << tag;
  }
  EXPECT_EQ(targets("{% assign x = contact.name %}" + link).size(), 1U);
  EXPECT_EQ(targets("{% assign contacts = 1 %}" + link).size(), 1U);
}

TEST(HtmlLinks, InTextThatIsNotPrintedAsItStandsAreLeftAlone) {
  const std::string link = "<a href=\"https://a.example/\">x</a>";
  for (const char* around :
       {"{{% raw %}}{}{{% endraw %}}", "{{% comment %}}{}{{% endcomment %}}",
        "{{% doc %}}{}{{% enddoc %}}", "{{% capture x %}}{}{{% endcapture %}}{{{{ x | size }}}}",
        "{{{{ '{}' }}}}", "{{% assign x = '{}' %}}", "<!-- {} -->"}) {
    EXPECT_EQ(targets(fmt::format(fmt::runtime(around), link)), Targets()) << around;
  }
  EXPECT_EQ(targets("{% if contact.x %}" + link + "{% else %}" + link + "{% endif %}").size(), 2U);
  EXPECT_EQ(targets("{% raw %}{{{% endraw %}{% assign x = \"}}" + link + "\" %}"), Targets());
}

TEST(HtmlLinks, HaveABound) {
  std::string html;
  for (std::size_t i = 0; i < kHtmlLinksMax + 5; ++i) html += "<a href=https://a.example/>x</a>";
  EXPECT_EQ(find_html_links(html).size(), kHtmlLinksMax);
}

TEST(Utm, IsAddedWhereItIsNotThereAndInFrontOfTheFragment) {
  const Utm utm{"news letter", "email", "", "top&1"};
  const auto with = [&](std::string_view href) {
    const std::string html = with_utm(fmt::format("<a href=\"{}\">x</a>", href), utm);
    return html.substr(9, html.size() - 9 - 7);
  };
  EXPECT_EQ(with("https://a.example/"),
            "https://a.example/?utm_source=news%20letter&amp;utm_medium=email&amp;utm_content="
            "top%261");
  EXPECT_EQ(with("https://a.example/?a=1#part"),
            "https://a.example/?a=1&amp;utm_source=news%20letter&amp;utm_medium=email&amp;"
            "utm_content=top%261#part");
  EXPECT_EQ(with("https://a.example/?utm_source=x&amp;utm_medium=y&amp;utm_content"),
            "https://a.example/?utm_source=x&amp;utm_medium=y&amp;utm_content");
  EXPECT_EQ(with("https://a.example/?xutm_source=x&amp;utm_mediums=y&utm_content="),
            "https://a.example/?xutm_source=x&amp;utm_mediums=y&utm_content=&amp;utm_source=news%20"
            "letter&amp;utm_medium=email");
  EXPECT_EQ(with("https://a.example/?"),
            "https://a.example/?utm_source=news%20letter&amp;utm_medium=email&amp;utm_content="
            "top%261");
  EXPECT_EQ(with("https://a.example/&#39;x "),
            "https://a.example/&#39;x?utm_source=news%20letter&amp;utm_medium=email&amp;"
            "utm_content=top%261 ");
  EXPECT_EQ(with("https://a.example/{{ contact.x | default: '#?' }}"),
            "https://a.example/{{ contact.x | default: '#?' }}?utm_source=news%20letter&amp;"
            "utm_medium=email&amp;utm_content=top%261");
  EXPECT_EQ(with("mailto:a@b.example"), "mailto:a@b.example");
  EXPECT_EQ(with_utm("<a href=https://a.example/>x</a>", {}), "<a href=https://a.example/>x</a>");
}

TEST(LinkRewriter, ChangesTargetsAndAddsThePictureBeforeTheEndOfTheBody) {
  const std::string html =
      "<html><body><a class=\"b\" href='https://a.example/?a=1&amp;b=2' title=x>go</a>\r\n"
      "<a href=mailto:x@y.example>m</a></body></html>";
  const Tracking tracking = find_tracking(html, kAll);
  ASSERT_EQ(tracking.links.size(), 1U);
  EXPECT_EQ(tracking.links[0].link.target, "https://a.example/?a=1&b=2");
  const std::string tracked = tracked_html(html, tracking);
  EXPECT_EQ(tracked,
            "<html><body><a class=\"b\" href='{{ _tidings_link }}1' title=x>go</a>\r\n"
            "<a href=mailto:x@y.example>m</a><img src=\"{{ _tidings_image }}\" width=\"1\" "
            "height=\"1\" alt=\"\" border=\"0\" style=\"display:block;width:1px;height:1px;"
            "border:0\"></body></html>");
  EXPECT_EQ(tracked_html(html, {}), html);
}

TEST(LinkRewriter, PutsThePictureWhereLiquidPrintsIt) {
  EXPECT_EQ(find_tracking("<p>x</p>", kAll).image_at, 8U);
  EXPECT_EQ(find_tracking("{% if a %}x</body>{% endif %}", kAll).image_at, 29U);
  EXPECT_EQ(find_tracking("{% raw %}</body>{% endraw %}y", kAll).image_at, 29U);
  EXPECT_EQ(find_tracking("{% if a %}x{% endif %}</body>", kAll).image_at, 22U);
  EXPECT_FALSE(find_tracking("", kAll).on());
}

TEST(LinkRewriter, NamesNobodyWhereOnlyTotalsAreWanted) {
  const std::string html =
      "<a href=\"https://a.example/\">1</a><a href=\"https://a.example/{{ contact.x }}\">2</a>"
      "<a href=\"https://b.example/\">3</a>";
  const Tracking tracking = find_tracking(html, {.clicks = true, .is_total = true});
  ASSERT_EQ(tracking.links.size(), 2U);
  EXPECT_EQ(tracking.links[1].number, 2);
  EXPECT_EQ(tracking.links[1].link.target, "https://b.example/");
}

TEST(LinkRewriter, ALinkWithValuesLeadsWhereTheReaderWouldHaveGone) {
  const auto lead = [](std::string_view target, std::string_view values, bool is_direct = false) {
    const auto link = rendered_link(target, values, is_direct);
    return link ? *link : link.error().code;
  };
  EXPECT_EQ(lead("https://a.example/?m={{ contact.id }}&amp;x=1", R"({"id":"A&B"})"),
            "https://a.example/?m=A&B&x=1");
  EXPECT_EQ(lead("https://a.example/{{ data.n }}", R"({"data":{"n":7},"contact":{}})", true),
            "https://a.example/7");
  EXPECT_EQ(lead("https://a.example/{{ contact.id }}", R"({"id":"x\r\nSet-Cookie: a=b"})"),
            "https://a.example/xSet-Cookie:%20a=b");
  EXPECT_EQ(lead("https://a.example/{{ contact.id }}", "{}"), "https://a.example/");
  EXPECT_EQ(lead("https://a.example/{{ contact.id }}", R"({"id":"../@evil.example/"})"),
            "https://a.example/../@evil.example/");
  // Not as find_html_links() would have let them through.
  EXPECT_EQ(lead("https://a.example{{ contact.id }}", R"({"id":".evil.example/"})"), "link.broken");
  EXPECT_EQ(lead("{{ contact.id }}", R"({"id":"https://evil.example/"})"), "link.broken");
}

TEST(LinkRewriter, CanBeUndoneByteForByteWhateverTheHtml) {
  const std::vector<std::string> pieces = {"<a ",
                                           "<A\n",
                                           "href=",
                                           "HREF = ",
                                           "\"",
                                           "'",
                                           "https://a.example/",
                                           "http://b.example/?x=1&amp;y",
                                           ">",
                                           "</a>",
                                           "<!--",
                                           "-->",
                                           "<!--[if mso]>",
                                           "<![endif]-->",
                                           "{{",
                                           "}}",
                                           "{{ contact.x }}",
                                           "{% raw %}",
                                           "{% endraw %}",
                                           "{% if contact.x %}",
                                           "{% endif %}",
                                           "{% comment %}",
                                           "{% endcomment %}",
                                           "{% capture y %}",
                                           "{% endcapture %}",
                                           "{{ y }}",
                                           "<style>",
                                           "</style>",
                                           "</body>",
                                           "\r\n",
                                           "\t",
                                           " ",
                                           "data-tidings-track=no",
                                           "<area ",
                                           "{%",
                                           "%}",
                                           "\xc3\xa9",
                                           "\xff",
                                           "&#35;",
                                           "#",
                                           "mailto:x",
                                           "<script>",
                                           "</script>",
                                           "<",
                                           "&",
                                           "=",
                                           "/"};
  std::mt19937 random(20261122);  // NOLINT: the same cases every time
  for (int i = 0; i < 20'000; ++i) {
    std::string html;
    const auto count = random() % 24;
    for (unsigned n = 0; n < count; ++n) html += pieces[random() % pieces.size()];
    expect_undone(html, html);
    expect_same_rendering(html, html);
    if (HasFailure()) return;
  }
}

// The folder of third-party test data: TIDINGS_CORPORA, or beside the checkout.
std::filesystem::path corpora() {
  const char* const set = std::getenv("TIDINGS_CORPORA");  // NOLINT: one thread
  return set != nullptr ? set : TIDINGS_SOURCE_DIR "/../shared/corpora";
}

TEST(LinkRewriter, CanBeUndoneByteForByteOnRealHtml) {
  if (!std::filesystem::is_directory(corpora())) {
    GTEST_SKIP() << "there is no folder " << corpora() << " (set TIDINGS_CORPORA)";
  }
  int files = 0;
  std::size_t links = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(corpora())) {
    const auto extension = entry.path().extension();
    if (extension != ".html" && extension != ".htm") continue;
    std::ifstream in(entry.path(), std::ios::binary);
    const std::string html((std::istreambuf_iterator<char>(in)), {});
    ++files;
    links += find_tracking(html, kAll).links.size();
    expect_undone(html, entry.path().string());
    expect_same_rendering(html, entry.path().string());
  }
  EXPECT_GT(files, 0);
  EXPECT_GT(links, 0U);
  fmt::print("{} files, {} links\n", files, links);
}

}  // namespace
}  // namespace tidings::delivery
