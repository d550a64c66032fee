// EventStream: server-sent events to one client (HTML Living Standard §9.2, "Server-sent events").
//
// A handler answers Response::event_stream(stream). From then on what is sent goes out, until the
// stream ends, the client leaves or the server drains (which ends every stream: a browser comes
// back by itself, with the header Last-Event-ID). Two ways to feed it:
// - push: anybody keeps the shared pointer and calls send() and end();
// - poll: polled(every, poll) is asked at once and then every so often, on the server's pool, so it
//   may read the database; never twice at a time. It sends what is new and says whether to go on.
// Bounds: an event that `replaces` takes the place of a waiting one of its type, so a slow client
// sees the newest state, not all of them; beyond `queue_bytes` waiting the stream ends. A comment
// goes out when nothing did for `heartbeat`, and a client that takes nothing for the server's
// write_timeout is dropped. The server has 1,000 streams at most: then 503.
//
//   registry.answer("watchCampaign", [](const Call& call) -> Result<Answer> {
//     return Answer::event_stream(net::EventStream::polled(std::chrono::seconds(1),
//         [&database, id, last = std::string()](net::EventStream& stream) mutable {
//           auto progress = read_progress(database, id);
//           if (progress && *progress != last) stream.send({"progress", last = *progress});
//           return progress && !is_finished(*progress);
//         }));
//   });
//
// Thread: send(), end(), is_over() from any; the others are the server's.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "base/clock.h"

namespace tidings::net {

struct ServerEvent {
  std::string type;      // one line; "message" when empty
  std::string data;      // UTF-8, any number of lines
  std::string id = {};   // one line: what a browser gives back as Last-Event-ID; may be empty
  bool replaces = true;  // a waiting event of the same type
};

struct EventStreamOptions {
  Duration heartbeat = std::chrono::seconds(15);
  std::size_t queue_bytes = 256 * 1024;
};

class EventStream {
 public:
  explicit EventStream(EventStreamOptions options = {});
  // False: that was all, the stream ends after what was sent.
  using Poll = std::function<bool(EventStream&)>;
  static std::shared_ptr<EventStream> polled(Duration every, Poll poll,
                                             EventStreamOptions options = {});

  // False when the stream is over: nobody will see it. A type or id of several lines is a CHECK.
  bool send(const ServerEvent& event);
  // Ends after what waits. May be called twice.
  void end();
  // The client is gone, or end() was called.
  bool is_over() const;

  // ---- the server's side
  const EventStreamOptions& options() const { return options_; }
  // `wake` is called, on any thread, when there is something to take or the end has come.
  void attach(std::function<void()> wake);
  void detach();  // the client is gone
  // Everything that waits, as it goes over the wire; `ends` when nothing follows.
  std::string take(bool& ends);
  // The time between polls; zero without a poll.
  Duration poll_every() const { return poll_every_; }
  // Runs the poll once, on this thread; a false or an exception ends the stream.
  void poll();

 private:
  struct Waiting {
    std::string type;
    std::string text;  // as it goes over the wire
    bool replaces = true;
  };
  const EventStreamOptions options_;
  Duration poll_every_{};
  Poll poll_;  // only touched by poll()

  mutable std::mutex mutex_;  // guards what follows
  std::deque<Waiting> waiting_;
  std::size_t waiting_bytes_ = 0;
  bool is_ending_ = false;
  bool is_gone_ = false;
  std::function<void()> wake_;
};

}  // namespace tidings::net
