// ApiFixture: the API in a test: dispatcher, embedded specification and every area's handlers, on a
// migrated database with one organisation, without sockets. Every answer is checked against the
// specification: one outside of it is a 500 with code api.answer that says what is wrong.
//
//   class GroupsApi : public testing::TestWithParam<db::testing::Kind> {
//    protected:
//     api::testing::ApiFixture api_{GetParam()};
//   };
//   TEST_P(GroupsApi, a_group_is_made_once) {
//     const auto made = api_.call("POST", "/groups", R"({"name": "3B"})");
//     ASSERT_EQ(made.status, 201) << made.text;
//     EXPECT_EQ(made.json.at("name"), "3B");
//   }
//   INSTANTIATE_TEST_SUITE_P(On, GroupsApi, ::testing::ValuesIn(db::testing::databases()),
//       [](const auto& tested) { return db::testing::kind_name(tested); });
//
// Thread: the test's; call() from several at once too.
#pragma once

#include <atomic>
#include <boost/json/value.hpp>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "db/testing/databases.h"
#include "edge/api/call.h"
#include "identity/organisations.h"
#include "identity/permission.h"
#include "net/http_message.h"

namespace tidings::api::testing {

// A clock that stands still until it is moved.
class TestClock final : public Clock {
 public:
  Instant now() const override { return Instant(Duration(micros_.load())); }
  void set(Instant at) { micros_ = to_micros(at); }
  void advance(Duration by) { micros_ += by.count(); }

 private:
  std::atomic<std::int64_t> micros_{1'795'334'400'000'000};  // 2026-11-22T08:00:00Z
};

struct Reply {
  int status = 0;
  boost::json::value json;  // null when the body is not JSON
  std::string text;         // the body
  std::vector<net::HttpHeader> headers;

  std::string header(std::string_view name) const;  // "" without one
  std::string code() const;                         // of a problem; "" when it is none
  // The fields that a problem names, "," between them.
  std::string fields() const;
};

class ApiFixture {
 public:
  explicit ApiFixture(db::testing::Kind kind);
  ~ApiFixture();
  ApiFixture(const ApiFixture&) = delete;

  // As the person at the machine, of organisation(). `target` is what follows /api/v1. A body that
  // is not empty is sent as application/json unless `headers` say otherwise.
  Reply call(std::string_view method, std::string_view target, std::string body = {},
             std::vector<net::HttpHeader> headers = {});
  // For somebody else: another organisation, fewer permissions, a test token.
  Reply call_as(const identity::Principal& who, std::string_view method, std::string_view target,
                std::string body = {}, std::vector<net::HttpHeader> headers = {});
  // Everything allowed, in that organisation.
  identity::Principal everything(OrganisationId organisation) const;
  identity::Principal with(identity::PermissionSet permissions) const;  // in organisation()

  // What sending needs: a verified sender, and a mail server. It is not called on before something
  // runs that delivers.
  SenderId may_send(std::string_view name, std::string_view address,
                    std::string_view server = "smtp://localhost:1");

  OrganisationId organisation() const { return organisation_; }
  // A second one, made at the first call: what it has, nobody else may see (R17).
  OrganisationId other_organisation();
  db::Database& database() { return *database_; }
  IdSource& ids();
  TestClock& clock() { return clock_; }
  // What calls get; set runner and dispatcher in it where a test needs them. Imports run.
  Services& services();
  // Operations of the specification without a handler.
  std::vector<std::string> missing() const;

 private:
  struct Impl;
  OrganisationId make_organisation(std::string_view name);

  db::testing::TestDatabase database_;
  TestClock clock_;
  std::unique_ptr<Impl> impl_;
  OrganisationId organisation_;
  OrganisationId other_organisation_;
};

}  // namespace tidings::api::testing
