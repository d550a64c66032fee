// call_api(): the same call by the socket of the process that holds the folder, and in this
// process.
#include <boost/json.hpp>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>

#include <gtest/gtest.h>
#include <unistd.h>

#include "edge/cli/api_client.h"
#include "edge/cli/api_service.h"
#include "identity/token_keys.h"
#include "net/event_loop.h"
#include "net/http_server.h"
#include "net/router.h"
#include "net/worker_pool.h"

namespace tidings::cli {
namespace {

namespace json = boost::json;

// Holds the folder and answers at its socket, as `tidings serve` does.
class Holder {
 public:
  explicit Holder(const WorkplaceOptions& options) {
    WorkplaceOptions writing = options;
    writing.access = Access::write;
    workplace_ = std::move(Workplace::open(writing).value());
    keys_ = std::make_unique<identity::TokenKeys>(workplace_->database(), workplace_->secrets(),
                                                  workplace_->clock());
    service_ = std::make_unique<ApiService>(
        ApiParts{.workplace = workplace_.get(), .token_keys = keys_.get(), .public_url = ""});
    net::Router router;
    service_->add_local_routes(router);
    server_ = std::make_unique<net::HttpServer>(loop_, pool_, std::move(router));
    EXPECT_TRUE(server_->listen_local(workplace_->socket_path()));
    thread_ = std::thread([this] { loop_.run(); });
  }
  ~Holder() {
    loop_.stop();
    thread_.join();
    pool_.stop();
    server_.reset();
  }

 private:
  std::unique_ptr<Workplace> workplace_;
  std::unique_ptr<identity::TokenKeys> keys_;
  std::unique_ptr<ApiService> service_;
  net::EventLoop loop_;
  net::WorkerPool pool_{2};
  std::unique_ptr<net::HttpServer> server_;
  std::thread thread_;
};

// Whether another process, here a thread, holds the folder.
class CallApi : public ::testing::TestWithParam<bool> {
 protected:
  CallApi() {
    std::string name = (std::filesystem::temp_directory_path() / "tidings-call-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
    options_.data = folder_ / "data";
    WorkplaceOptions making = options_;
    making.access = Access::write;
    making.create = true;
    EXPECT_TRUE(Workplace::open(making));
    if (GetParam()) holder_ = std::make_unique<Holder>(options_);
  }
  ~CallApi() override {
    holder_.reset();
    std::filesystem::remove_all(folder_);
  }

  std::filesystem::path folder_;
  WorkplaceOptions options_;
  std::unique_ptr<Holder> holder_;
};

INSTANTIATE_TEST_SUITE_P(By, CallApi, ::testing::Bool(),
                         [](const auto& tested) { return tested.param ? "Socket" : "OwnProcess"; });

TEST_P(CallApi, what_one_call_makes_the_next_one_finds) {
  const auto made = call_api(options_, "POST", "/groups", json::object{{"name", "Parents"}});
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(made->status, 201);
  EXPECT_EQ(made->body.at("name"), "Parents");
  const auto listed = call_api(options_, "GET", "/groups?limit=5");
  ASSERT_TRUE(listed) << listed.error().message;
  EXPECT_EQ(listed->status, 200);
  EXPECT_EQ(listed->body.at("items").as_array().size(), 1U);
  EXPECT_NE(listed->text.find("Parents"), std::string::npos);
  const std::string id(made->body.at("id").as_string());
  const auto gone = call_api(options_, "DELETE", "/groups/" + id);
  ASSERT_TRUE(gone) << gone.error().message;
  EXPECT_EQ(gone->status, 204);
  EXPECT_TRUE(gone->body.is_null());
}

TEST_P(CallApi, a_problem_is_an_error_with_its_code_and_sentence) {
  const auto unknown = call_api(options_, "GET", "/groups/0000000000001");
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().kind, ErrorKind::not_found);
  EXPECT_EQ(unknown.error().code, "group.not_found");
  EXPECT_NE(unknown.error().message, "");
  const auto wrong = call_api(options_, "POST", "/groups", json::object{{"nome", "x"}});
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().kind, ErrorKind::invalid);
  const auto nowhere = call_api(options_, "GET", "/nothing");
  ASSERT_FALSE(nowhere);
  EXPECT_EQ(nowhere.error().kind, ErrorKind::not_found);
}

TEST_P(CallApi, another_folder_is_not_answered_for) {
  WorkplaceOptions other;
  other.data = folder_ / "other";
  const auto answered = call_api(other, "GET", "/groups");
  ASSERT_FALSE(answered);
  EXPECT_EQ(answered.error().code, "workplace.missing");
}

TEST(CallApiTargets, a_target_with_odd_characters_is_refused_not_sent) {
  WorkplaceOptions options;
  options.data = "/nonexistent";
  EXPECT_FALSE(call_api(options, "GET", "/groups\r\nX: y"));
}

}  // namespace
}  // namespace tidings::cli
