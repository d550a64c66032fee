#include "delivery/attempt_log.h"

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <chrono>
#include <cstdio>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/rotating_file_sink.h>

#include "base/text.h"

namespace tidings::delivery {

namespace {

constexpr std::size_t kFiles = 4;
constexpr std::size_t kFileBytesMin = 4096;
constexpr Duration kFlushDelay = std::chrono::seconds(1);
// Written together: line by line spdlog takes longer over one than making it does.
constexpr std::size_t kTogetherMax = 16'384;
constexpr std::string_view kRecipient = "<recipient>";

// `text` without the address, whatever the case of its letters.
std::string without_address(std::string_view text, std::string_view address) {
  std::string found(text);
  if (address.empty()) return found;
  const std::string wanted = lower(address);
  const auto is_same = [](char a, char b) { return tidings::lower(a) == b; };
  if (std::ranges::search(found, wanted, is_same).empty()) return found;
  for (std::size_t at = 0; (at = lower(found).find(wanted, at)) != std::string::npos;) {
    found.replace(at, wanted.size(), kRecipient);
    at += kRecipient.size();
  }
  return found;
}

bool is_plain(std::string_view text) {
  return std::ranges::all_of(
      text, [](char c) { return c >= ' ' && c < '\x7f' && c != '"' && c != '\\'; });
}

void add_text(std::string& line, std::string_view name, std::string_view text) {
  if (text.empty()) return;
  line.append(",\"").append(name).append("\":");
  if (is_plain(text)) {
    line.append("\"").append(text).append("\"");
  } else {
    line += boost::json::serialize(text);
  }
}

// A word of ours: letters and underscores.
void add_word(std::string& line, std::string_view name, std::string_view word) {
  line.append(",\"").append(name).append("\":\"").append(word).append("\"");
}

void add_number(std::string& line, std::string_view name, std::int64_t number) {
  line.append(",\"").append(name).append("\":").append(fmt::format_int(number).c_str());
}

std::int64_t milliseconds(Duration duration) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
}

}  // namespace

void append_attempt_line(std::string& line, const PreparedMessage& message,
                         const Settlement& settlement) {
  const Outcome& outcome = settlement.outcome;
  line.append("{\"at\":\"").append(to_rfc3339(outcome.ended_at)).append("\"");
  add_word(line, "organisation", to_text(message.organisation_id));
  if (message.campaign_id.value > 0) add_word(line, "campaign", to_text(message.campaign_id));
  add_word(line, "message", to_text(message.id));
  add_word(line, "kind", to_string(message.kind));
  add_number(line, "attempt", message.attempt);
  add_word(line, "outcome", to_string(outcome.kind));
  if (outcome.scope != Scope::none) add_word(line, "scope", to_string(outcome.scope));
  add_text(line, "reason", outcome.reason);
  if (outcome.reply_code > 0) add_number(line, "reply_code", outcome.reply_code);
  add_text(line, "status", outcome.enhanced_status_code);
  add_text(line, "reply", without_address(outcome.reply_text, message.recipient));
  add_text(line, "domain", message.domain);
  add_text(line, "site", message.site);
  add_text(line, "remote", outcome.remote);
  if (message.octets) add_number(line, "octets", std::int64_t(message.octets->size()));
  add_number(line, "waited_ms", milliseconds(outcome.ended_at - message.queued_at));
  add_number(line, "took_ms", milliseconds(outcome.ended_at - outcome.started_at));
  if (outcome.kind == OutcomeKind::deferred) {
    add_word(line, "next_attempt_at", to_rfc3339(settlement.due_at));
  }
  line += '}';
}

struct AttemptLog::Impl {
  Impl(std::shared_ptr<spdlog::logger> logger_, std::size_t together_, net::EventLoop& loop)
      : logger(std::move(logger_)), together(together_), flushing(loop) {}

  void write_down() {
    if (lines.empty()) return;
    lines.pop_back();  // the logger ends the last line
    logger->info(lines);
    lines.clear();
  }
  void flush() {
    write_down();
    logger->flush();
  }

  const std::shared_ptr<spdlog::logger> logger;
  const std::size_t together;
  net::Timer flushing;
  std::string lines;
};

AttemptLog::AttemptLog(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

AttemptLog::~AttemptLog() { impl_->flush(); }

Result<std::unique_ptr<AttemptLog>> AttemptLog::open(const std::filesystem::path& folder,
                                                     std::int64_t bytes_max, net::EventLoop& loop) {
  try {
    std::filesystem::create_directories(folder);
    const std::size_t file_bytes =
        std::max(static_cast<std::size_t>(bytes_max) / kFiles, kFileBytesMin);
    auto sink = std::make_shared<spdlog::sinks::rotating_file_sink_st>(
        (folder / "attempts.jsonl").string(), file_bytes, kFiles - 1);
    auto logger = std::make_shared<spdlog::logger>("attempts", std::move(sink));
    logger->set_pattern("%v");
    logger->set_error_handler([told = false](const std::string& why) mutable {
      if (std::exchange(told, true)) return;
      fmt::print(stderr, "tidings: The attempt log cannot be written: {}. Sending goes on.\n", why);
    });
    return std::unique_ptr<AttemptLog>(new AttemptLog(
        std::make_unique<Impl>(std::move(logger), std::min(kTogetherMax, file_bytes / 16), loop)));
  } catch (const std::exception& error) {
    return fail(ErrorKind::internal, "attempt_log.open",
                fmt::format("Cannot write the attempt log in {}: {}. Give the folder to the user "
                            "that runs tidings, or set attempt_log = \"0\".",
                            folder.string(), error.what()));
  }
}

void AttemptLog::write(const PreparedMessage& message, const Settlement& settlement) {
  append_attempt_line(impl_->lines, message, settlement);
  impl_->lines += '\n';
  if (impl_->lines.size() >= impl_->together) impl_->write_down();
  if (impl_->flushing.running()) return;
  impl_->flushing.start(kFlushDelay, [this] { impl_->flush(); });
}

}  // namespace tidings::delivery
