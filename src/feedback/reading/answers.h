// Tells automatic answers and people's replies apart from everything else.
//
// Source: RFC 3834 §5 (Auto-Submitted), and the fields that programs older than it set; subjects in
// the languages we have met (bounce_phrases.h). Thread: any; pure.
#pragma once

#include "feedback/reading/mail.h"

namespace tidings::feedback {

// A program answered in somebody's name: a vacation notice, a receipt.
bool is_auto_reply(const Mail& mail);
// Somebody answered a message.
bool is_reply(const Mail& mail);

}  // namespace tidings::feedback
