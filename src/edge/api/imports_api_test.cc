// Imports through the API: uploaded, looked at, started, reported, undone.
#include <boost/json.hpp>
#include <filesystem>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "edge/api/testing/api_fixture.h"

namespace tidings::api {
namespace {

using ::testing::HasSubstr;

class ImportsApi : public ::testing::TestWithParam<db::testing::Kind> {
 protected:
  testing::Reply ask(std::string_view method, const std::string& target, std::string body = {}) {
    return api_.call(method, target, std::move(body));
  }
  testing::Reply upload(const std::string& csv) {
    return api_.call("POST", "/imports?file_name=class.csv", csv, {{"Content-Type", "text/csv"}});
  }
  // Uploaded, started, at its end.
  std::string imported(const std::string& csv) {
    const auto given = upload(csv);
    EXPECT_EQ(given.status, 201) << given.text;
    if (given.status != 201) return {};
    const std::string id(given.json.at("id").as_string());
    api_.clock().advance(std::chrono::seconds(1));
    const auto started = ask("POST", "/imports/" + id + "/start");
    EXPECT_EQ(started.status, 202) << started.text;
    api_.services().imports->wait_idle();
    api_.clock().advance(std::chrono::seconds(1));
    return id;
  }
  std::string contact(const std::string& words) {
    const auto found = ask("GET", "/contacts?search=" + words);
    EXPECT_EQ(found.status, 200) << found.text;
    const auto& items = found.json.at("items").as_array();
    return items.empty() ? "" : std::string(items[0].at("id").as_string());
  }

  testing::ApiFixture api_{GetParam()};
};

INSTANTIATE_TEST_SUITE_P(On, ImportsApi, ::testing::ValuesIn(db::testing::databases()),
                         [](const auto& info) { return db::testing::kind_name(info); });

TEST_P(ImportsApi, AFileIsLookedAtCorrectedAndStarted) {
  const auto given = upload("E-mail;Voornaam;Klas\nanna@x.org;Anna;3B\nwrong;Bas;3B\n");
  ASSERT_EQ(given.status, 201) << given.text;
  EXPECT_EQ(given.json.at("state"), "uploaded");
  EXPECT_EQ(given.json.at("delimiter"), ";");
  EXPECT_EQ(given.json.at("columns").at(0).at("field"), "email");
  EXPECT_EQ(given.json.at("columns").at(1).at("field"), "first_name");
  EXPECT_EQ(given.json.at("columns").at(2).at("field"), "custom");
  EXPECT_EQ(given.json.at("preview").at(1).at(0), "wrong");
  const std::string target = "/imports/" + std::string(given.json.at("id").as_string());
  const auto changed = ask("PATCH", target, R"({"mappings":["Klas=group"],"groups":["Pupils"]})");
  ASSERT_EQ(changed.status, 200) << changed.text;
  EXPECT_EQ(changed.json.at("columns").at(2).at("field"), "group");
  EXPECT_EQ(ask("PATCH", target, R"({"mappings":["Nothing=email"]})").status, 422);
  EXPECT_EQ(ask("GET", "/contacts").json.at("items").as_array().size(), 0u);

  const auto started = ask("POST", target + "/start");
  ASSERT_EQ(started.status, 202) << started.text;
  api_.services().imports->wait_idle();
  const auto ended = ask("GET", target);
  EXPECT_EQ(ended.json.at("state"), "finished");
  EXPECT_EQ(ended.json.at("created"), 1);
  EXPECT_EQ(ended.json.at("bad"), 1);
  EXPECT_EQ(ask("POST", target + "/start").status, 409);
  const auto report = ask("GET", target + "/report");
  EXPECT_THAT(report.text, HasSubstr("wrong"));
  EXPECT_EQ(ask("GET", "/imports").json.at("items").at(0).at("file_name"), "class.csv");
  const auto anna = ask("GET", "/contacts/" + contact("anna"));
  EXPECT_EQ(anna.json.at("groups").as_array().size(), 3u);
}

TEST_P(ImportsApi, WhatIsNoTableIsRefused) {
  EXPECT_EQ(upload("").status, 422);
  EXPECT_EQ(upload("\n\n").status, 422);
  const auto given = upload("email\na@x.org\n");
  ASSERT_EQ(given.status, 201);
  const std::string target = "/imports/" + std::string(given.json.at("id").as_string());
  EXPECT_EQ(ask("DELETE", target).status, 204);
  EXPECT_EQ(ask("GET", target).status, 404);
  const auto other = api_.everything(api_.other_organisation());
  const std::string mine = "/imports/" + imported("email\nb@x.org\n");
  for (const auto& [method, suffix] :
       std::vector<std::pair<std::string, std::string>>{{"GET", ""},
                                                        {"DELETE", ""},
                                                        {"POST", "/start"},
                                                        {"POST", "/cancel"},
                                                        {"GET", "/events"},
                                                        {"GET", "/report"},
                                                        {"POST", "/undo"}})
    EXPECT_EQ(api_.call_as(other, method, mine + suffix).status, 404) << method << suffix;
}

TEST_P(ImportsApi, AnUndoneImportLeavesWhatWasTouchedSince) {
  imported("email,first_name\nold@x.org,Old\nkept@x.org,Kept\n");
  const std::string second = imported(
      "email,first_name,phone\nold@x.org,Changed,+31612345678\nkept@x.org,Changed too,\n"
      "new@x.org,New,\ntouched@x.org,Touched,\nnoted@x.org,Noted,\n");
  EXPECT_EQ(ask("GET", "/imports/" + second).json.at("updated"), 2);
  EXPECT_EQ(ask("PATCH", "/contacts/" + contact("touched"), R"({"last_name":"Since"})").status,
            200);
  EXPECT_EQ(ask("PATCH", "/contacts/" + contact("kept"), R"({"last_name":"Since"})").status, 200);
  EXPECT_EQ(ask("POST", "/contacts/" + contact("noted") + "/notes", R"({"body":"x"})").status, 201);

  const auto undone = ask("POST", "/imports/" + second + "/undo");
  ASSERT_EQ(undone.status, 200) << undone.text;
  EXPECT_EQ(undone.json.at("removed"), 1);
  EXPECT_EQ(undone.json.at("restored"), 1);
  EXPECT_EQ(undone.json.at("kept"), 3);
  EXPECT_EQ(contact("new"), "");
  const auto old = ask("GET", "/contacts/" + contact("old"));
  EXPECT_EQ(old.json.at("first_name"), "Old");
  EXPECT_EQ(old.json.at("addresses").as_array().size(), 1u);
  EXPECT_EQ(ask("GET", "/contacts/" + contact("kept")).json.at("first_name"), "Changed too");
  EXPECT_EQ(ask("POST", "/imports/" + second + "/undo").status, 409);
  EXPECT_FALSE(ask("GET", "/imports/" + second).json.at("undone_at").is_null());
}

TEST_P(ImportsApi, ColumnsBecomeFieldsAndTypedFieldsAreChecked) {
  ASSERT_EQ(ask("POST", "/custom-fields", R"({"label":"Birth date","type":"date"})").status, 201);
  const std::string id = imported(
      "email,Birth date,Street\na@x.org,3-12-2014,Main\n"
      "b@x.org,soon,Side\n");
  EXPECT_EQ(ask("GET", "/imports/" + id).json.at("created"), 2);
  EXPECT_EQ(ask("GET", "/contacts/" + contact("a@x")).json.at("fields").at("birth_date"),
            "2014-12-03");
  EXPECT_EQ(ask("GET", "/contacts/" + contact("b@x")).json.at("fields").as_object().size(), 1u);
  EXPECT_THAT(ask("GET", "/imports/" + id + "/report").text, HasSubstr("soon"));
  const auto fields = ask("GET", "/custom-fields");
  EXPECT_EQ(fields.json.at("items").at(1).at("name"), "street");
  EXPECT_EQ(fields.json.at("items").at(1).at("type"), "text");
}

TEST_P(ImportsApi, AStartedImportIsCancelledBeforeItsTurnAndBringsNobody) {
  // Nobody runs it: a command that found no server started it.
  auto* const queue = std::exchange(api_.services().imports, nullptr);
  const auto given = upload("email\nlate@x.org\n");
  const std::string target = "/imports/" + std::string(given.json.at("id").as_string());
  EXPECT_EQ(ask("POST", target + "/cancel").status, 404) << "an upload is deleted, not cancelled";
  EXPECT_EQ(ask("POST", target + "/start").json.at("state"), "waiting");
  EXPECT_EQ(ask("POST", target + "/undo").code(), "import.not_finished");
  const auto cancelled = ask("POST", target + "/cancel");
  ASSERT_EQ(cancelled.status, 200) << cancelled.text;
  EXPECT_EQ(cancelled.json.at("state"), "cancelled");
  EXPECT_EQ(ask("POST", target + "/cancel").status, 200) << "twice is once";
  EXPECT_EQ(ask("POST", target + "/start").code(), "import.cancelled");
  api_.services().imports = queue;
  ASSERT_TRUE(queue->resume().has_value());
  queue->wait_idle();
  EXPECT_EQ(contact("late"), "");
  EXPECT_EQ(ask("POST", target + "/undo").status, 200);
}

TEST_P(ImportsApi, WhatAProcessLeftOpenIsTakenUpByTheNextOne) {
  auto* const queue = std::exchange(api_.services().imports, nullptr);
  const auto given = upload("email\nopen@x.org\n");
  const std::string target = "/imports/" + std::string(given.json.at("id").as_string());
  EXPECT_EQ(ask("POST", target + "/start").status, 202);
  api_.services().imports = queue;
  ASSERT_TRUE(queue->resume().has_value());
  queue->wait_idle();
  EXPECT_EQ(ask("GET", target).json.at("state"), "finished");
  EXPECT_NE(contact("open"), "");
  EXPECT_EQ(ask("POST", target + "/cancel").code(), "import.finished");
}

TEST_P(ImportsApi, AnImportWhoseFileIsGoneFailsAndGoesOnWhenItIsBack) {
  auto* const queue = std::exchange(api_.services().imports, nullptr);
  const auto given = upload("email\nback@x.org\n");
  const std::string id(given.json.at("id").as_string());
  EXPECT_EQ(ask("POST", "/imports/" + id + "/start").status, 202);
  api_.services().imports = queue;
  const auto file = api_.services().folder / "imports" / (id + ".csv");
  const auto aside = api_.services().folder / "aside.csv";
  std::filesystem::rename(file, aside);
  ASSERT_TRUE(queue->resume().has_value());
  queue->wait_idle();
  const auto failed = ask("GET", "/imports/" + id);
  EXPECT_EQ(failed.json.at("state"), "failed");
  EXPECT_NE(failed.json.at("problem"), "");
  std::filesystem::rename(aside, file);
  EXPECT_EQ(ask("POST", "/imports/" + id + "/start").status, 202);
  queue->wait_idle();
  EXPECT_EQ(ask("GET", "/imports/" + id).json.at("state"), "finished");
  EXPECT_EQ(ask("GET", "/imports/" + id).json.at("problem"), "");
  EXPECT_FALSE(std::filesystem::exists(file)) << "read to its end: the copy goes";
}

TEST_P(ImportsApi, WhatAnotherFoldersProcessStartedIsLeftToIt) {
  auto* const queue = std::exchange(api_.services().imports, nullptr);
  api_.services().folder_key = "another folder";
  const auto given = upload("email\nelsewhere@x.org\n");
  const std::string target = "/imports/" + std::string(given.json.at("id").as_string());
  EXPECT_EQ(ask("POST", target + "/start").status, 202);
  ASSERT_TRUE(queue->resume().has_value());
  queue->wait_idle();
  EXPECT_EQ(ask("GET", target).json.at("state"), "waiting");
  api_.services().imports = queue;
}

TEST_P(ImportsApi, ImportsOfOneOrganisationComeOneAfterAnother) {
  std::vector<std::string> ids;
  for (int i = 0; i < 5; ++i) {
    std::string csv = "email,first_name\n";
    for (int row = 0; row < 200; ++row) csv += fmt::format("p{}@x.org,Round {}\n", row, i);
    const auto given = upload(csv);
    ids.emplace_back(given.json.at("id").as_string());
    EXPECT_EQ(ask("POST", "/imports/" + ids.back() + "/start").status, 202);
  }
  api_.services().imports->wait_idle();
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const auto job = ask("GET", "/imports/" + ids[i]).json;
    EXPECT_EQ(job.at("state"), "finished");
    EXPECT_EQ(job.at(i == 0 ? "created" : "updated"), 200);
  }
  EXPECT_EQ(ask("GET", "/contacts/" + contact("p199")).json.at("first_name"), "Round 4");
}

TEST_P(ImportsApi, AForeignEncodingIsReadFromTheFirstLookToTheLastRow) {
  const auto given = upload("email;naam\nx@x.org;Zo\xEB\n");
  ASSERT_EQ(given.status, 201) << given.text;
  EXPECT_EQ(given.json.at("encoding"), "Windows-1252");
  EXPECT_EQ(given.json.at("preview").at(0).at(1), "Zoë");
  const std::string target = "/imports/" + std::string(given.json.at("id").as_string());
  EXPECT_EQ(ask("PATCH", target, R"({"encoding":"windows-1250"})").status, 200);
  EXPECT_EQ(ask("POST", target + "/start").status, 202);
  api_.services().imports->wait_idle();
  EXPECT_EQ(ask("GET", "/contacts/" + contact("x@x")).json.at("name"), "Zoë");
}

TEST_P(ImportsApi, AnImportIsUndoneForThirtyDays) {
  const std::string id = imported("email\na@x.org\n");
  api_.clock().advance(std::chrono::days(31));
  EXPECT_EQ(ask("POST", "/imports/" + id + "/undo").code(), "import.too_old");
}

}  // namespace
}  // namespace tidings::api
