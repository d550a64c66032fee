// What others say that bounces mean, in our words. Nothing of the corpora is in the project: they
// are read where they lie.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "feedback/reading/bounce_reason.h"

namespace tidings::feedback::conformance {

// One labelled mail.
struct Labelled {
  std::string name;
  std::string octets;
  bool is_bounce = true;
  bool is_reason_labelled = false;
  std::vector<std::string> recipients;
  std::uint16_t reply_code = 0;
  std::string status;
  std::vector<Severity> severities;   // any of them is right
  std::vector<BounceReason> reasons;  // any of them is right
};

// crisp-oss/email-bounce-parser: `*.txt` and `expected/*.json`.
std::vector<Labelled> read_crisp(const std::filesystem::path& folder);
// flufl.bounce: `tests/data/*.txt`, and the list of expected addresses in `testing/helpers.py`.
std::vector<Labelled> read_flufl(const std::filesystem::path& package);

std::string read_whole(const std::filesystem::path& path);

}  // namespace tidings::feedback::conformance
