#include "edge/http/content_routes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/bytes.h"
#include "compose/media.h"
#include "compose/senders.h"
#include "db/testing/databases.h"
#include "identity/organisations.h"

namespace tidings::http {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class ContentRoutes : public ::testing::Test {
 protected:
  ContentRoutes() {
    add_content_routes(router_, {&*database_, &clock_});
    const auto made = database_->write(db::Priority::web, [&](db::Connection& connection) {
      return identity::create_organisation(
          connection, {organisation_, "A <b>& \"B\"", "nl", "UTC", ""}, clock_.now());
    });
    EXPECT_TRUE(made);
  }

  net::Response ask(std::string_view method, std::string path, std::string body = "",
                    std::vector<net::HttpHeader> headers = {}) {
    auto match = router_.match(method, path);
    if (match.route == nullptr) return net::Response::text(404, "no route");
    net::Request request;
    request.method = method;
    request.path = path;
    request.path_params = std::move(match.params);
    request.headers = std::move(headers);
    if (!body.empty()) {
      request.headers.push_back({"Content-Type", "application/x-www-form-urlencoded"});
    }
    request.body = std::move(body);
    return match.route->handler(request);
  }
  compose::Media store(std::string_view name, std::string_view content) {
    return *database_->write_value(db::Priority::web, [&](db::Connection& connection) {
      return compose::store_media(connection, ids_, organisation_, {name, content, "Ann"},
                                  clock_.now());
    });
  }
  std::string sender_link() {
    return "/sender/" +
           *database_->write_value(
               db::Priority::web, [&](db::Connection& connection) -> Result<std::string> {
                 const auto id = TRY(compose::create_sender(connection, ids_, organisation_,
                                                            {"Office", "office@example.org", ""},
                                                            clock_.now()));
                 const std::string token = to_base64url(random_bytes(24));
                 TRY(compose::begin_verification(connection, organisation_, id, token,
                                                 clock_.now()));
                 return token;
               });
  }

  SystemClock clock_;
  IdSource ids_{clock_, 1};
  OrganisationId organisation_ = ids_.next<OrganisationId>();
  db::testing::TestDatabase database_{db::testing::Kind::sqlite_memory};
  net::Router router_;
};

TEST_F(ContentRoutes, an_image_is_shown_cached_and_cannot_run_anything) {
  const auto media = store("logo één.png", "\x89PNG\r\n\x1a\nxxxx");
  const auto shown = ask("GET", media.public_path());
  EXPECT_EQ(shown.status, 200);
  EXPECT_EQ(shown.header("Content-Type"), "image/png");
  EXPECT_THAT(std::string(shown.header("Cache-Control")), HasSubstr("immutable"));
  EXPECT_EQ(shown.header("X-Content-Type-Options"), "nosniff");
  EXPECT_THAT(std::string(shown.header("Content-Security-Policy")), HasSubstr("sandbox"));
  EXPECT_TRUE(shown.header("Content-Disposition").empty());
  const auto again =
      ask("GET", media.public_path(), "", {{"If-None-Match", std::string(shown.header("ETag"))}});
  EXPECT_EQ(again.status, 304);
  EXPECT_TRUE(again.body.empty());
}

TEST_F(ContentRoutes, svg_and_html_are_only_downloads) {
  for (const std::string_view name : {"a.svg", "a.html", "fake.png", "a.xhtml"}) {
    const auto media = store(name, "<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>");
    const auto shown = ask("GET", media.public_path());
    EXPECT_EQ(shown.status, 200) << name;
    EXPECT_EQ(shown.header("Content-Type"), "application/octet-stream") << name;
    EXPECT_THAT(std::string(shown.header("Content-Disposition")), HasSubstr("attachment")) << name;
    EXPECT_EQ(shown.header("X-Content-Type-Options"), "nosniff") << name;
  }
}

TEST_F(ContentRoutes, a_file_is_not_found_by_guessing_nor_under_another_name) {
  const auto media = store("logo.png", "\x89PNG\r\n\x1a\nxxxx");
  EXPECT_EQ(ask("GET", "/m/AAAAAAAAAAAAAAAAAAAAAA/logo.png").status, 404);
  EXPECT_EQ(ask("GET", "/m/" + media.token + "/page.html").status, 404);
  EXPECT_EQ(ask("GET", "/m/" + to_text(media.id) + "/logo.png").status, 404);
}

TEST_F(ContentRoutes, looking_at_a_senders_link_confirms_nothing_and_the_button_does) {
  const std::string link = sender_link();
  for (int i = 0; i < 3; ++i) {
    const auto page = ask("GET", link);
    EXPECT_EQ(page.status, 200);
    EXPECT_THAT(page.body, HasSubstr("<button"));
    EXPECT_THAT(page.body, HasSubstr("Is dit uw adres?"));
    EXPECT_THAT(page.body, HasSubstr("office@example.org"));
    EXPECT_THAT(page.body, HasSubstr("A &lt;b&gt;&amp; &quot;B&quot;"));
    EXPECT_THAT(page.body, Not(HasSubstr("<b>")));
  }
  EXPECT_EQ(ask("POST", link, "action=other").status, 400);
  EXPECT_THAT(ask("GET", link).body, HasSubstr("<button"));
  const auto done = ask("POST", link, "action=confirm", {{"Accept-Language", "en"}});
  EXPECT_EQ(done.status, 200);
  EXPECT_THAT(done.body, HasSubstr("Confirmed"));
  EXPECT_THAT(ask("GET", link).body, Not(HasSubstr("<button")));
  EXPECT_EQ(ask("POST", link, "action=confirm").status, 200);
}

TEST_F(ContentRoutes, a_forged_senders_link_is_no_link) {
  for (const std::string& token : {std::string("x"), std::string(32, 'A'), std::string(43, 'A'),
                                   std::string("%3Cscript%3E")}) {
    EXPECT_EQ(ask("GET", "/sender/" + token).status, 404);
    const auto posted = ask("POST", "/sender/" + token, "action=confirm");
    EXPECT_EQ(posted.status, 404);
    EXPECT_THAT(posted.body, Not(HasSubstr("<script>")));
  }
}

}  // namespace
}  // namespace tidings::http
