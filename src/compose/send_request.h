// SendRequest: everything a person says to send one campaign, as a value that can be handed from
// one process to another.
// Thread: values.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "compose/draft.h"

namespace tidings::compose {

struct AttachedFile {
  std::string file_name;  // as the recipient sees it
  std::string content;
};

struct SendRequest {
  std::string csv_path;               // absolute; empty: no import
  std::string csv_name;               // as the person knows it
  std::vector<std::string> mappings;  // `column=field`
  std::string group;                  // without a CSV the audience; with one its people join it
  std::string subject;                // Liquid
  std::string html;                   // Liquid; empty: text only
  std::string text;                   // Liquid; empty: derived from html
  std::string from;                   // `Name <address>` or an address
  std::string reply_to;               // empty: replies go to `from`
  std::string envelope_from;          // empty: the address of `from`
  std::vector<AttachedFile> attachments;
  std::string transport_url;   // smtp://, smtps:// or sandbox:
  std::string password;        // for the transport; sealed when stored
  double rate_per_second = 0;  // 0: no limit
  // When, as domain/wall_time.h reads it; empty: now. The zone may be left out: then it is the
  // organisation's.
  std::string at;
  std::string zone;
  std::string fold;  // "later": the second of two where the clocks go back
  DraftTracking tracking;
};

std::string to_json(const SendRequest& request);
// Error: send_request.malformed (invalid).
Result<SendRequest> send_request_from_json(std::string_view json);

}  // namespace tidings::compose
