#include "domain/mx_outcome.h"

#include <gtest/gtest.h>

namespace tidings {
namespace {

using wire::MxVerdict;

TEST(MxOutcome, ANullMxIs556) {
  const Outcome outcome = outcome_of_mx(MxVerdict::null_mx, "example.org", "");
  EXPECT_EQ(outcome.kind, OutcomeKind::bounced);
  EXPECT_EQ(outcome.reply_code, 556);
  EXPECT_EQ(outcome.enhanced_status_code, "5.1.10");
  EXPECT_EQ(outcome.reason, "domain_without_mail");
}

TEST(MxOutcome, OnlyTroubleOfTheDnsIsTriedAgain) {
  const Outcome later = outcome_of_mx(MxVerdict::later, "example.org", "no answer in time");
  EXPECT_EQ(later.kind, OutcomeKind::deferred);
  EXPECT_NE(later.reply_text.find("no answer in time"), std::string::npos);
  for (const auto verdict : {MxVerdict::no_domain, MxVerdict::null_mx, MxVerdict::unusable,
                             MxVerdict::loop, MxVerdict::forbidden}) {
    const Outcome outcome = outcome_of_mx(verdict, "example.org", "");
    EXPECT_NE(outcome.kind, OutcomeKind::deferred);
    EXPECT_TRUE(outcome.enhanced_status_code.starts_with("5."));
    EXPECT_NE(outcome.reply_text.find("example.org"), std::string::npos);
    // Whatever the DNS says, the address itself may be right.
    EXPECT_NE(outcome.scope, Scope::recipient);
  }
}

}  // namespace
}  // namespace tidings
