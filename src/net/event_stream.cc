#include "net/event_stream.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "base/check.h"

namespace tidings::net {
namespace {

// "event: TYPE", "id: ID", a "data:" line for each line of the data, and an empty line.
std::string as_text(const ServerEvent& event) {
  std::string text;
  text.reserve(event.data.size() + event.type.size() + event.id.size() + 32);
  if (!event.type.empty()) text.append("event: ").append(event.type).append("\n");
  if (!event.id.empty()) text.append("id: ").append(event.id).append("\n");
  std::string_view rest = event.data;
  for (;;) {
    // CR, LF and CR LF all end a line there.
    const std::size_t end = std::min(rest.find_first_of("\r\n"), rest.size());
    text.append("data: ").append(rest.substr(0, end)).append("\n");
    if (end == rest.size()) break;
    rest.remove_prefix(rest.substr(end).starts_with("\r\n") ? end + 2 : end + 1);
  }
  text += '\n';
  return text;
}

bool is_one_line(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
}

}  // namespace

EventStream::EventStream(EventStreamOptions options) : options_(options) {}

std::shared_ptr<EventStream> EventStream::polled(Duration every, Poll poll,
                                                 EventStreamOptions options) {
  CHECK(every > Duration{} && poll != nullptr);
  auto stream = std::make_shared<EventStream>(options);
  stream->poll_every_ = every;
  stream->poll_ = std::move(poll);
  return stream;
}

bool EventStream::send(const ServerEvent& event) {
  CHECK(is_one_line(event.type) && is_one_line(event.id));
  std::string text = as_text(event);
  std::function<void()> wake;
  bool is_taken = true;
  {
    const std::lock_guard lock(mutex_);
    if (is_ending_ || is_gone_) return false;
    const auto same = std::ranges::find_if(waiting_, [&](const Waiting& each) {
      return event.replaces && each.replaces && each.type == event.type;
    });
    if (same != waiting_.end()) {
      waiting_bytes_ -= same->text.size();
      waiting_.erase(same);
    }
    if (waiting_bytes_ + text.size() > options_.queue_bytes) {
      is_ending_ = true;
      is_taken = false;
    } else {
      waiting_bytes_ += text.size();
      waiting_.push_back({event.type, std::move(text), event.replaces});
    }
    wake = wake_;
  }
  if (wake) wake();
  return is_taken;
}

void EventStream::end() {
  std::function<void()> wake;
  {
    const std::lock_guard lock(mutex_);
    if (is_ending_ || is_gone_) return;
    is_ending_ = true;
    wake = wake_;
  }
  if (wake) wake();
}

bool EventStream::is_over() const {
  const std::lock_guard lock(mutex_);
  return is_ending_ || is_gone_;
}

void EventStream::attach(std::function<void()> wake) {
  const std::lock_guard lock(mutex_);
  wake_ = std::move(wake);
}

void EventStream::detach() {
  const std::lock_guard lock(mutex_);
  is_gone_ = true;
  wake_ = nullptr;
  waiting_.clear();
  waiting_bytes_ = 0;
}

std::string EventStream::take(bool& ends) {
  const std::lock_guard lock(mutex_);
  std::string all;
  all.reserve(waiting_bytes_);
  for (const Waiting& each : waiting_) all += each.text;
  waiting_.clear();
  waiting_bytes_ = 0;
  ends = is_ending_;
  return all;
}

void EventStream::poll() {
  if (is_over()) return;
  bool goes_on = false;
  try {
    goes_on = poll_(*this);
  } catch (const std::exception&) {
    // Ends: a browser asks again, and the next answer says what is wrong.
  }
  if (!goes_on) end();
}

}  // namespace tidings::net
