// The public pages as mail programs, link scanners and people meet them: through the real server.
#include <filesystem>
#include <memory>
#include <string>
#include <thread>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "db/testing/databases.h"
#include "edge/http/public_pages.h"
#include "edge/http/serve_routes.h"
#include "feedback/unsubscribe.h"
#include "net/http_server.h"
#include "net/local_client.h"

namespace tidings::http {
namespace {

constexpr std::string_view kForm = "application/x-www-form-urlencoded";

net::Response refuse(int status, std::string_view why, std::string_view) {
  return refusal_page(status, why);
}

class PublicRoutes : public ::testing::Test {
 protected:
  SystemClock clock_;
  IdSource ids_{clock_, 1};
  db::testing::TestDatabase database_{db::testing::Kind::sqlite_memory};
  identity::SecretBox box_ = *identity::SecretBox::from_text(std::string(64, '1'));
  identity::TokenKeys keys_{*database_, box_, clock_};
  feedback::Unsubscriber unsubscriber_{
      *database_, keys_,
      [](db::Connection& connection,
         const feedback::UnsubscribeEvidence& evidence) -> Result<void> {
        if (!evidence.type) return {};
        TRY(connection.execute(
            {"test.add_event",
             "INSERT INTO event (organisation_id, message_id, id, type, occurred_at, recorded_at, "
             "source, data) SELECT $1, $2, COALESCE(MAX(id), 0) + 1, $3, $4, $4, $5, '{}' FROM "
             "event"},
            {evidence.organisation_id, evidence.message_id, static_cast<int>(*evidence.type),
             evidence.occurred_at, evidence.source}));
        return {};
      },
      ids_, clock_};
  std::filesystem::path socket_ =
      std::filesystem::temp_directory_path() / fmt::format("tidings_routes_{}.sock", ::getpid());
  bool is_journal_well_ = true;
  net::EventLoop loop_;
  net::WorkerPool pool_;
  std::unique_ptr<net::HttpServer> server_;
  std::thread thread_;
  std::string link_;

  void SetUp() override {
    const auto made = database_->write(db::Priority::web, [](db::Connection& c) {
      return c.run_script(
          "INSERT INTO organisation (id, name, locale, time_zone, postal_address, settings, "
          "created_at) VALUES (1, 'A <b>&amp; \"B\"', 'nl', 'UTC', '', '{}', 0);"
          "INSERT INTO message (organisation_id, id, campaign_id, content_version_id, kind, "
          "channel, contact_id, address, normalised, values_hash, message_values, state, status, "
          "reason, attempts, due_at, is_ambiguous, queued_at, changed_at) VALUES (1, 100, NULL, 1, "
          "0, 0, NULL, '<script>x@example.org', '<script>x@example.org', 0, '{}', 3, 3, '', 1, 0, "
          "0, 0, 0);");
    });
    ASSERT_TRUE(made) << made.error().message;
    link_ = "/u/" + (*keys_.current(OrganisationId{1}))
                        ->sign(MessageId{100})
                        .url(wire::TokenPurpose::unsubscribe);
    net::Router router;
    add_public_routes(router, {.database = &*database_,
                               .unsubscriber = &unsubscriber_,
                               .check_journal = [this]() -> Result<void> {
                                 if (is_journal_well_) return {};
                                 return fail(ErrorKind::limit, "journal.full", "secret disk words");
                               },
                               .organisation_name = "School",
                               .data_folder = "./my data"});
    server_ = std::make_unique<net::HttpServer>(loop_, pool_, std::move(router),
                                                net::HttpServerOptions{.error_page = refuse});
    ASSERT_TRUE(server_->listen_local(socket_));
    thread_ = std::thread([this] { loop_.run(); });
  }
  void TearDown() override {
    loop_.stop();
    if (thread_.joinable()) thread_.join();
    server_.reset();
    pool_.stop();
  }

  net::Response get(std::string_view target) { return ask({.target = target}); }
  net::Response post(std::string_view target, std::string_view body,
                     std::string_view type = kForm) {
    return ask({.method = "POST", .target = target, .body = body, .content_type = type});
  }
  net::Response ask(const net::LocalRequest& request) {
    auto answer = net::request_local(socket_, request);
    EXPECT_TRUE(answer) << answer.error().message;
    return answer ? std::move(*answer) : net::Response{.status = 0};
  }
  bool is_unsubscribed() { return unsubscriber_.look(link_.substr(3))->is_unsubscribed; }
};

TEST_F(PublicRoutes, a_link_scanner_that_follows_every_link_changes_nothing) {
  for (int i = 0; i < 3; ++i) {
    const auto page = get(link_);
    EXPECT_EQ(page.status, 200);
    EXPECT_NE(page.body.find("<form method=\"post\">"), std::string::npos);
  }
  EXPECT_EQ(get(link_ + "?List-Unsubscribe=One-Click&action=unsubscribe").status, 200);
  EXPECT_EQ(ask({.method = "HEAD", .target = "/"}).status, 200);
  EXPECT_EQ(ask({.method = "PUT", .target = link_, .body = "x"}).status, 405);
  EXPECT_FALSE(is_unsubscribed());
}

TEST_F(PublicRoutes, one_click_works_as_form_and_as_form_data_without_redirect_or_cookie) {
  const std::string multipart =
      "--b\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n"
      "--b--\r\n";
  for (const bool is_multipart : {false, true}) {
    const auto answer = is_multipart ? post(link_, multipart, "multipart/form-data; boundary=b")
                                     : post(link_, "List-Unsubscribe=One-Click");
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.header("Location"), "");
    EXPECT_EQ(answer.header("Set-Cookie"), "");
    EXPECT_TRUE(is_unsubscribed()) << "committed before it was answered";
    EXPECT_EQ(post(link_, "action=resubscribe").status, 200);
    EXPECT_FALSE(is_unsubscribed());
  }
}

TEST_F(PublicRoutes, a_person_presses_the_button_and_may_undo_it) {
  EXPECT_NE(post(link_, "action=unsubscribe").body.find("value=\"resubscribe\""),
            std::string::npos);
  EXPECT_TRUE(is_unsubscribed());
  EXPECT_NE(get(link_).body.find("value=\"resubscribe\""), std::string::npos)
      << "opening the link again shows that it is done";
  EXPECT_NE(post(link_, "action=resubscribe").body.find("value=\"unsubscribe\""),
            std::string::npos);
  EXPECT_FALSE(is_unsubscribed());
}

TEST_F(PublicRoutes, the_preference_page_shows_saves_and_undoes_without_a_script) {
  const std::string page = "/p/" + link_.substr(3);
  for (int i = 0; i < 2; ++i) {
    const auto shown = get(page + "?action=none");
    EXPECT_EQ(shown.status, 200);
    EXPECT_NE(shown.body.find("name=\"on\" value=\"email:other=1\" checked"), std::string::npos);
    EXPECT_EQ(shown.body.find("<script"), std::string::npos);
    EXPECT_FALSE(is_unsubscribed()) << "looking changes nothing";
  }
  const auto saved = post(page, "action=save&shown=email:other=0");
  EXPECT_EQ(saved.status, 200);
  EXPECT_EQ(saved.header("Location"), "");
  EXPECT_EQ(saved.header("Set-Cookie"), "");
  EXPECT_TRUE(is_unsubscribed());
  EXPECT_NE(saved.body.find("name=\"was\" value=\"email:other=1\""), std::string::npos);
  EXPECT_EQ(post(page, "action=restore&was=email%3Aother%3D1").status, 200);
  EXPECT_FALSE(is_unsubscribed());
  EXPECT_EQ(post(page, "action=none&shown=email:other=0").status, 200);
  EXPECT_TRUE(is_unsubscribed());
  EXPECT_EQ(post(page, "action=save&shown=email:other=0&on=email:other=1").status, 200);
  EXPECT_FALSE(is_unsubscribed());
  for (const auto* body : {"x=y", "action=", "List-Unsubscribe=One-Click", "action=delete"}) {
    EXPECT_EQ(post(page, body).status, 400) << body;
  }
  EXPECT_EQ(post(page, "action=save&shown=" + std::string(60'000, ',')).status, 200);
  EXPECT_EQ(post(page, "action=save&shown=" + std::string(70'000, ',')).status, 413);
  EXPECT_EQ(post("/p/" + std::string(32, 'A'), "action=none").status, 404);
  EXPECT_FALSE(is_unsubscribed());
}

TEST_F(PublicRoutes, a_post_that_does_not_say_what_to_do_does_nothing) {
  for (const auto* body : {"x=y", "action=", "action=delete", "List-Unsubscribe=No", "%00",
                           "list-unsubscribe=one-click"}) {
    EXPECT_EQ(post(link_, body).status, 400) << body;
  }
  EXPECT_EQ(post(link_, "{}", "application/json").status, 415);
  EXPECT_EQ(post(link_, "broken", "multipart/form-data; boundary=b").status, 400);
  EXPECT_EQ(post(link_, std::string(17'000, 'x')).status, 413);
  EXPECT_FALSE(is_unsubscribed());
}

TEST_F(PublicRoutes, a_wrong_link_is_told_kindly_and_alike) {
  const std::string other = link_.substr(0, link_.size() - 1) + (link_.ends_with('A') ? "B" : "A");
  for (const std::string& target :
       {other, std::string("/u/x"), std::string("/u/%3Cscript%3E"), "/u/" + std::string(3000, 'A'),
        link_ + "A", link_.substr(0, link_.size() - 1)}) {
    for (const auto& answer : {get(target), post(target, "List-Unsubscribe=One-Click")}) {
      EXPECT_EQ(answer.status, 404) << target;
      EXPECT_NE(answer.body.find("This link does not work"), std::string::npos);
      EXPECT_EQ(answer.body.find("<script"), std::string::npos);
    }
  }
  EXPECT_FALSE(is_unsubscribed());
}

TEST_F(PublicRoutes, hostile_values_in_the_database_stay_text) {
  for (const auto& page : {get(link_), post(link_, "action=unsubscribe")}) {
    EXPECT_EQ(page.body.find("<script"), std::string::npos);
    EXPECT_NE(page.body.find("A &lt;b&gt;&amp;amp; &quot;B&quot;"), std::string::npos);
    EXPECT_NE(page.body.find("&lt;•••@example.org"), std::string::npos);
    EXPECT_NE(page.body.find("<html lang=\"nl\">"), std::string::npos) << "the organisation's";
  }
}

TEST_F(PublicRoutes, health_says_ready_only_when_it_can_record) {
  EXPECT_EQ(get("/livez").status, 200);
  EXPECT_EQ(get("/readyz").body, "ready\n");
  is_journal_well_ = false;
  const auto journal = get("/readyz");
  EXPECT_EQ(journal.status, 503);
  EXPECT_EQ(journal.body, "not ready: journal\n");
  is_journal_well_ = true;
  database_->close();
  EXPECT_EQ(get("/livez").status, 200);
}

TEST_F(PublicRoutes, when_the_database_is_gone_nothing_is_promised) {
  database_->close();
  const auto answer = post(link_, "List-Unsubscribe=One-Click");
  EXPECT_EQ(answer.status, 503);
  EXPECT_NE(answer.header("Retry-After"), "");
  EXPECT_EQ(answer.body.find("db."), std::string::npos);
}

TEST_F(PublicRoutes, the_home_page_shows_commands_to_the_operator_only) {
  EXPECT_EQ(get("/").body.find("my data"), std::string::npos) << "not asked for over loopback";
  net::Router router;
  add_public_routes(router, {.database = &*database_,
                             .unsubscriber = &unsubscriber_,
                             .organisation_name = "School",
                             .data_folder = "./my data"});
  const auto match = router.match("GET", "/");
  net::Request request;
  request.peer = "127.0.0.1:50000";
  request.headers = {{"Host", "localhost:8080"}};
  EXPECT_NE(match.route->handler(request).body.find("--data &#39;./my data&#39;"),
            std::string::npos);
  request.headers = {{"Host", "[::1]"}};
  EXPECT_NE(match.route->handler(request).body.find("my data"), std::string::npos);
  request.headers = {{"Host", "mail.example.org"}};
  EXPECT_EQ(match.route->handler(request).body.find("my data"), std::string::npos);
  request.headers = {{"Host", "localhost"}, {"X-Forwarded-For", "192.0.2.1"}};
  EXPECT_EQ(match.route->handler(request).body.find("my data"), std::string::npos);
}

}  // namespace
}  // namespace tidings::http
