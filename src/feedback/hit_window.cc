#include "feedback/hit_window.h"

#include <algorithm>
#include <array>

#include "domain/hit_judgement.h"

namespace tidings::feedback {

std::size_t HitWindow::KeyHash::operator()(const Key& key) const noexcept {
  return std::hash<std::int64_t>()(key.message.value) ^
         (std::hash<std::int64_t>()(key.organisation.value) << 1);
}

void HitWindow::add(Waiting waiting) {
  if (waiting.hit && !waiting.hit->is_total && waiting.hit->number > 0) {
    const delivery::Hit& hit = *waiting.hit;
    const Key key{hit.organisation_id, hit.message_id};
    if (waiting_.empty()) forget(hit.occurred_at - kLinksWithin);
    std::vector<Seen>& seen = seen_[key];
    if (seen.size() < kSeenMax) {
      seen.push_back({hit.number, hit.occurred_at});
      trail_.emplace_back(key, hit.occurred_at);
    }
  }
  waiting_.push_back(std::move(waiting));
}

std::vector<HitWindow::Waiting> HitWindow::peek(std::size_t most, Instant settled, Instant now) {
  std::vector<Waiting> next;
  const bool is_full = full();
  for (const Waiting& waiting : waiting_) {
    if (next.size() >= most) break;
    if (!next.empty() && next.front().segment != waiting.segment) break;
    if (waiting.hit && !is_full && waiting.hit->occurred_at > settled &&
        waiting.hit->occurred_at <= now) {
      break;
    }
    next.push_back(waiting);
    if (next.back().hit) next.back().hit->links_at_once = links_around(*next.back().hit);
  }
  return next;
}

void HitWindow::drop(std::size_t count) {
  std::optional<Instant> last;
  for (std::size_t i = 0; i < count && !waiting_.empty(); ++i) {
    if (waiting_.front().hit) last = waiting_.front().hit->occurred_at;
    waiting_.pop_front();
  }
  if (waiting_.empty()) {
    // Nothing that comes can be judged by what is older than the next hit.
    if (last) forget(*last - kLinksWithin);
    return;
  }
  if (waiting_.front().hit) forget(waiting_.front().hit->occurred_at - kLinksWithin);
}

int HitWindow::links_around(const delivery::Hit& hit) const {
  if (hit.is_total) return 0;
  const auto at = seen_.find({hit.organisation_id, hit.message_id});
  if (at == seen_.end()) return 0;
  std::array<int, kSeenMax + 1> numbers{hit.number};
  std::size_t count = hit.number > 0 ? 1 : 0;
  for (const Seen& seen : at->second) {
    const Duration apart =
        seen.at > hit.occurred_at ? seen.at - hit.occurred_at : hit.occurred_at - seen.at;
    if (apart > kLinksWithin) continue;
    const auto end = numbers.begin() + static_cast<std::ptrdiff_t>(count);
    if (std::find(numbers.begin(), end, seen.number) == end) numbers[count++] = seen.number;
  }
  return static_cast<int>(count);
}

void HitWindow::forget(Instant before) {
  while (!trail_.empty() && trail_.front().second < before) {
    const auto at = seen_.find(trail_.front().first);
    if (at != seen_.end()) {
      // In the order of adding: its own is the first.
      at->second.erase(at->second.begin());
      if (at->second.empty()) seen_.erase(at);
    }
    trail_.pop_front();
  }
}

}  // namespace tidings::feedback
