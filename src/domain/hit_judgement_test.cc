#include "domain/hit_judgement.h"

#include <gtest/gtest.h>

#include "domain/hit_tables.h"
#include "domain/reading_program.h"
#include "wire/ip_address.h"

namespace tidings {
namespace {

using namespace std::chrono_literals;
using enum HitReason;

constexpr std::string_view kSafari =
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like "
    "Gecko) Version/17.5 Mobile/15E148 Safari/604.1";
constexpr std::string_view kChrome =
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/126.0.0.0 Safari/537.36";
constexpr std::string_view kGmail =
    "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)";
constexpr std::string_view kGmailPrefetch =
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/42.0.2311.135 Safari/537.36 Edge/12.246 Mozilla/5.0";
constexpr std::string_view kSomewhere = "198.51.100.7";

HitReason picture(std::string_view agent, std::string_view address = kSomewhere) {
  return judge({.is_picture = true, .user_agent = agent, .address = address});
}
HitReason link(std::string_view agent, std::string_view address = kSomewhere) {
  return judge({.user_agent = agent, .address = address});
}

TEST(HitJudgement, ABrowserAndAMailProgramArePeople) {
  for (const std::string_view agent :
       {kSafari, kChrome,
        std::string_view("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 "
                         "(KHTML, like Gecko)"),
        std::string_view("Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.17328; "
                         "Pro)"),
        std::string_view("Mozilla/4.0 (compatible; ms-office; MSOffice 16)"),
        std::string_view("Mozilla/5.0 (X11; Linux x86_64; rv:115.0) Gecko/20100101 "
                         "Thunderbird/115.9.0"),
        std::string_view("Mozilla/5.0 (Linux; Android 9; CUBOT_X18) AppleWebKit/537.36 (KHTML, "
                         "like Gecko) Chrome/120.0 Mobile Safari/537.36")}) {
    EXPECT_EQ(picture(agent), none) << agent;
    EXPECT_EQ(link(agent), none) << agent;
  }
}

TEST(HitJudgement, GmailsProxyIsItsReaderAndGmailsPrefetchIsNot) {
  EXPECT_EQ(picture(kGmail, "66.249.84.1"), none);
  EXPECT_EQ(picture(kGmailPrefetch, "108.177.2.32"), mail_prefetch);
}

TEST(HitJudgement, ApplesServersAreNobodyAndPeopleBehindItsRelayArePeople) {
  EXPECT_EQ(picture("Mozilla/5.0", "104.28.30.7"), apple_mail_privacy);
  EXPECT_EQ(picture("Mozilla/5.0", "[2606:54c0::7]"), apple_mail_privacy);
  EXPECT_EQ(picture("Mozilla/5.0", kSomewhere), bare_user_agent);
  EXPECT_EQ(link("Mozilla/5.0", "104.28.30.7"), bare_user_agent);
  EXPECT_EQ(link(kSafari, "104.28.30.7"), none);
  EXPECT_EQ(picture(kSafari, "104.28.30.7"), none);
}

TEST(HitJudgement, WhoeverSaysItIsAProgramIsOne) {
  EXPECT_EQ(link(""), bare_user_agent);
  EXPECT_EQ(link("  "), bare_user_agent);
  EXPECT_EQ(link("Mozilla/4.0"), bare_user_agent);
  EXPECT_EQ(link("Barracuda Sentinel (EE)"), scanner);
  EXPECT_EQ(link("Mozilla/5.0 (compatible; Mimecast)"), scanner);
  EXPECT_EQ(link("Microsoft Office Existence Discovery"), scanner);
  for (const std::string_view agent :
       {"curl/7.88.1", "python-requests/2.31", "Go-http-client/2.0", "Slackbot/1.0",
        "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        "Mozilla/5.0 (X11) AppleWebKit/537.36 HeadlessChrome/120.0 Safari/537.36"}) {
    EXPECT_EQ(link(agent), program) << agent;
  }
}

TEST(HitJudgement, TheNetworkOfAScannerIsAScannerWhateverItCallsItself) {
  for (const std::string_view address :
       {"209.222.82.10", "91.220.42.7", "67.231.150.1", "85.158.140.2", "104.47.3.3"}) {
    EXPECT_EQ(link(kChrome, address), scanner_network) << address;
  }
  EXPECT_EQ(link(kChrome, "not an address"), none);
  EXPECT_EQ(link(kChrome, ""), none);
}

TEST(HitJudgement, NobodyReadsWithinTwoSecondsOrBeforeItWasSent) {
  const Asked asked{.is_picture = true, .user_agent = kChrome, .address = kSomewhere};
  const auto after = [&](Duration time) { return judge(asked, AskedWhen{.after_sending = time}); };
  EXPECT_EQ(after(0s), at_once);
  EXPECT_EQ(after(-3s), at_once);
  EXPECT_EQ(after(1999ms), at_once);
  EXPECT_EQ(after(2s), none);
  EXPECT_EQ(judge(asked, AskedWhen{}), none) << "nobody knows when it was sent";
}

TEST(HitJudgement, NobodyFollowsEveryLinkWithinASecond) {
  const Asked asked{.user_agent = kChrome, .address = kSomewhere};
  const auto followed = [&](int at_once, int links) {
    return judge(asked, AskedWhen{.links_at_once = at_once, .links = links});
  };
  EXPECT_EQ(followed(1, 1), none) << "the only one";
  EXPECT_EQ(followed(1, 2), none);
  EXPECT_EQ(followed(2, 2), every_link);
  EXPECT_EQ(followed(2, 10), none) << "two tabs";
  EXPECT_EQ(followed(3, 10), none);
  EXPECT_EQ(followed(4, 10), every_link);
}

TEST(HitJudgement, AskingOnlyWhetherItIsThereIsNoReading) {
  EXPECT_EQ(judge({.is_head = true, .user_agent = kChrome, .address = kSomewhere}), head);
}

TEST(HitJudgement, ReasonsHaveWordsOfTheirOwnAndNetworksAreNetworks) {
  for (int i = 0; i < kHitReasonCount; ++i) {
    const auto reason = static_cast<HitReason>(i);
    EXPECT_EQ(parse_hit_reason(to_string(reason)), reason);
  }
  for (const auto& text : hit_tables::kApple) EXPECT_TRUE(wire::IpNetwork::parse(text)) << text;
  for (const auto& text : hit_tables::kScannerNetworks) {
    EXPECT_TRUE(wire::IpNetwork::parse(text)) << text;
  }
}

TEST(ReadingProgram, TellsTheFamilyAndTheDevice) {
  using P = Program;
  const auto is = [](std::string_view agent, P program, Device device) {
    EXPECT_EQ(reading_program(agent), (ReadingProgram{program, device})) << agent;
  };
  is(kSafari, P::safari, Device::phone);
  is(kChrome, P::chrome, Device::computer);
  is(kGmail, P::gmail, Device::unknown);
  is("Mozilla/5.0 (iPad; CPU OS 16_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)",
     P::apple_mail, Device::tablet);
  is("Mozilla/5.0 (Linux; Android 14; SM-S911B) AppleWebKit/537.36 (KHTML, like Gecko) "
     "SamsungBrowser/25.0 Chrome/121.0 Mobile Safari/537.36",
     P::samsung, Device::phone);
  is("Mozilla/5.0 (Linux; Android 14; SM-X910; wv) AppleWebKit/537.36 Version/4.0 Chrome/126.0 "
     "Safari/537.36",
     P::android_mail, Device::tablet);
  is("Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/126.0 Safari/537.36 Edg/126.0", P::edge,
     Device::computer);
  is("Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0; Pro)", P::outlook,
     Device::computer);
  is("", P::other, Device::unknown);
}

TEST(ReadingProgram, NumbersAreReadBack) {
  for (int i = 0; i < kProgramCount; ++i) EXPECT_TRUE(program_of(i));
  EXPECT_FALSE(program_of(kProgramCount));
  EXPECT_FALSE(program_of(-1));
  EXPECT_EQ(device_of(3), Device::tablet);
  EXPECT_FALSE(device_of(4));
}

}  // namespace
}  // namespace tidings
