// bench bounce: how fast bounces are read, beside Sisimai (F10).
//
// One JSON line. The same mbox of --messages N (2000) bounces in nine forms, each with an original
// of --kilobytes K (4), is read by us in this process and by Sisimai (Debian's libsisimai-perl) in
// a perl of its own, in turns, --rounds R (3); CPU of each without starting, after a first small
// mbox. ratio is Sisimai's CPU by ours; real_ratio the same for the real bounces that Debian's
// python3-flufl.bounce carries, many times over; null where a package is missing. --small: a
// trial. Exit: 0, or 1 when the two found another number of bounces.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <unistd.h>

#include "base/check.h"
#include "feedback/reading/mail.h"
#include "feedback/reading/read_report.h"
#include "usage.h"

namespace tidings::feedback {
namespace {

namespace fs = std::filesystem;
constexpr std::string_view kFlufl = "/usr/lib/python3/dist-packages/flufl/bounce/tests/data";

struct Arguments {
  std::size_t messages = 2'000;
  std::size_t kilobytes = 4;
  std::size_t rounds = 3;
};

std::string original(std::size_t kilobytes, std::size_t i) {
  std::string text = fmt::format(
      "Received: from mx.example.com by mx.example.net; Sun, 22 Nov 2026 08:00:00 +0000\n"
      "Return-Path: <bounce+{0}@news.example.com>\nFrom: The Society <news@example.com>\n"
      "To: member{0}@example.org\nSubject: News\nMessage-ID: <{0}@news.example.com>\n"
      "Date: Sun, 22 Nov 2026 08:00:00 +0000\n\n",
      i);
  while (text.size() < kilobytes * 1024) text += "The committee met in the old town hall.\n";
  return text;
}

std::string with_status(std::string_view opening, std::string_view fields, std::string_view mail) {
  return fmt::format(
      "MIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status; "
      "boundary=\"=_b\"\n\n--=_b\nContent-Type: text/plain; charset=us-ascii\n\n{}\n\n--=_b\n"
      "Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.net\n\n{}\n\n--=_b\n"
      "Content-Type: message/rfc822\n\n{}\n--=_b--\n",
      opening, fields, mail);
}

// What common servers send; `who` is the recipient.
std::string body(std::size_t form, const std::string& who, const std::string& mail) {
  const auto postfix = [&](std::string_view said, std::string_view status) {
    return with_status(
        fmt::format("This is the mail system at host mx.example.net.\n\nI'm sorry to have to "
                    "inform you that your message could not\nbe delivered to one or more "
                    "recipients. It's attached below.\n\n<{}>: host mx.example.org[192.0.2.7] "
                    "said: {} (in reply to RCPT TO command)",
                    who, said),
        fmt::format("Final-Recipient: rfc822; {0}\nOriginal-Recipient: rfc822;{0}\nAction: "
                    "failed\nStatus: {1}\nRemote-MTA: dns; mx.example.org\nDiagnostic-Code: "
                    "smtp; {2}",
                    who, status, said),
        mail);
  };
  const auto exim = [&](std::string_view said) {
    return fmt::format(
        "X-Failed-Recipients: {0}\nContent-Type: text/plain\n\nThis message was created "
        "automatically by mail delivery software.\n\nA message that you sent could not be "
        "delivered to one or more of its\nrecipients. This is a permanent error. The following "
        "address(es) failed:\n\n  {0}\n    host mx.example.org [192.0.2.7]\n    SMTP error from "
        "remote mail server after RCPT TO:<{0}>:\n    {1}\n\n------ This is a copy of the "
        "message, including all the headers. ------\n\n{2}",
        who, said, mail);
  };
  const auto qmail = [&](std::string_view said) {
    return fmt::format(
        "\nHi. This is the qmail-send program at mx.example.net.\nI'm afraid I wasn't able to "
        "deliver your message to the following addresses.\nThis is a permanent error; I've given "
        "up. Sorry it didn't work out.\n\n<{}>:\n192.0.2.7 does not like recipient.\nRemote host "
        "said: {}\nGiving up on 192.0.2.7.\n\n--- Below this line is a copy of the message.\n\n{}",
        who, said, mail);
  };
  switch (form % 9) {
    case 0:
      return postfix("550 5.1.1 <" + who + ">: Recipient address rejected: User unknown", "5.1.1");
    case 1:
      return postfix("552 5.2.2 Mailbox full", "5.2.2");
    case 2:
      return postfix(
          "554 5.7.1 Service unavailable; Client host [192.0.2.9] blocked using "
          "zen.spamhaus.org",
          "5.7.1");
    case 3:
      return postfix("451 4.7.1 Greylisting in action, please come back later", "4.7.1");
    case 4:
      return exim("550 5.1.1 No such user here");
    case 5:
      return exim(
          "550 5.7.26 Unauthenticated email from example.com is not accepted due to "
          "domain's DMARC policy.");
    case 6:
      return qmail("550 sorry, no mailbox here by that name. (#5.1.1)");
    case 7:
      return qmail("552 5.2.3 Message size exceeds fixed maximum message size");
    default:
      return postfix("550 5.7.1 Message rejected as spam by content filtering", "5.7.1");
  }
}

std::string bounces(const Arguments& arguments) {
  std::string mbox;
  for (std::size_t i = 0; i < arguments.messages; ++i) {
    const bool is_exim = i % 9 == 4 || i % 9 == 5;
    const bool is_qmail = i % 9 == 6 || i % 9 == 7;
    const std::string_view subject = is_exim ? "Mail delivery failed: returning message to sender"
                                     : is_qmail ? "failure notice"
                                                : "Undelivered Mail Returned to Sender";
    const std::string_view from = is_exim ? "Mail Delivery System <Mailer-Daemon@mx.example.net>"
                                  : is_qmail
                                      ? "MAILER-DAEMON@mx.example.net"
                                      : "MAILER-DAEMON@mx.example.net (Mail Delivery System)";
    mbox += fmt::format(
        "From MAILER-DAEMON Sun Nov 22 08:00:00 2026\nReturn-Path: <>\nReceived: by "
        "mx.example.net; Sun, 22 Nov 2026 08:00:01 +0000\nDate: Sun, 22 Nov 2026 08:00:01 +0000\n"
        "From: {}\nTo: bounce+{}@news.example.com\nSubject: {}\nMessage-Id: "
        "<{}.x@mx.example.net>\n",
        from, i, subject, i);
    mbox += body(i, fmt::format("member{}@example.org", i), original(arguments.kilobytes, i));
    mbox += "\n";
  }
  return mbox;
}

std::string read_whole(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// Real ones, over and over; empty without the package.
std::string real_bounces(std::size_t messages) {
  std::vector<std::string> mails;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(kFlufl, none)) {
    if (entry.path().extension() != ".txt") continue;
    std::string mail = read_whole(entry.path());
    if (!mail.starts_with("From ")) mail.insert(0, "From MAILER-DAEMON Sun Nov 22 08:00:00 2026\n");
    mails.push_back(std::move(mail));
  }
  std::string mbox;
  for (std::size_t i = 0; !mails.empty() && i < messages; ++i)
    mbox += mails[i % mails.size()] + "\n\n";
  return mbox;
}

struct Turn {
  double cpu_us = 0;
  std::size_t bounces = 0;
};

Turn read_ourselves(const fs::path& mbox) {
  const double start = bench::cpu_us();
  const std::string octets = read_whole(mbox);
  Turn made;
  for (const std::string_view mail : split_mailbox(octets)) {
    made.bounces += read_report(mail).kind == ReportKind::bounce ? 1 : 0;
  }
  made.cpu_us = bench::cpu_us() - start;
  return made;
}

// CPU as perl's own times() tells it; nothing when it does not run.
std::optional<Turn> read_with_sisimai(const fs::path& warm, const fs::path& mbox) {
  const std::string command = fmt::format(
      "perl -MSisimai -e 'Sisimai->make(shift); my ($u, $s) = times; my %m; "
      "$m{{$_->messageid . $_->recipient->address}}++ for @{{Sisimai->make(shift, delivered => 1) "
      "// []}}; my ($v, $t) = times; my $n = 0; $n += $_ for values %m; "
      "printf \"%.0f %d\\n\", ($v + $t - $u - $s) * 1e6, $n' {} {} 2>/dev/null",
      warm.string(), mbox.string());
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> pipe(::popen(command.c_str(), "r"),
                                                             ::pclose);
  Turn made;
  unsigned long count = 0;
  if (!pipe || std::fscanf(pipe.get(), "%lf %lu", &made.cpu_us, &count) != 2) return std::nullopt;
  made.bounces = count;
  return made;
}

struct Pair {
  double us_each = 0;  // ours, the least of the rounds
  std::optional<double> sisimai_us_each;
  std::size_t ours = 0;
  std::size_t theirs = 0;

  std::string ratio() const {
    return sisimai_us_each ? fmt::format("{:.1f}", *sisimai_us_each / us_each) : "null";
  }
};

Pair compare(const fs::path& folder, const std::string& mails, std::size_t messages,
             const Arguments& arguments) {
  const fs::path mbox = folder / "mbox";
  std::ofstream(mbox, std::ios::binary) << mails;
  Pair made;
  for (std::size_t round = 0; round < arguments.rounds; ++round) {
    const Turn ours = read_ourselves(mbox);
    const double us = ours.cpu_us / static_cast<double>(messages);
    made.us_each = round == 0 ? us : std::min(made.us_each, us);
    made.ours = ours.bounces;
    if (const auto theirs = read_with_sisimai(folder / "warm", mbox)) {
      const double their_us = theirs->cpu_us / static_cast<double>(messages);
      made.sisimai_us_each = std::min(made.sisimai_us_each.value_or(their_us), their_us);
      made.theirs = theirs->bounces;
    }
  }
  return made;
}

int run(const Arguments& arguments) {
  const fs::path folder = fs::temp_directory_path() / fmt::format("tidings-bounce-{}", ::getpid());
  fs::create_directory(folder);
  std::ofstream(folder / "warm", std::ios::binary)
      << bounces({.messages = 9, .kilobytes = arguments.kilobytes});
  const Pair made = compare(folder, bounces(arguments), arguments.messages, arguments);
  const std::string real = real_bounces(arguments.messages);
  Pair found;
  if (!real.empty()) found = compare(folder, real, arguments.messages, arguments);
  fs::remove_all(folder);
  const auto number = [](std::optional<double> value) {
    return value ? fmt::format("{:.1f}", *value) : std::string("null");
  };
  fmt::print(
      "{{\"bench\":\"bounce\",\"n\":{},\"per_s\":{:.0f},\"cpu_us_each\":{:.1f},\"sisimai_us_each\":"
      "{},"
      "\"ratio\":{},\"real_us_each\":{},\"real_sisimai_us_each\":{},\"real_ratio\":{},"
      "\"bounces\":{},\"sisimai_bounces\":{},\"rss_mb\":{:.1f}}}\n",
      arguments.messages, 1e6 / made.us_each, made.us_each, number(made.sisimai_us_each),
      made.ratio(), real.empty() ? "null" : number(found.us_each), number(found.sisimai_us_each),
      real.empty() ? "null" : found.ratio(), made.ours, made.theirs, bench::rss_mb());
  const bool is_same = !made.sisimai_us_each || made.theirs == made.ours;
  return made.ours == arguments.messages && is_same ? 0 : 1;
}

}  // namespace
}  // namespace tidings::feedback

int main(int count, char** words) {
  tidings::feedback::Arguments arguments;
  for (int i = 1; i < count; ++i) {
    const std::string_view flag = words[i];
    if (flag == "--small") arguments = {.messages = 90, .kilobytes = 2, .rounds = 1};
    if (i + 1 == count) break;
    const auto value = static_cast<std::size_t>(std::strtoull(words[i + 1], nullptr, 10));
    if (flag == "--messages") arguments.messages = std::max<std::size_t>(value, 1);
    if (flag == "--kilobytes") arguments.kilobytes = value;
    if (flag == "--rounds") arguments.rounds = std::max<std::size_t>(value, 1);
  }
  return tidings::feedback::run(arguments);
}
