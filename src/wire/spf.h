// SPF: whether a domain lets a machine send in its name, worked out as a receiver does.
//
// check_host() of RFC 7208 with all mechanisms, redirect and macros; 10 terms that ask DNS, 10 MX
// hosts, 2 empty answers, as §4.6.4 bounds them. Deviates: explanations (exp=) are not fetched, and
// %{p} is always "unknown", as §7.3 allows.
// Thread: any; pure but for the answers it asks for.
#pragma once

#include <string>
#include <string_view>

#include "wire/dns_answers.h"
#include "wire/ip_address.h"

namespace tidings::wire {

enum class SpfResult { none, neutral, pass, fail, softfail, temperror, permerror };
std::string_view to_string(SpfResult result);

struct SpfQuestion {
  IpAddress client;
  std::string domain;  // of the return path
  std::string local_part = "postmaster";
  std::string hello;  // as in EHLO
};

struct SpfAnswer {
  SpfResult result = SpfResult::none;
  std::string term;  // which decided, as written; empty: none did
  std::string why;   // of an error: a clause for a person, "there are two SPF records"
};

SpfAnswer check_spf(const SpfQuestion& question, DnsAnswers& dns);

}  // namespace tidings::wire
