// HitJournal: links that were followed and pictures that were loaded, written down before anybody
// is answered, so that no answer waits for the database and a killed process loses none.
//
// Files: `DIR/<id>.hits`: a line of header, then records (delivery/journal_record.h). Those who
// write at the same moment share one write(2); unsynced data is never older than the sync interval,
// so only a power loss can take the last of it. What a failed sync left uncertain is counted and
// told (unconfirmed(), trouble()), and its file is written to no more: a later sync of it would say
// nothing. HitApplier reads from the oldest file on, also from
// the one being written; a file is deleted once the database has all of it, and what a predecessor
// left is read first. A torn tail ends the reading of its file.
// Bounds: with `bytes_max` of files waiting (the database was away for long), or a full disk, a hit
// is refused and lost(): whoever followed the link is answered all the same.
// Thread: any for add(); reading: one thread.
// Errors: hits.open; add(): hits.full, hits.write (limit when the disk is full).
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <unistd.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "delivery/ledger.h"

namespace tidings::feedback {

struct HitJournalOptions {
  std::uint64_t bytes_max = std::uint64_t{1} << 30;
  std::uint64_t segment_bytes = std::uint64_t{8} << 20;
  Duration sync_interval = std::chrono::milliseconds(100);
  std::function<int(int descriptor)> sync = ::fdatasync;
};

class HitJournal {
 public:
  // `ids` outlives it: files are named by them.
  static Result<std::unique_ptr<HitJournal>> open(const std::filesystem::path& folder,
                                                  IdSource& ids, HitJournalOptions options = {});
  ~HitJournal();
  HitJournal(const HitJournal&) = delete;
  HitJournal& operator=(const HitJournal&) = delete;

  // On return it is with the kernel: what kills this process does not lose it.
  Result<void> add(const delivery::Hit& hit);
  // Optimisation: the same in two steps, so that many share one write(2). note() touches no file;
  // settle() brings what was noted until now to the kernel, and is cheap when nothing waits.
  void note(const delivery::Hit& hit);
  Result<void> settle();

  // Where a reading of the journal stands: behind this octet of that file; from the beginning when
  // there is no such file.
  struct Position {
    std::string segment;  // the file's name
    std::uint64_t to = 0;
  };
  // The next hits behind `after`, of one file, at most `most`; without one, the oldest that are not
  // done yet. No segment when there is nothing behind it.
  struct Batch {
    std::string segment;     // the file's name
    std::uint64_t from = 0;  // octets from its start
    std::uint64_t to = 0;
    std::vector<delivery::Hit> hits;
    std::vector<std::uint64_t> ends;  // of each: where the next one begins
  };
  Result<Batch> next(std::size_t most, const Position& after);
  Result<Batch> next(std::size_t most) { return next(most, Position()); }
  // The database has the segment up to there. Deletes the files of which that was all, and names
  // them.
  std::vector<std::string> done(const std::string& segment, std::uint64_t to);
  // Waits until there is something to read, for at most that long.
  void wait(Duration at_most);

  // Octets that the database does not have yet; hits refused since the start.
  std::uint64_t waiting() const;
  std::uint64_t lost() const;
  // Hits since the start that the disk did not confirm: until the database has them, a power loss
  // may take them.
  std::uint64_t unconfirmed() const;
  // Why the last sync failed; empty when it did not.
  std::string trouble() const;
  // Hits given since the start.
  std::uint64_t noted() const;
  // So much waits that whoever stores it should not wait for a quieter moment.
  bool is_filling() const { return waiting() > options_.bytes_max / 4; }

 private:
  struct Segment {
    std::filesystem::path path;
    std::uint64_t size = 0;
    std::uint64_t done = 0;
  };

  HitJournal(std::filesystem::path folder, IdSource& ids, HitJournalOptions options);
  Result<void> find_left_behind();
  Result<void> start_segment();
  Result<void> write(std::string_view bytes);
  Result<void> write_group(std::unique_lock<std::mutex>& lock);
  Result<void> settle_up_to(std::uint64_t mine, std::unique_lock<std::mutex>& lock);
  // 0, or the errno of the first failure.
  int sync(const std::vector<int>& files, bool is_renamed) const;
  void note_sync(std::uint64_t to, int error);
  void run_sync();

  const std::filesystem::path folder_;
  IdSource& ids_;
  const HitJournalOptions options_;

  mutable std::mutex mutex_;  // everything below; not held during write(2)
  std::condition_variable written_;
  std::condition_variable readable_;
  std::condition_variable wake_sync_;
  std::deque<Segment> segments_;  // oldest first; the last is written to while fd_ is open
  std::string pending_;
  std::uint64_t asked_ = 0;        // records given
  std::uint64_t settled_ = 0;      // records whose group was written, or refused
  std::uint64_t failed_from_ = 0;  // the last group that failed: (from, to]
  std::uint64_t failed_to_ = 0;
  Error failure_{};
  std::uint64_t lost_ = 0;
  std::uint64_t synced_ = 0;  // of settled_, what a sync was tried for
  std::uint64_t unconfirmed_ = 0;
  std::string trouble_;
  int fd_ = -1;
  std::vector<int> retired_;  // written to no more, to be synced and closed
  bool is_renamed_ = false;   // the folder has a new name in it
  bool is_writing_ = false;
  bool is_dirty_ = false;
  bool is_suspect_ = false;  // the file written to could not be synced
  bool stop_ = false;
  std::thread syncer_;
};

}  // namespace tidings::feedback
