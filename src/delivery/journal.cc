#include "delivery/journal.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>
#include <iterator>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/check.h"
#include "delivery/journal_record.h"

namespace tidings::delivery {

namespace {

constexpr std::array<double, 9> kSyncSeconds = {0.001, 0.0025, 0.005, 0.01, 0.025,
                                                0.05,  0.1,    0.5,   2};
constexpr std::string_view kMagic = "TIDINGS JOURNAL 1\n";
enum class RecordType : std::uint8_t { intent = 1, settlement = 2 };

using Writer = RecordWriter;
using Reader = RecordReader;

void write_ids(Writer& writer, OrganisationId organisation, CampaignId campaign, MessageId message,
               int attempt) {
  writer.number(organisation.value);
  writer.number(campaign.value);
  writer.number(message.value);
  writer.number(static_cast<std::int32_t>(attempt));
}

std::optional<Intent> read_intent(Reader reader) {
  Intent intent;
  intent.organisation_id = {reader.number<std::int64_t>()};
  intent.campaign_id = {reader.number<std::int64_t>()};
  intent.message_id = {reader.number<std::int64_t>()};
  intent.attempt = reader.number<std::int32_t>();
  intent.at = from_micros(reader.number<std::int64_t>());
  intent.record = reader.text();
  if (!reader.complete()) return std::nullopt;
  return intent;
}

std::optional<Settlement> read_settlement(Reader reader) {
  Settlement settlement;
  Outcome& outcome = settlement.outcome;
  settlement.organisation_id = {reader.number<std::int64_t>()};
  settlement.campaign_id = {reader.number<std::int64_t>()};
  outcome.message_id = {reader.number<std::int64_t>()};
  settlement.attempt = reader.number<std::int32_t>();
  settlement.due_at = from_micros(reader.number<std::int64_t>());
  outcome.kind = static_cast<OutcomeKind>(reader.number<std::uint8_t>());
  outcome.scope = static_cast<Scope>(reader.number<std::uint8_t>());
  outcome.reply_code = reader.number<std::uint16_t>();
  outcome.started_at = from_micros(reader.number<std::int64_t>());
  outcome.ended_at = from_micros(reader.number<std::int64_t>());
  outcome.reason = reader.text();
  outcome.enhanced_status_code = reader.text();
  outcome.reply_text = reader.text();
  outcome.remote = reader.text();
  if (!reader.complete()) return std::nullopt;
  return settlement;
}

std::string segment_header(NodeId node) {
  std::string header(kMagic);
  Writer(header).number(node.value);
  return header;
}

}  // namespace

Journal::Journal(std::filesystem::path folder, NodeId node, JournalOptions options)
    : folder_(std::move(folder)), node_(node), options_(options), sync_seconds_(kSyncSeconds) {}

Result<std::unique_ptr<Journal>> Journal::open(const std::filesystem::path& folder, NodeId node,
                                               JournalOptions options) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) {
    return fail(
        ErrorKind::internal, "journal.open",
        fmt::format("Cannot make the journal folder {}: {}.", folder.string(), error.message()));
  }
  std::unique_ptr<Journal> journal(new Journal(folder, node, options));
  TRY(journal->start_segment());
  journal->syncer_ = std::thread([raw = journal.get()] { raw->run_sync(); });
  return journal;
}

Journal::~Journal() {
  // Intents still buffered were never acted on: written down they would read as "may have left".
  intents_.clear();
  intent_ids_.clear();
  (void)flush();
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  if (syncer_.joinable()) syncer_.join();
  if (fd_ >= 0) {
    ::fdatasync(fd_);
    ::close(fd_);
    fd_ = -1;
  }
  if (segment_of_.empty() && settlements_.empty()) {
    for (const auto& [sequence, segment] : segments_) ::unlink(segment.path.c_str());
  }
}

Result<void> Journal::start_segment() {
  const std::filesystem::path path =
      folder_ / fmt::format("{}-{:08}.journal", to_text(node_), ++sequence_);
  const int fd = ::open(path.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0) return fail_errno("journal.open", "Cannot make " + path.string(), errno);
  const std::string header = segment_header(node_);
  if (::write(fd, header.data(), header.size()) != static_cast<ssize_t>(header.size())) {
    const int error = errno;
    ::close(fd);
    ::unlink(path.c_str());
    return fail_errno("journal.write", "Cannot write " + path.string(), error);
  }
  int old = -1;
  {
    const std::lock_guard lock(mutex_);
    old = std::exchange(fd_, fd);
    if (old >= 0 && ::fdatasync(old) != 0) sync_failed_ = true;
  }
  if (old >= 0) ::close(old);
  // The new name must survive a power loss as well as its content.
  if (const int dir = ::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); dir >= 0) {
    ::fsync(dir);
    ::close(dir);
  }
  written_ = header.size();
  segments_.emplace(sequence_, Segment{path});
  return {};
}

void Journal::append_intent(const Intent& intent, std::string_view record) {
  append_record(intents_, std::uint8_t(RecordType::intent), [&](Writer writer) {
    write_ids(writer, intent.organisation_id, intent.campaign_id, intent.message_id,
              intent.attempt);
    writer.number(to_micros(intent.at));
    writer.text(record);
  });
  intent_ids_.push_back(intent.message_id);
}

void Journal::append_settlement(const Settlement& settlement) {
  const Outcome& outcome = settlement.outcome;
  append_record(settlements_, std::uint8_t(RecordType::settlement), [&](Writer writer) {
    write_ids(writer, settlement.organisation_id, settlement.campaign_id, outcome.message_id,
              settlement.attempt);
    writer.number(to_micros(settlement.due_at));
    writer.number(static_cast<std::uint8_t>(outcome.kind));
    writer.number(static_cast<std::uint8_t>(outcome.scope));
    writer.number(outcome.reply_code);
    writer.number(to_micros(outcome.started_at));
    writer.number(to_micros(outcome.ended_at));
    writer.text(outcome.reason);
    writer.text(outcome.enhanced_status_code);
    writer.text(outcome.reply_text);
    writer.text(outcome.remote);
  });
}

Result<void> Journal::write_all(std::string_view bytes) {
  const std::size_t before = written_;
  while (!bytes.empty()) {
    const ssize_t wrote = ::write(fd_, bytes.data(), bytes.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) {
      const int error = errno;
      // Take back a half-written record: what follows it could not be read.
      if (written_ != before && ::ftruncate(fd_, static_cast<off_t>(before)) != 0) {
        sync_failed_ = true;
      }
      written_ = before;
      return fail_errno("journal.write", "Cannot write the journal in " + folder_.string(), error);
    }
    written_ += static_cast<std::size_t>(wrote);
    bytes.remove_prefix(static_cast<std::size_t>(wrote));
  }
  return {};
}

Result<void> Journal::flush() {
  if (settlements_.empty() && intents_.empty()) return {};
  if (sync_failed_) {
    intents_.clear();
    intent_ids_.clear();
    return fail(ErrorKind::internal, "journal.sync",
                "The journal could not be written to disk; check the disk and start again.");
  }
  // Settlements first: an intent may be of the same message's next attempt.
  const std::size_t settled_bytes = settlements_.size();
  settlements_ += intents_;
  Result<void> wrote;
  if (written_ >= options_.segment_bytes) wrote = start_segment();
  if (wrote) wrote = write_all(settlements_);
  if (!wrote) {
    settlements_.resize(settled_bytes);
    intents_.clear();
    intent_ids_.clear();
    return wrote;
  }
  for (const MessageId id : intent_ids_) {
    const auto [at, is_new] = segment_of_.try_emplace(id, sequence_);
    if (!is_new) {
      --segments_[at->second].unsettled;
      at->second = sequence_;
    }
    ++segments_[sequence_].unsettled;
  }
  settlements_.clear();
  intents_.clear();
  intent_ids_.clear();
  // Optimisation: told once of what is to be synced. Woken for every write, the thread that only
  // gathers cost the sender 2 µs a message.
  bool was_dirty;
  {
    const std::lock_guard lock(mutex_);
    was_dirty = std::exchange(is_dirty_, true);
  }
  if (!was_dirty) wake_.notify_one();
  return {};
}

void Journal::settled(MessageId id) {
  const auto at = segment_of_.find(id);
  if (at == segment_of_.end()) return;
  Segment& segment = segments_[at->second];
  CHECK(segment.unsettled > 0);
  --segment.unsettled;
  segment_of_.erase(at);
  if (segments_.size() > 1) remove_settled_segments();
}

void Journal::remove_settled_segments() {
  for (auto at = segments_.begin(); at != segments_.end() && at->first != sequence_;) {
    if (at->second.unsettled > 0) {
      ++at;
      continue;
    }
    ::unlink(at->second.path.c_str());
    at = segments_.erase(at);
  }
}

void Journal::run_sync() {
  std::unique_lock lock(mutex_);
  while (!stop_) {
    wake_.wait(lock, [this] { return is_dirty_ || stop_; });
    if (stop_) return;
    // The first record of a group has waited since now; a little longer gathers the rest of it.
    wake_.wait_for(lock, options_.sync_interval / 2, [this] { return stop_; });
    is_dirty_ = false;
    const int fd = ::dup(fd_);
    lock.unlock();
    const auto begun = std::chrono::steady_clock::now();
    if (fd < 0 || ::fdatasync(fd) != 0) sync_failed_ = true;
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
    sync_seconds_.observe(took.count());
    if (fd >= 0) ::close(fd);
    lock.lock();
  }
}

namespace {

// One file's records, in order, into the replay of its node.
void read_segment(std::string_view bytes, Replay& replay,
                  std::unordered_map<MessageId, Intent>& open,
                  std::unordered_map<MessageId, std::string>& records) {
  while (const auto record = first_record(bytes)) {
    bytes.remove_prefix(record->size);
    const Reader reader(record->payload);
    const auto type = static_cast<RecordType>(record->type);
    if (type == RecordType::intent) {
      auto intent = read_intent(reader);
      if (!intent) return;
      if (!intent->record.empty()) records[intent->message_id] = intent->record;
      open[intent->message_id] = *std::move(intent);
    } else if (type == RecordType::settlement) {
      auto settlement = read_settlement(reader);
      if (!settlement) return;
      const MessageId id = settlement->outcome.message_id;
      if (const auto at = records.find(id); at != records.end()) settlement->record = at->second;
      open.erase(id);
      replay.settlements.push_back(*std::move(settlement));
    } else {
      return;
    }
  }
}

}  // namespace

Result<std::vector<Replay>> read_journal(const std::filesystem::path& folder) {
  std::error_code error;
  std::vector<std::filesystem::path> files;
  if (!std::filesystem::exists(folder, error)) return std::vector<Replay>();
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (entry.path().extension() == ".journal") files.push_back(entry.path());
  }
  if (error) {
    return fail(ErrorKind::internal, "journal.open",
                fmt::format("Cannot read {}: {}.", folder.string(), error.message()));
  }
  // Names sort by node, then sequence: the order of writing.
  std::ranges::sort(files);
  std::vector<Replay> replays;
  std::unordered_map<MessageId, Intent> open;
  std::unordered_map<MessageId, std::string> records;
  const auto finish = [&] {
    if (replays.empty()) return;
    for (auto& [id, intent] : open) replays.back().open_intents.push_back(std::move(intent));
    std::ranges::sort(replays.back().open_intents, {}, &Intent::message_id);
    open.clear();
    records.clear();
  };
  for (const auto& path : files) {
    std::ifstream in(path, std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(in)), {});
    if (in.bad()) {
      return fail(ErrorKind::internal, "journal.open",
                  fmt::format("Cannot read {}.", path.string()));
    }
    NodeId node;
    const std::size_t header = kMagic.size() + sizeof(node.value);
    const bool is_whole = bytes.size() >= header && bytes.starts_with(kMagic);
    if (is_whole) std::memcpy(&node.value, bytes.data() + kMagic.size(), sizeof(node.value));
    if (!is_whole) {
      // A file cut off before its header was complete holds nothing.
      if (bytes.size() < header) {
        if (replays.empty()) replays.push_back({});
        replays.back().files.push_back(path);
        continue;
      }
      return fail(
          ErrorKind::corrupt, "journal.open",
          fmt::format("{} is not a Tidings journal. Move it away and start again.", path.string()));
    }
    if (replays.empty() || replays.back().node != node) {
      finish();
      replays.push_back({node, {}, {}, {}});
    }
    replays.back().files.push_back(path);
    read_segment(std::string_view(bytes).substr(header), replays.back(), open, records);
  }
  finish();
  return replays;
}

}  // namespace tidings::delivery
