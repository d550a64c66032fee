// Reads the mail that nearly all bounces are without building it: no nested multipart, nothing to
// convert to another character set.
//
// Optimisation: GMime makes an object of each field and part, which is two thirds of reading a
// bounce (75 of 120 µs). The slow twin is read_mail_with_gmime(): tests hold that both
// lead to the same report.
// Spec: RFC 5322 §2.1, RFC 2046 §5.1. Thread: any; pure.
#pragma once

#include <optional>
#include <string_view>

#include "feedback/reading/mail.h"

namespace tidings::feedback {

// Nothing when the mail is not plain. `octets` begin with a header and are at most kMailMax.
std::optional<Mail> read_plain_mail(std::string_view octets);

}  // namespace tidings::feedback
