// Who asks, as far as the connection tells. Thread: any; pure.
#pragma once

#include <string>

#include "net/http_message.h"

namespace tidings::http {

// The address at the other end of the connection, as wire::IpAddress writes it, an IPv4 one mapped
// into IPv6 as IPv4. Empty where a proxy says that it speaks for somebody else, and for a local
// socket.
std::string direct_peer(const net::Request& request);

// Asked for by a name of this very machine, from it, and not through a proxy: the person who
// started the program, or what runs beside it.
bool is_operator(const net::Request& request);

}  // namespace tidings::http
