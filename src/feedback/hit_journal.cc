#include "feedback/hit_journal.h"

#include <algorithm>
#include <cerrno>
#include <optional>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "delivery/journal_record.h"

namespace tidings::feedback {

namespace {

using delivery::Hit;

constexpr std::string_view kMagic = "TIDINGS HITS 1\n";
constexpr std::string_view kExtension = ".hits";
constexpr std::uint8_t kHitRecord = 1;
constexpr std::uint8_t kIsTotal = 1;
constexpr std::uint8_t kIsHead = 2;
constexpr std::uint8_t kIsMachine = 4;
constexpr std::size_t kAddressMax = 64;
// A record is shorter than that; read at a time.
constexpr std::size_t kPiece = std::size_t{256} << 10;

void append_hit(std::string& out, const Hit& hit) {
  delivery::append_record(out, kHitRecord, [&](delivery::RecordWriter writer) {
    writer.number(hit.organisation_id.value);
    writer.number(hit.message_id.value);
    writer.number(static_cast<std::uint8_t>((hit.is_total ? kIsTotal : 0) |
                                            (hit.is_head ? kIsHead : 0) |
                                            (hit.is_machine ? kIsMachine : 0)));
    writer.number(static_cast<std::int32_t>(hit.number));
    writer.number(to_micros(hit.occurred_at));
    writer.text(std::string_view(hit.address).substr(0, kAddressMax));
    writer.text(std::string_view(hit.user_agent).substr(0, delivery::kUserAgentMax));
  });
}

std::optional<Hit> read_hit(const delivery::JournalRecord& record) {
  if (record.type != kHitRecord) return std::nullopt;
  delivery::RecordReader reader(record.payload);
  Hit hit;
  hit.organisation_id = {reader.number<std::int64_t>()};
  hit.message_id = {reader.number<std::int64_t>()};
  const auto flags = reader.number<std::uint8_t>();
  hit.is_total = (flags & kIsTotal) != 0;
  hit.is_head = (flags & kIsHead) != 0;
  hit.is_machine = (flags & kIsMachine) != 0;
  hit.number = reader.number<std::int32_t>();
  hit.occurred_at = from_micros(reader.number<std::int64_t>());
  hit.address = reader.text();
  hit.user_agent = reader.text();
  if (!reader.complete()) return std::nullopt;
  return hit;
}

// What stands in a file from `from` on, at most kPiece.
Result<std::string> read_piece(const std::filesystem::path& path, std::uint64_t from,
                               std::uint64_t end) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return fail_errno("hits.open", "Cannot read " + path.string(), errno);
  std::string bytes(std::min<std::uint64_t>(end - from, kPiece), '\0');
  std::size_t got = 0;
  while (got < bytes.size()) {
    const ssize_t count =
        ::pread(fd, bytes.data() + got, bytes.size() - got, static_cast<off_t>(from + got));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      const int error = errno;
      ::close(fd);
      return fail_errno("hits.open", "Cannot read " + path.string(), error);
    }
    if (count == 0) break;
    got += static_cast<std::size_t>(count);
  }
  ::close(fd);
  bytes.resize(got);
  return bytes;
}

}  // namespace

HitJournal::HitJournal(std::filesystem::path folder, IdSource& ids, HitJournalOptions options)
    : folder_(std::move(folder)), ids_(ids), options_(options) {}

Result<std::unique_ptr<HitJournal>> HitJournal::open(const std::filesystem::path& folder,
                                                     IdSource& ids, HitJournalOptions options) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) {
    return fail(ErrorKind::internal, "hits.open",
                fmt::format("Cannot make the folder {}: {}.", folder.string(), error.message()));
  }
  std::unique_ptr<HitJournal> journal(new HitJournal(folder, ids, options));
  TRY(journal->find_left_behind());
  journal->syncer_ = std::thread([raw = journal.get()] { raw->run_sync(); });
  return journal;
}

HitJournal::~HitJournal() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_sync_.notify_all();
  readable_.notify_all();
  if (syncer_.joinable()) syncer_.join();
  [[maybe_unused]] const auto written = settle();  // counts what it refuses
  const bool is_open = fd_ >= 0;
  if (is_open) retired_.push_back(std::exchange(fd_, -1));
  note_sync(settled_, sync(retired_, is_renamed_));
  if (!is_open) return;
  const Segment& last = segments_.back();
  if (last.done >= last.size) ::unlink(last.path.c_str());
}

Result<void> HitJournal::find_left_behind() {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder_, error)) {
    if (entry.path().extension() != kExtension) continue;
    std::error_code size_error;
    const std::uint64_t size = entry.file_size(size_error);
    if (!size_error) segments_.push_back({entry.path(), size, 0});
  }
  if (error) {
    return fail(ErrorKind::internal, "hits.open",
                fmt::format("Cannot read {}: {}.", folder_.string(), error.message()));
  }
  std::ranges::sort(segments_, {}, &Segment::path);  // names are ids: the order of writing
  return {};
}

// Called by who writes.
Result<void> HitJournal::start_segment() {
  const std::filesystem::path path =
      folder_ / fmt::format("{}{}", to_text(ids_.next()), kExtension);
  const int fd = ::open(path.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0) return fail_errno("hits.write", "Cannot make " + path.string(), errno);
  if (::write(fd, kMagic.data(), kMagic.size()) != static_cast<ssize_t>(kMagic.size())) {
    const int error = errno;
    ::close(fd);
    ::unlink(path.c_str());
    return fail_errno("hits.write", "Cannot write " + path.string(), error);
  }
  const std::lock_guard lock(mutex_);
  const int old = std::exchange(fd_, fd);
  if (old >= 0) retired_.push_back(old);
  is_renamed_ = true;
  is_suspect_ = false;
  segments_.push_back({path, kMagic.size(), kMagic.size()});
  return {};
}

// Called by who writes: nobody else changes the last segment's size or the descriptor.
Result<void> HitJournal::write(std::string_view bytes) {
  std::uint64_t before = 0;
  bool needs_segment = true;
  {
    const std::lock_guard lock(mutex_);
    std::uint64_t waiting = 0;
    for (const Segment& segment : segments_) waiting += segment.size - segment.done;
    if (waiting + bytes.size() > options_.bytes_max) {
      return fail(ErrorKind::limit, "hits.full",
                  "So many followed links wait for the database that no more are written down.");
    }
    if (fd_ >= 0) {
      before = segments_.back().size;
      needs_segment = is_suspect_ || before >= options_.segment_bytes;
    }
  }
  if (needs_segment) {
    TRY(start_segment());
    before = kMagic.size();
  }
  const int fd = fd_;
  std::uint64_t size = before;
  while (!bytes.empty()) {
    const ssize_t count = ::write(fd, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      const int error = errno;
      // Half a record would hide what follows it; where it cannot be taken back, a new file begins.
      if (size != before && ::ftruncate(fd, static_cast<off_t>(before)) != 0) {
        const std::lock_guard lock(mutex_);
        ::close(std::exchange(fd_, -1));
      }
      return fail_errno("hits.write", "Cannot write down followed links in " + folder_.string(),
                        error);
    }
    size += static_cast<std::uint64_t>(count);
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  const std::lock_guard lock(mutex_);
  segments_.back().size = size;
  return {};
}

// Writes what was given until now, for everybody who waits.
Result<void> HitJournal::write_group(std::unique_lock<std::mutex>& lock) {
  is_writing_ = true;
  const std::string bytes = std::exchange(pending_, {});
  const std::uint64_t from = settled_;
  const std::uint64_t to = asked_;
  lock.unlock();
  auto wrote = write(bytes);
  lock.lock();
  is_writing_ = false;
  settled_ = to;
  if (wrote) {
    // Optimisation: told once of what is to be synced. Woken for every hit, the thread that only
    // gathers cost whoever writes a quarter of their time.
    if (!std::exchange(is_dirty_, true)) wake_sync_.notify_one();
    readable_.notify_one();
  } else {
    failed_from_ = from;
    failed_to_ = to;
    failure_ = wrote.error();
    lost_ += to - from;
  }
  written_.notify_all();
  return wrote;
}

void HitJournal::note(const Hit& hit) {
  const std::lock_guard lock(mutex_);
  append_hit(pending_, hit);
  ++asked_;
}

Result<void> HitJournal::settle() {
  std::unique_lock lock(mutex_);
  return settle_up_to(asked_, lock);
}

Result<void> HitJournal::add(const Hit& hit) {
  std::unique_lock lock(mutex_);
  append_hit(pending_, hit);
  return settle_up_to(++asked_, lock);
}

Result<void> HitJournal::settle_up_to(std::uint64_t mine, std::unique_lock<std::mutex>& lock) {
  while (settled_ < mine) {
    if (!is_writing_) return write_group(lock);
    written_.wait(lock);
  }
  // Groups are settled in order; whoever wakes late may miss the trouble of an earlier one, which
  // is counted all the same.
  if (mine > failed_from_ && mine <= failed_to_) return std::unexpected(failure_);
  return {};
}

Result<HitJournal::Batch> HitJournal::next(std::size_t most, const Position& after) {
  Segment segment;
  std::uint64_t from = 0;
  {
    const std::lock_guard lock(mutex_);
    auto at = std::ranges::find_if(segments_, [&](const Segment& each) {
      return each.path.filename().string() == after.segment;
    });
    const bool is_known = at != segments_.end();
    if (!is_known) at = segments_.begin();
    for (; at != segments_.end(); ++at) {
      const bool is_here = is_known && at->path.filename().string() == after.segment;
      from = is_here ? after.to : at->done;
      const bool is_written_to = fd_ >= 0 && std::next(at) == segments_.end();
      // One that was read to its end before is only waiting to be deleted: once it is told.
      if (from < at->size || (!is_here && !is_written_to)) break;
    }
    if (at == segments_.end()) return Batch();
    segment = *at;
  }
  Batch batch{segment.path.filename().string(), from, from, {}, {}};
  if (from >= segment.size) return batch;
  const std::string bytes = TRY(read_piece(segment.path, from, segment.size));
  std::string_view rest = bytes;
  if (from == 0) {
    if (!rest.starts_with(kMagic)) {
      batch.to = segment.size;  // cut off before its header was whole, or not ours
      return batch;
    }
    rest.remove_prefix(kMagic.size());
    batch.to = kMagic.size();
  }
  while (batch.hits.size() < most) {
    const auto record = delivery::first_record(rest);
    if (!record) break;
    rest.remove_prefix(record->size);
    batch.to += record->size;
    if (auto hit = read_hit(*record)) {
      batch.hits.push_back(*std::move(hit));
      batch.ends.push_back(batch.to);
    }
  }
  // Whole records only, or a torn tail.
  if (batch.to == batch.from || (batch.hits.empty() && batch.to < segment.size)) {
    batch.to = segment.size;
  }
  return batch;
}

std::vector<std::string> HitJournal::done(const std::string& segment, std::uint64_t to) {
  std::vector<std::filesystem::path> finished;
  {
    const std::lock_guard lock(mutex_);
    const auto at = std::ranges::find_if(
        segments_, [&](const Segment& each) { return each.path.filename().string() == segment; });
    if (at == segments_.end()) return {};
    at->done = std::max(at->done, std::min(to, at->size));
    // Also one that was done while it was still written to.
    const Segment* written_to = fd_ >= 0 ? &segments_.back() : nullptr;
    std::erase_if(segments_, [&](const Segment& each) {
      if (&each == written_to || each.done < each.size) return false;
      finished.push_back(each.path);
      return true;
    });
  }
  std::vector<std::string> names;
  for (const std::filesystem::path& path : finished) {
    ::unlink(path.c_str());
    names.push_back(path.filename().string());
  }
  return names;
}

void HitJournal::wait(Duration at_most) {
  std::unique_lock lock(mutex_);
  readable_.wait_for(lock, at_most, [this] {
    return stop_ || std::ranges::any_of(segments_,
                                        [](const Segment& each) { return each.done < each.size; });
  });
}

std::uint64_t HitJournal::waiting() const {
  const std::lock_guard lock(mutex_);
  std::uint64_t sum = 0;
  for (const Segment& segment : segments_) sum += segment.size - segment.done;
  return sum;
}

std::uint64_t HitJournal::noted() const {
  const std::lock_guard lock(mutex_);
  return asked_;
}

std::uint64_t HitJournal::lost() const {
  const std::lock_guard lock(mutex_);
  return lost_;
}

std::uint64_t HitJournal::unconfirmed() const {
  const std::lock_guard lock(mutex_);
  return unconfirmed_;
}

std::string HitJournal::trouble() const {
  const std::lock_guard lock(mutex_);
  return trouble_;
}

int HitJournal::sync(const std::vector<int>& files, bool is_renamed) const {
  int error = 0;
  const auto finish = [&](int file, const auto& how) {
    if ((file < 0 || how(file) != 0) && error == 0) error = errno != 0 ? errno : EIO;
    if (file >= 0) ::close(file);
  };
  for (const int file : files) finish(file, options_.sync);
  // The new name must survive a power loss as well as its content.
  if (is_renamed) finish(::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC), ::fsync);
  return error;
}

// `to` records were with the kernel when the sync began. What failed is not tried again: the kernel
// may have let go of it. It keeps what it has, so that the applier still reads and stores it.
void HitJournal::note_sync(std::uint64_t to, int error) {
  if (error == 0) {
    trouble_.clear();
  } else {
    unconfirmed_ += to - synced_;
    is_suspect_ = true;
    trouble_ = fmt::format(
        "The disk did not confirm that it keeps followed links and opens ({}), {} so far: a power "
        "loss may take those that are not in the database yet. Look at the disk of {}.",
        std::generic_category().message(error), unconfirmed_, folder_.string());
  }
  synced_ = to;
}

void HitJournal::run_sync() {
  std::unique_lock lock(mutex_);
  while (!stop_) {
    wake_sync_.wait(lock, [this] { return is_dirty_ || stop_; });
    if (stop_) return;
    wake_sync_.wait_for(lock, options_.sync_interval / 2, [this] { return stop_; });
    is_dirty_ = false;
    std::vector<int> files = std::exchange(retired_, {});
    if (fd_ >= 0) files.push_back(::dup(fd_));
    const bool is_renamed = std::exchange(is_renamed_, false);
    const std::uint64_t to = settled_;
    lock.unlock();
    const int error = sync(files, is_renamed);
    lock.lock();
    note_sync(to, error);
  }
}

}  // namespace tidings::feedback
