// tidings log: who was sent what, what became of it, and what they answered.
#include <algorithm>
#include <boost/json.hpp>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <ctime>
#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "delivery/journal.h"
#include "edge/api/record_json.h"
#include "edge/cli/command.h"
#include "edge/cli/file_output.h"
#include "edge/cli/record_view.h"
#include "edge/cli/terminal_text.h"
#include "edge/cli/workplace.h"
#include "report/communications.h"
#include "report/message_export.h"
#include "wire/url.h"

namespace tidings::cli {
namespace {

namespace json = boost::json;
using report::CommunicationLog;
using report::LogEntry;
using report::LogFilter;
using report::LoggedKinds;
using report::LogOrder;
using report::ReceivedAnswer;

// What answers have instead of a kind and a status.
constexpr std::string_view kReply = "reply";
constexpr std::string_view kReceived = "received";

constexpr Duration kDefaultPeriod = std::chrono::days(7);
constexpr std::int64_t kDefaultLimit = 50;
// Beyond it, "more than".
constexpr std::int64_t kCountMost = 100'000;
constexpr std::size_t kFlushBytes = 1u << 16;

struct LogFlags {
  WorkplaceOptions place;
  std::string kind;
  std::string channel;
  std::vector<std::string> statuses;
  std::string from;
  std::string until;
  bool with_attachments = false;
  bool without_attachments = false;
  std::string sender;
  std::string text;
  std::string campaign;
  std::string contact;
  std::string csv;
  bool is_json = false;
  bool is_all = false;
  bool is_send_outs = false;
  std::int64_t limit = -1;
};

std::unexpected<Error> wrong(std::string sentence) {
  return fail(ErrorKind::invalid, "log.filter", std::move(sentence));
}

// "7d" (so long ago), "2026-11-21", "2026-11-21 10:30" in local time, or RFC 3339 in UTC.
Result<Instant> read_instant(const std::string& text, Instant now) {
  if (const auto ago = parse_duration(text); ago && *ago > Duration::zero()) return now - *ago;
  std::tm parts{};
  const char* end = nullptr;
  for (const char* format : {"%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y-%m-%d"}) {
    parts = {};
    end = ::strptime(text.c_str(), format, &parts);
    if (end != nullptr && (*end == '\0' || std::string_view(end).ends_with('Z'))) break;
    end = nullptr;
  }
  std::string_view rest = end == nullptr ? "?" : end;
  const bool is_utc = rest.ends_with('Z');
  Duration fraction{};
  if (is_utc && rest.size() > 2 && rest.front() == '.') {
    rest = rest.substr(1, rest.size() - 2);
    std::int64_t micros = 0;
    const auto [stop, error] = std::from_chars(rest.data(), rest.data() + rest.size(), micros);
    if (error == std::errc() && stop == rest.data() + rest.size() && rest.size() <= 6) {
      for (std::size_t digits = rest.size(); digits < 6; ++digits) micros *= 10;
      fraction = Duration(micros);
      rest = "Z";
    }
  }
  if (rest != "" && rest != "Z") {
    return wrong(
        fmt::format("“{}” is no time. Give a date such as 2026-11-21, a time such as "
                    "\"2026-11-21 10:30\" or 2026-11-21T09:30:00Z, or how long ago: 7d.",
                    text));
  }
  parts.tm_isdst = -1;
  const std::time_t seconds = is_utc ? ::timegm(&parts) : ::mktime(&parts);
  return Instant(std::chrono::seconds(seconds)) + fraction;
}

template <typename IdType>
Result<std::optional<IdType>> read_id(const std::string& text, std::string_view what) {
  if (text.empty()) return std::nullopt;
  const auto id = parse_id(text);
  if (!id || *id <= 0) {
    return wrong(
        fmt::format("“{}” is no id of a {}: those have 13 letters and digits.", text, what));
  }
  return IdType{*id};
}

struct Asked {
  LogFilter filter;
  LoggedKinds kinds;
};

Result<Asked> to_filter(const LogFlags& flags, Instant now) {
  Asked asked;
  LogFilter& filter = asked.filter;
  if (flags.kind == kReply) {
    asked.kinds.messages = false;
  } else if (!flags.kind.empty()) {
    asked.kinds.answers = false;
    if (const auto kind = parse_message_kind(flags.kind)) {
      filter.kinds = {*kind};
    } else {
      return wrong(
          fmt::format("There is no kind “{}”: say campaign, individual, transactional, test or "
                      "reply.",
                      flags.kind));
    }
  }
  if (!flags.channel.empty()) {
    filter.channel = parse_channel(flags.channel);
    if (!filter.channel) {
      return wrong(fmt::format("There is no channel “{}”: say email or sms.", flags.channel));
    }
  }
  const auto received = std::ranges::count(flags.statuses, kReceived);
  if (!flags.statuses.empty()) {
    asked.kinds.answers = asked.kinds.answers && received > 0;
    asked.kinds.messages = asked.kinds.messages && received < std::ssize(flags.statuses);
  }
  for (const std::string& word : flags.statuses) {
    if (word == kReceived) continue;
    const auto status = parse_status(word);
    if (!status) {
      std::string known;
      for (int i = 0; i < kStatusCount; ++i) {
        known += fmt::format("{}, ", to_string(static_cast<Status>(i)));
      }
      known += kReceived;
      return wrong(fmt::format("There is no status “{}”; there are: {}.", word, known));
    }
    filter.statuses.push_back(*status);
  }
  if (!flags.from.empty()) filter.from = TRY(read_instant(flags.from, now));
  if (!flags.until.empty()) filter.until = TRY(read_instant(flags.until, now));
  if (flags.with_attachments) filter.has_attachments = true;
  if (flags.without_attachments) filter.has_attachments = false;
  filter.sender = flags.sender;
  filter.text = flags.text;
  filter.campaign = TRY(read_id<CampaignId>(flags.campaign, "campaign"));
  filter.contact = TRY(read_id<ContactId>(flags.contact, "contact"));
  return asked;
}

// Messages of this folder's journal whose handing over began and of which nothing more is known.
Result<std::unordered_set<MessageId>> open_intents(const std::filesystem::path& folder) {
  std::unordered_set<MessageId> open;
  const auto replays = TRY(delivery::read_journal(folder / "journal"));
  for (const delivery::Replay& replay : replays) {
    for (const delivery::Intent& intent : replay.open_intents) open.insert(intent.message_id);
  }
  return open;
}

// As the API shows it, and whether nobody knows if it arrived.
std::string to_line(const auto& one, bool is_ambiguous) {
  json::object object = api::communication_json(one);
  object["ambiguous"] = is_ambiguous;
  return json::serialize(object) + "\n";
}

// False when nobody reads any more, or the disk is full.
bool put(std::string_view text) {
  return std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
}

int print_json(Workplace& at, CommunicationLog& log, const Asked& asked, const LogFlags& flags) {
  const auto open = open_intents(at.folder());
  if (!open) return report(open.error());
  std::string out;
  bool is_written = true;
  std::int64_t left = flags.limit < 0 ? std::numeric_limits<std::int64_t>::max() : flags.limit;
  const auto tell = [&](const std::string& line) {
    out += line;
    if (out.size() >= kFlushBytes) {
      is_written = put(out);
      out.clear();
    }
    return is_written && --left > 0;
  };
  const CommunicationLog::Takers takers{
      .message =
          [&](const LogEntry& entry) {
            const bool is_open = entry.state == MessageState::leased && open->contains(entry.id);
            return tell(to_line(entry, entry.is_ambiguous || is_open));
          },
      .answer = [&](const ReceivedAnswer& answer) { return tell(to_line(answer, false)); }};
  const auto told = left == 0 ? Result<void>()
                              : log.each(asked.filter, asked.kinds, LogOrder::oldest_first, takers);
  is_written = is_written && put(out) && std::fflush(stdout) == 0;
  if (!told) return report(told.error());
  if (is_written || errno == EPIPE) return kDone;
  return report(fail_errno("log.write", "Cannot write the log", errno).error());
}

struct TableLayout {
  std::size_t address = 32;
  std::size_t subject = 40;
  std::size_t reason = 24;
};

TableLayout layout_for(std::size_t columns) {
  // Time, status and id take 54, the gaps 10.
  TableLayout layout;
  if (columns == 0) return layout;
  const std::size_t left = std::max<std::size_t>(columns, 100) - 56;
  layout.address = left * 35 / 100;
  layout.reason = left * 25 / 100;
  layout.subject = left - layout.address - layout.reason;
  return layout;
}

void print_row(const TableLayout& layout, const LogEntry& entry) {
  const std::string address = entry.address.empty() ? "(no address)" : harmless(entry.address);
  fmt::print("{}  {}  {}  {}  {}  {}\n", fitted(local_time(entry.queued_at), 21),
             fitted(to_string(entry.status), 14), fitted(address, layout.address),
             fitted(harmless(entry.subject), layout.subject),
             fitted(harmless(entry.reason), layout.reason), to_text(entry.id));
}

void print_row(const TableLayout& layout, const ReceivedAnswer& answer) {
  fmt::print("{}  {}  {}  {}  {}  {}\n", fitted(local_time(answer.received_at), 21),
             fitted(kReceived, 14), fitted("from " + harmless(answer.sender), layout.address),
             fitted(harmless(answer.subject), layout.subject), fitted("", layout.reason),
             to_text(answer.id));
}

std::string at_most(std::int64_t count) {
  return count >= kCountMost ? "more than " + grouped(kCountMost) : grouped(count);
}

int print_nothing(CommunicationLog& log, Asked asked, bool is_default_period) {
  asked.filter.from.reset();
  const auto earlier = is_default_period ? log.count(asked.filter, asked.kinds, kCountMost) : 0;
  if (!earlier) return report(earlier.error());
  if (*earlier > 0) {
    fmt::print("Nothing in the last 7 days. {} earlier: add --all.\n", at_most(*earlier));
  } else {
    const LogFilter everything;
    const auto known = log.count(everything, {}, 1);
    if (!known) return report(known.error());
    fmt::print("{}\n", *known == 0 ? "Nothing has been sent yet. Begin with: tidings send --help"
                                   : "No message fits these filters.");
  }
  return kDone;
}

int print_table(CommunicationLog& log, Asked asked, const LogFlags& flags, Instant now) {
  LogFilter& filter = asked.filter;
  const bool is_default_period = !flags.is_all && !filter.from && !filter.until && !filter.campaign;
  if (is_default_period) filter.from = now - kDefaultPeriod;
  const std::int64_t limit = flags.limit < 0 ? kDefaultLimit : flags.limit;
  const TableLayout layout = layout_for(terminal_width());
  std::int64_t shown = 0;
  bool has_more = false;
  const auto print = [&](const auto& one) {
    if (shown == limit) {
      has_more = true;
      return false;
    }
    if (shown++ == 0) {
      fmt::print("{}  {}  {}  {}  {}  {}\n", fitted("Queued", 21), fitted("Status", 14),
                 fitted("Address", layout.address), fitted("Subject", layout.subject),
                 fitted("Reason", layout.reason), "Id");
    }
    print_row(layout, one);
    return true;
  };
  const auto told =
      log.each(filter, asked.kinds, LogOrder::newest_first, {.message = print, .answer = print});
  if (!told) return report(told.error());
  if (shown == 0 && !has_more) return print_nothing(log, asked, is_default_period);
  if (has_more) {
    const auto all = log.count(filter, asked.kinds, kCountMost);
    if (!all) return report(all.error());
    fmt::print("{} more: --limit {}\n", at_most(*all - shown), *all);
  }
  return kDone;
}

// The same filters as the API names them.
Result<std::string> send_outs_query(const LogFlags& flags, const LogFilter& filter) {
  if (!flags.campaign.empty() || !flags.contact.empty())
    return wrong(
        "Send-outs are not of one campaign or contact: leave --send-outs out, or that filter.");
  if (flags.kind == kReply || std::ranges::count(flags.statuses, kReceived) > 0)
    return wrong("What was answered is no send-out: leave --send-outs out, or that filter.");
  std::string query;
  const auto put = [&](std::string_view name, std::string_view value) {
    if (!value.empty()) query += fmt::format("&{}={}", name, wire::percent_encode(value));
  };
  if (!filter.kinds.empty())
    put("type", filter.kinds.front() == MessageKind::campaign        ? "mailing"
                : filter.kinds.front() == MessageKind::transactional ? "transactional_email"
                                                                     : flags.kind);
  put("channel", flags.channel);
  put("status", fmt::format("{}", fmt::join(flags.statuses, ",")));
  if (filter.from) put("from", to_rfc3339(*filter.from));
  if (filter.until) put("until", to_rfc3339(*filter.until));
  if (filter.has_attachments) put("has_attachments", *filter.has_attachments ? "true" : "false");
  put("sender", flags.sender);
  put("text", flags.text);
  if (flags.is_all || flags.is_json) put("all", "true");
  return query;
}

// All of it, oldest first, unless the flags say less.
int write_csv(Workplace& at, const Asked& asked, const std::string& file) {
  report::MessageExport all(
      at.database(), at.organisation().id,
      {.messages = {.filter = asked.filter, .is_descending = false, .cursor = {}},
       .has_messages = asked.kinds.messages,
       .has_answers = asked.kinds.answers});
  const auto written = write_pieces(file, [&](std::string& piece) { return all.next(piece); });
  if (!written) return report(written.error());
  if (file != "-") fmt::print(stderr, "{} messages in {}.\n", grouped(all.count()), file);
  return kDone;
}

int show_log(const LogFlags& flags) {
  const auto place = Workplace::open(flags.place);
  if (!place) return report(place.error());
  Workplace& at = **place;
  const Instant now = at.clock().now();
  const auto asked = to_filter(flags, now);
  if (!asked) return report(asked.error());
  if (flags.is_send_outs) {
    const auto query = send_outs_query(flags, asked->filter);
    if (!query) return report(query.error());
    const std::int64_t all = std::numeric_limits<std::int64_t>::max();
    return show_send_outs(flags.place, *query,
                          flags.limit >= 0 ? flags.limit
                          : flags.is_json  ? all
                                           : kDefaultLimit,
                          flags.is_json);
  }
  if (!flags.csv.empty()) return write_csv(at, *asked, flags.csv);
  CommunicationLog log(at.database(), at.organisation().id);
  return flags.is_json ? print_json(at, log, *asked, flags) : print_table(log, *asked, flags, now);
}

}  // namespace

void add_log_command(Parser& app, CommandLine& line) {
  auto flags = std::make_shared<LogFlags>();
  auto* command =
      app.add_subcommand("log", "Who was sent what, what became of it, and what they answered");
  add_place(*command, flags->place);
  command->add_option("--kind", flags->kind, "campaign, individual, transactional, test or reply");
  command->add_option("--channel", flags->channel, "email or sms");
  command
      ->add_option("--status", flags->statuses,
                   "Such as sent, or bounced,failed; received: answers; repeatable")
      .split_at(',');
  command->add_option("--from", flags->from,
                      "Queued at or after: 2026-11-21, \"2026-11-21 10:30\", or 7d ago");
  command->add_option("--to,--until", flags->until, "Queued before");
  const Option with =
      command->add_flag("--attachments", flags->with_attachments, "With attachments only");
  command->add_flag("--no-attachments", flags->without_attachments, "Without attachments only")
      .excludes(with);
  command->add_option("--sender", flags->sender, "Part of the sender's address or name");
  command->add_option("--text", flags->text, "Part of the subject or of the address");
  command->add_option("--campaign", flags->campaign, "Of one campaign");
  command->add_option("--contact", flags->contact, "About one contact");
  command->add_flag("--send-outs", flags->is_send_outs,
                    "One row per campaign and per other message, instead of one per recipient");
  command->add_flag("--all", flags->is_all, "Of any age, instead of the last 7 days");
  command->add_option("--limit", flags->limit, "Rows at most (50; with --json all)").at_least(0);
  const Option json = command->add_flag(
      "--json", flags->is_json, "One JSON object per line, oldest first: all of it, of any age");
  command
      ->add_option("--csv", flags->csv,
                   "Write a CSV file, oldest first: all of it, of any age; - for standard output")
      .excludes(json);
  command->footer(
      "Examples:\n"
      "  tidings log\n"
      "  tidings log --status bounced,failed --from 30d\n"
      "  tidings log --text jan@club.example --all\n"
      "  tidings log --campaign 01jc7v2m9k3xa --json > sent.jsonl\n"
      "  tidings log --from 2026-01-01 --csv sent.csv");
  command->callback([&line, flags] { line.run = [flags] { return show_log(*flags); }; });
}

}  // namespace tidings::cli
