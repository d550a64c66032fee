// Who asks, as far as the connection tells. Thread: any; pure.
#pragma once

#include <string>
#include <string_view>

#include "net/http_message.h"

namespace tidings::http {

// "192.0.2.1" of "192.0.2.1:50123", "2001:db8::1" of "[2001:db8::1]:50123"; without a port as it
// is.
std::string_view without_port(std::string_view peer);

// The address at the other end of the connection, as wire::IpAddress writes it, an IPv4 one mapped
// into IPv6 as IPv4. Empty where a proxy says that it speaks for somebody else, and for a local
// socket.
std::string direct_peer(const net::Request& request);

// Asked for by a name of this very machine, from it, and not through a proxy: the person who
// started the program, or what runs beside it.
bool is_operator(const net::Request& request);

}  // namespace tidings::http
