// Journal: a node's own append-only record of what it is about to send and what came of it.
//
// Why: the database is told in group commits, a little later. Between the last octet of a message
// and that commit only the journal knows, so an intent is written before the last octet leaves
// and the settlement as it arrives. Surviving process death needs only write(2); for power loss
// unsynced data is never older than the sync interval.
//
// Files: `DIR/<node id>-<sequence>.journal`: a header, then records [length u32][check u32]
// [type u8][payload], little-endian. A torn tail ends the reading of that file. A file is deleted
// once the database has the settlement of every intent in it.
// Thread: one (the engine's); the syncing thread is internal.
// Errors: journal.write (limit when the disk is full), journal.open, journal.sync. After a failed
// sync nothing further is accepted: what the kernel dropped cannot be known.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/histogram.h"
#include "base/id.h"
#include "base/result.h"
#include "domain/outcome.h"

namespace tidings::delivery {

// Written before the last octet of an attempt leaves.
struct Intent {
  OrganisationId organisation_id;
  CampaignId campaign_id;  // unset for a single message
  MessageId message_id;
  int attempt = 1;
  Instant at{};
  std::string record;  // body record (body_codec.h); empty when the database has it already
};

// What one attempt led to, decided completely: a deferral that expired is already `failed`.
struct Settlement {
  OrganisationId organisation_id;
  CampaignId campaign_id;
  int attempt = 1;
  Outcome outcome;
  Instant due_at{};    // the next attempt, when deferred
  std::string record;  // as in Intent
  // Tried in vain for long enough to say so. Not in the journal: it is said after the next attempt.
  bool is_delayed = false;
};

struct JournalOptions {
  std::size_t segment_bytes = 16u << 20;
  Duration sync_interval = std::chrono::milliseconds(100);
};

class Journal {
 public:
  static Result<std::unique_ptr<Journal>> open(const std::filesystem::path& folder, NodeId node,
                                               JournalOptions options = {});
  // Syncs; deletes the files when nothing in them is unsettled.
  ~Journal();

  // Buffered until flush(). `record` is copied into the buffer.
  void append_intent(const Intent& intent, std::string_view record);
  void append_settlement(const Settlement& settlement);
  // One write(2). When it fails, the buffered intents are forgotten (they must not be acted on)
  // and the settlements kept for the next flush.
  Result<void> flush();
  // The database has the settlement of this message's last intent.
  void settled(MessageId id);

  // How long the disk took to keep a group of records, in seconds. Any thread.
  Histogram::Snapshot sync_seconds() const { return sync_seconds_.read(); }

  std::size_t unsettled() const { return segment_of_.size(); }

 private:
  struct Segment {
    std::filesystem::path path;
    std::size_t unsettled = 0;
  };

  Journal(std::filesystem::path folder, NodeId node, JournalOptions options);
  Result<void> start_segment();
  Result<void> write_all(std::string_view bytes);
  void remove_settled_segments();
  void run_sync();

  const std::filesystem::path folder_;
  const NodeId node_;
  const JournalOptions options_;

  std::string settlements_;
  std::string intents_;
  std::vector<MessageId> intent_ids_;
  std::unordered_map<MessageId, std::uint64_t> segment_of_;
  std::map<std::uint64_t, Segment> segments_;
  std::uint64_t sequence_ = 0;
  std::size_t written_ = 0;  // bytes in the current segment

  std::mutex mutex_;  // fd_, is_dirty_, stop_
  std::condition_variable wake_;
  int fd_ = -1;
  bool is_dirty_ = false;
  bool stop_ = false;
  std::atomic<bool> sync_failed_ = false;
  Histogram sync_seconds_;
  std::thread syncer_;
};

// Everything found in the files of one node, oldest first.
struct Replay {
  NodeId node;
  std::vector<Settlement> settlements;  // each with the body record of its intent
  std::vector<Intent> open_intents;     // without a settlement
  std::vector<std::filesystem::path> files;
};

// Reads all files of a folder, by node. Damaged tails are expected after a crash and left out.
Result<std::vector<Replay>> read_journal(const std::filesystem::path& folder);

}  // namespace tidings::delivery
