// GatedApi: a test of the API through the real gate, as a browser or a program would come: cookies,
// tokens, networks. Where who asks is given, ApiFixture is shorter (api_fixture.h).
#pragma once

#include <cstdio>
#include <string>
#include <string_view>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "db/testing/databases.h"
#include "edge/api/authenticate.h"
#include "edge/api/dispatch.h"
#include "edge/api/gate.h"
#include "edge/api/identity_handlers.h"
#include "edge/api/testing/api_fixture.h"
#include "identity/organisations.h"
#include "identity/secret_box.h"
#include "identity/token_keys.h"
#include "net/router.h"

namespace tidings::api::testing {

class GatedApi : public ::testing::TestWithParam<db::testing::Kind> {
 protected:
  explicit GatedApi(std::string public_url) : public_url_(std::move(public_url)) {
    add_all_handlers(dispatcher_);
    dispatcher_.add_routes(router_, gate_);
  }

  void organisation(OrganisationId id, std::string_view name) {
    ASSERT_TRUE(database_->write(db::Priority::web, [&](db::Connection& c) {
      return identity::create_organisation(c, {id, std::string(name), "en", "UTC", ""},
                                           clock_.now());
    }));
  }
  // From this machine.
  net::Response ask(std::string_view method, std::string_view target, std::string body,
                    std::vector<net::HttpHeader> headers) {
    if (!body.empty()) headers.push_back({"Content-Type", "application/json"});
    auto request = make_request(method, "/api/v1" + std::string(target), std::move(headers), body);
    EXPECT_TRUE(request);
    request->peer = "127.0.0.1:50123";
    return respond(router_, *std::move(request));
  }

  const std::string public_url_;
  db::testing::TestDatabase database_{GetParam()};
  TestClock clock_;
  IdSource ids_{clock_, 1};
  Settings settings_ = resolve_settings({})->settings;
  identity::SecretBox box_ = *identity::SecretBox::from_text(std::string(64, 'a'));
  identity::TokenKeys keys_{*database_, box_, clock_};
  Services services_{.database = *database_,
                     .ids = ids_,
                     .clock = clock_,
                     .settings = settings_,
                     .secrets = box_,
                     .token_keys = keys_,
                     .folder = "",
                     .public_url = public_url_};
  Authenticate authenticate_{*database_,
                             clock_,
                             {.public_url = public_url_,
                              .per_credential = {.per_second = 0},
                              .per_address = {.per_second = 0}}};
  NetworkGate gate_{authenticate_};
  Dispatcher dispatcher_{
      Spec::embedded(), services_, {.checks_answers = true, .report = [](std::string_view what) {
                                      fmt::print(stderr, "api: {}\n", what);
                                    }}};
  net::Router router_;
};

}  // namespace tidings::api::testing
