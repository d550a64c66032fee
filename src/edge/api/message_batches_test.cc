// Messages of calls that come at the same time: as if each had come alone.
#include "edge/api/message_batches.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include "edge/api/testing/content_fixture.h"

namespace tidings::api {
namespace {

class MessageBatchesApi : public testing::ContentFixture {
 protected:
  MessageBatchesApi() {
    make_sandbox();
    sender_ = make_sender();
    EXPECT_TRUE(api_.database().write(db::Priority::web, [](db::Connection& c) -> Result<void> {
      TRY(c.execute({"test.verify", "UPDATE sender SET verified_at = 1"}, {}));
      return {};
    }));
    make("/templates", fmt::format(R"({{"name": "receipt", "kind": "transactional", "draft": )"
                                   R"({{"sender_id": "{}", "subject": "Order {{{{ data.n }}}}", )"
                                   R"("text": "For {{{{ contact.first_name }}}}"}}}})",
                                   sender_));
  }
  std::string body(std::string_view to, std::string_view data = R"({"n": 1})") {
    return fmt::format(R"({{"to": "{}", "template": "receipt", "data": {}}})", to, data);
  }
  testing::Reply call(std::string body, std::string key = {}) {
    std::vector<net::HttpHeader> headers;
    if (!key.empty()) headers.push_back({"Idempotency-Key", std::move(key)});
    return api_.call("POST", "/messages", std::move(body), std::move(headers));
  }
  std::string sender_;
};
INSTANTIATE_TEST_SUITE_P(On, MessageBatchesApi, ::testing::ValuesIn(db::testing::databases()),
                         db::testing::kind_name<::testing::TestParamInfo<db::testing::Kind>>);

TEST_P(MessageBatchesApi, ManyCallsAtOnceAreEachAnsweredAsIfAlone) {
  constexpr int kRounds = 4;
  constexpr int kThreads = 24;
  ASSERT_EQ(call(body("known@home.example")).status, 202);
  std::vector<std::vector<testing::Reply>> replies(kThreads);
  std::atomic<int> ready = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      ++ready;
      while (ready < kThreads) std::this_thread::yield();
      for (int r = 0; r < kRounds; ++r) {
        auto& mine = replies[t];
        if (t < 6) mine.push_back(call(body(fmt::format("new{}@home.example", r))));
        if (t >= 6 && t < 12)
          mine.push_back(call(body("known@home.example"), fmt::format("{}", r)));
        if (t >= 12 && t < 15) mine.push_back(call(body("known@home.example", "{}")));
        if (t >= 15 && t < 18) mine.push_back(call(body("nobody at all")));
        if (t >= 18) mine.push_back(call(body(fmt::format("p{}x{}@home.example", t, r))));
      }
    });
  }
  for (auto& thread : threads) thread.join();
  std::map<int, std::string> by_key;
  for (int t = 0; t < kThreads; ++t) {
    for (int r = 0; r < kRounds; ++r) {
      const auto& reply = replies[t][r];
      EXPECT_EQ(reply.status, t >= 12 && t < 18 ? 422 : 202) << t << ": " << reply.text;
      if (t >= 12 && t < 15) EXPECT_EQ(reply.code(), "message.missing_data");
      if (t < 6 || t >= 12) continue;
      const std::string id(reply.json.at("id").as_string());
      EXPECT_EQ(by_key.try_emplace(r, id).first->second, id) << "one key, one message";
    }
  }
  EXPECT_EQ(count("SELECT COUNT(*) FROM message"), 1 + kRounds * (6 + 1 + 6));
  EXPECT_EQ(count("SELECT COUNT(*) FROM send_out"), 1 + kRounds * (6 + 1 + 6));
  // Each address is one contact, however many called with it at once.
  EXPECT_EQ(count("SELECT COUNT(*) FROM contact"), 1 + kRounds * (1 + 6));
  EXPECT_EQ(count("SELECT COUNT(*) FROM contact_address"), 1 + kRounds * (1 + 6));
  EXPECT_EQ(count("SELECT COUNT(*) FROM suppression WHERE reason = 'no_consent'"),
            1 + kRounds * (1 + 6));
  EXPECT_EQ(count("SELECT COUNT(*) FROM message_about"), 1 + kRounds * (6 + 1 + 6));
  EXPECT_EQ(count("SELECT COUNT(*) FROM idempotency_key"), kRounds);
  // Those that became contacts are found by their words.
  const auto found = api_.call("GET", "/contacts?search=p20x2");
  ASSERT_EQ(found.status, 200) << found.text;
  EXPECT_EQ(found.json.at("items").as_array().size(), 1u);
}

TEST_P(MessageBatchesApi, AKeyWhoseCallFailedIsFreeAgain) {
  EXPECT_EQ(call(body("known@home.example", "{}"), "k").status, 422);
  EXPECT_EQ(count("SELECT COUNT(*) FROM idempotency_key"), 0);
  const auto sent = call(body("known@home.example"), "k");
  EXPECT_EQ(sent.status, 202);
  EXPECT_EQ(call(body("known@home.example"), "k").json.at("id"), sent.json.at("id"));
  EXPECT_EQ(call(body("known@home.example", "{}"), "k").code(), "call.key_reused");
}

}  // namespace
}  // namespace tidings::api
