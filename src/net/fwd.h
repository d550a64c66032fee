// The names of net, for headers that only hold references.
#pragma once

namespace boost::asio {
class io_context;
}

namespace tidings::net {
class EventLoop;
class Timer;
class Stream;
class TlsContext;
}  // namespace tidings::net
