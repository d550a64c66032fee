// Reads a bounce that only a person was meant to read: whom it is about, and what was said about
// each.
//
// No server's format is known by name. A line that is an address, or begins with one, or names one
// behind a known label, is about that address; what follows up to the next one was said about it;
// the report ends where the returned message begins. The tables are bounce_phrases.h.
// Bounds: text beyond kReportMax is not read; at most wire::kDsnRecipientsMax addresses, each with
// kDiagnosticMax octets. Thread: any; pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "wire/report_fields.h"

namespace tidings::feedback {

inline constexpr std::size_t kReportMax = std::size_t{32} << 10;
inline constexpr std::size_t kDiagnosticMax = 1'500;

// How sure it is that the bounce is about an address.
enum class AddressPlace {
  mentioned,   // somewhere in a sentence
  introduced,  // behind words that introduce one, or before a sentence
  listed,      // a line of its own, or with its trouble behind it
};

struct TextRecipient {
  std::string address;
  std::string diagnostic;  // may be empty: what was said stands before, or is said of all
};

struct BounceText {
  std::string_view report;                // of the text that was read; up to the returned message
  std::vector<TextRecipient> recipients;  // those of the surest place; no address twice
  AddressPlace place = AddressPlace::mentioned;
  wire::ReportBlock returned;  // header of the message behind the report, if there is one
};

// `own` are addresses that it is never about when merely mentioned: sender and receiver of the
// report. Borrows `text`.
BounceText read_bounce_text(std::string_view text, const std::vector<std::string_view>& own);

// The addresses in a line, in order.
struct FoundAddress {
  std::string_view address;
  std::size_t begin = 0;
  std::size_t end = 0;
};
std::vector<FoundAddress> find_addresses(std::string_view line);

bool is_same_address(std::string_view a, std::string_view b);

}  // namespace tidings::feedback
