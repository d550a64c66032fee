// What the sink makes of one message's octets, and how it writes it down. Shares no code with src/,
// as the sink itself (sink.cc).
#pragma once

#include <string>
#include <string_view>

void append_json_string(std::string& out, std::string_view text);

char lower(char c);

bool starts_with_nocase(std::string_view text, std::string_view lower_prefix);

std::string sha256_hex(std::string_view bytes);

// The value of the first header field of that name, unfolded; empty when there is none.
std::string header_value(std::string_view octets, std::string_view lower_name_and_colon);

// What RFC 5321 forbids in content, as names; normally empty.
std::string content_defects(std::string_view octets, bool eight_bit_declared);

// RFC 5321 §4.5.2: takes the leading dot off lines that begin with one.
std::string unstuff(std::string_view stuffed);
