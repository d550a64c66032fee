#include "domain/settings.h"

#include <fstream>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tidings {
namespace {

Result<ResolvedSettings> with_file(std::string_view text) {
  return resolve_settings({.file_text = text});
}

TEST(SettingsTest, WithoutAnyWordTheDefaultsHold) {
  const auto resolved = with_file("");
  ASSERT_TRUE(resolved.has_value());
  EXPECT_EQ(resolved->settings.listen, "127.0.0.1:8080");
  EXPECT_EQ(resolved->settings.connections, 10);
  EXPECT_EQ(resolved->settings.retry.campaign.delays, RetryPolicy().delays);
  EXPECT_EQ(resolved->settings.retry.campaign.expiry, RetryPolicy().expiry);
  EXPECT_EQ(resolved->settings.journal_sync_interval, std::chrono::milliseconds(100));
  EXPECT_EQ(resolved->settings.attachment_bytes_max, 25'000'000);
  EXPECT_EQ(resolved->settings.api_rate, 100);
  EXPECT_EQ(resolved->settings.api_burst, 500);
  EXPECT_EQ(resolved->settings.address_rate, 10);
  EXPECT_EQ(resolved->settings.address_burst, 60);
  EXPECT_EQ(resolved->values.size(), declared_settings().size());
}

TEST(SettingsTest, FlagsOverruleTheEnvironmentWhichOverrulesTheFile) {
  SettingsInput input{
      .file_text = "connections = 1\nrate = 2.5\nlisten = \"0.0.0.0:81\"\n",
      .file_name = "d/tidings.toml",
      .environment = {{"TIDINGS_CONNECTIONS", "2"}, {"TIDINGS_RATE", "7"}, {"PATH", "/bin"}},
      .flags = {{"connections", "3"}}};
  const auto resolved = resolve_settings(input);
  ASSERT_TRUE(resolved.has_value()) << resolved.error().message;
  EXPECT_EQ(resolved->settings.connections, 3);
  EXPECT_EQ(resolved->values.at("connections").place, "--connections");
  EXPECT_EQ(resolved->settings.rate_per_second, 7);
  EXPECT_EQ(resolved->values.at("rate").place, "TIDINGS_RATE");
  EXPECT_EQ(resolved->settings.listen, "0.0.0.0:81");
  EXPECT_EQ(resolved->values.at("listen").place, "d/tidings.toml:3");
  EXPECT_EQ(resolved->values.at("lease").source, SettingSource::built_in);
}

TEST(SettingsTest, EveryTypeIsReadFromTheFile) {
  const auto resolved = with_file(
      "retry_delays = [\"1m\", \"2h\"]\nretry_expiry = '2d'\nattachment_bytes_max = 5000\n"
      "public_url = \"https://post.example.org\"\ndatabase = \"sqlite:x.db\"\nrate = 20\n"
      "dns_servers = [\"192.0.2.53\", \"::1@5353\"]\nsending_addresses = \"192.0.2.1\"\n");
  ASSERT_TRUE(resolved.has_value()) << resolved.error().message;
  const auto& settings = resolved->settings;
  EXPECT_EQ(settings.retry.campaign.delays,
            (std::vector<Duration>{std::chrono::minutes(1), std::chrono::hours(2)}));
  EXPECT_EQ(settings.retry.campaign.expiry, std::chrono::hours(48));
  EXPECT_EQ(settings.attachment_bytes_max, 5000);
  EXPECT_EQ(settings.public_url, "https://post.example.org");
  EXPECT_EQ(settings.rate_per_second, 20);
  EXPECT_EQ(settings.dns_servers, (std::vector<std::string>{"192.0.2.53", "::1@5353"}));
  EXPECT_EQ(settings.sending_addresses, std::vector<std::string>{"192.0.2.1"});
  for (const char* bad : {"dns_servers = \"ns.example.org\"", "dns_servers = \"192.0.2.53@0\"",
                          "sending_addresses = \"192.0.2.1@25\"", "sending_addresses = \"host\""}) {
    EXPECT_FALSE(with_file(bad)) << bad;
  }
}

struct Refused {
  const char* text;
  const char* code;
  const char* words;  // somewhere in the sentence
};

TEST(SettingsTest, WhatIsWrongIsToldWithPlaceAndRemedy) {
  const Refused cases[] = {
      {"\nlistn = \"a:1\"", "settings.unknown",
       "tidings.toml:2: there is no setting \"listn\"; did "
       "you mean \"listen\"?"},
      {"colour = 1", "settings.unknown", "tidings config --explain"},
      {"[server]\nport = 1", "settings.unknown", "server"},
      {"connections = \"10\"", "settings.type", "without quotes"},
      {"connections = true", "settings.type", "a whole number from 1 to 1000"},
      {"connections = 1.5", "settings.type", "whole number"},
      {"connections = 0", "settings.bounds", "from 1 to 1000, not \"0\""},
      {"connections = 99999999999999", "settings.bounds", "1000"},
      {"rate = -1", "settings.bounds", "from 0"},
      {"rate = nan", "settings.type", "a number"},
      {"rate = inf", "settings.type", "a number"},
      {"lease = 60", "settings.type", "90s"},
      {"lease = \"1h1\"", "settings.type", "a duration"},
      {"journal_sync = \"1h\"", "settings.bounds", "from 1ms to 10s"},
      {"retry_delays = []", "settings.type", "durations"},
      {"retry_delays = [\"1m\", 2]", "settings.type", "durations"},
      {"retry_delays = \"1m,,2m\"", "settings.type", "durations"},
      {"retry_delays = [\"2d\"]", "settings.bounds", "1d"},
      {"listen = \"8080\"", "settings.type", "ADDRESS:PORT"},
      {"listen = \"127.0.0.1:70000\"", "settings.type", "ADDRESS:PORT"},
      {"listen = \"\"", "settings.type", "ADDRESS:PORT"},
      {"public_url = \"example.org\"", "settings.type", "https://"},
      {"public_url = \"https://example.org/\"", "settings.type", "without a slash"},
      {"public_url = \"https://a\\r\\nBcc: b\"", "settings.type", "https://"},
      {"database = \"mysql://x\"", "settings.type", "sqlite:PATH"},
      {"attachment_bytes_max = \"1TB\"", "settings.type", "25MB"},
      {"listen 5", "settings.syntax", "tidings.toml:1: this is not TOML"},
      {"rate = 1\nrate = 2", "settings.syntax", "tidings.toml:2"},
  };
  for (const auto& expected : cases) {
    const auto resolved = with_file(expected.text);
    ASSERT_FALSE(resolved.has_value()) << expected.text;
    EXPECT_EQ(resolved.error().code, expected.code) << expected.text;
    EXPECT_NE(resolved.error().message.find(expected.words), std::string::npos)
        << expected.text << ": " << resolved.error().message;
  }
}

TEST(SettingsTest, AMistypedVariableIsRefusedAndAStrangersIsNot) {
  const auto mistyped = resolve_settings({.environment = {{"TIDINGS_CONECTIONS", "2"}}});
  ASSERT_FALSE(mistyped.has_value());
  EXPECT_NE(mistyped.error().message.find("TIDINGS_CONNECTIONS"), std::string::npos);
  EXPECT_TRUE(resolve_settings({.environment = {{"TIDINGS_TEST_POSTGRES", "x"}}}).has_value());
}

TEST(SettingsTest, HugeAndHostileFilesEndInASentence) {
  EXPECT_FALSE(with_file(std::string(100'000, '[')).has_value());
  EXPECT_FALSE(
      with_file(std::string("listen = \"") + std::string(100'000, 'a') + "\"").has_value());
  EXPECT_FALSE(with_file(std::string("\0\xff\xfe", 3)).has_value());
  EXPECT_FALSE(with_file(std::string(100'000, 'k') + " = 1").has_value());
}

TEST(SettingsTest, ExplainNamesTheSourceAndHidesThePassword) {
  const auto resolved = resolve_settings(
      {.environment = {{"TIDINGS_DATABASE", "postgres://ann:secret@db.example.org/t"}}});
  ASSERT_TRUE(resolved.has_value());
  const auto text = explain_settings(*resolved);
  EXPECT_EQ(text.find("secret"), std::string::npos);
  EXPECT_NE(text.find("postgres://ann:•••@db.example.org/t"), std::string::npos);
  EXPECT_NE(text.find("environment (TIDINGS_DATABASE)"), std::string::npos);
  for (const auto& declaration : declared_settings()) {
    EXPECT_NE(text.find(std::string(declaration.name)), std::string::npos);
  }
  const auto list = list_settings(*resolved);
  EXPECT_NE(list.find("\n# public_url is not set\n"), std::string::npos) << list;
  EXPECT_NE(list.find("\nretry_delays = [\"30m\", \"30m\", \"150m\"]\n"), std::string::npos)
      << list;
}

TEST(SettingsTest, TheManualPageIsWhatTheDeclarationsSay) {
  std::ifstream file(TIDINGS_SOURCE_DIR "/docs/settings.md");
  std::stringstream page;
  page << file.rdbuf();
  EXPECT_EQ(page.str(), settings_reference()) << "run tools/generate";
}

TEST(SiteRuleTest, NamesASiteAndWhatHoldsForIt) {
  const auto rule = parse_site_rule("Gmail.COM  connections=20 rate=0.5").value();
  EXPECT_EQ(rule.name, "gmail.com");
  EXPECT_EQ(rule.connections, 20);
  EXPECT_EQ(rule.rate, 0.5);
  EXPECT_TRUE(rule.concerns("gmail.com"));
  EXPECT_TRUE(rule.concerns("mx.gmail.com"));
  EXPECT_FALSE(rule.concerns("notgmail.com"));
  EXPECT_TRUE(parse_site_rule("rate=2.example rate=2") == std::nullopt);
  for (const char* text :
       {"", "gmail.com", "gmail.com rate", "gmail.com rate=", "gmail.com rate=-1",
        "gmail.com connections=0", "gmail.com connections=1001", "rate=5", "gmail.com rate=nan",
        "gmail.com rate=5 rate=6", ".com rate=1", "gm ail.com rate=1", "gmail.com rate=1x",
        "a_b rate=1"}) {
    EXPECT_FALSE(parse_site_rule(text).has_value()) << text;
  }
}

TEST(SettingsTest, SiteRulesAreReadAndRefusedWithAnExample) {
  const auto told = resolve_settings(
      {.file_text = "site_rules = [\"gmail.com rate=50\", \"example.org connections=1\"]"});
  ASSERT_TRUE(told);
  ASSERT_EQ(told->settings.site_rules.size(), 2u);
  EXPECT_EQ(told->settings.site_rules[1].connections, 1);
  const auto refused = resolve_settings({.file_text = "site_rules = \"gmail.com 50\""});
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, testing::HasSubstr("gmail.com connections=20 rate=50"));
}

}  // namespace
}  // namespace tidings
