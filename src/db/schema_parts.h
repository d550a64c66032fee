// The texts of the migrations, one file per area. Never edited once landed: add another.
#pragma once

#include <string_view>

namespace tidings::db {

extern const std::string_view kIdentitySchema;   // schema_identity.cc
extern const std::string_view kCampaignsSchema;  // schema_campaigns.cc
extern const std::string_view kImportsSchema;    // schema_imports.cc
extern const std::string_view kPeopleSchema;     // schema_people.cc
extern const std::string_view kAudienceSchema;   // schema_audience.cc
extern const std::string_view kRecordSchema;     // schema_record.cc
extern const std::string_view kApiSchema;        // schema_api.cc
extern const std::string_view kContentSchema;    // schema_content.cc
extern const std::string_view kRecordRangesSchema;
extern const std::string_view kRecordOrdersSchema;  // schema_record.cc
extern const std::string_view kImportJobsSchema;    // schema_imports.cc
extern const std::string_view kLettersSchema;       // schema_record.cc
extern const std::string_view kTopicsSchema;        // schema_topics.cc
extern const std::string_view kKeptRefusalsSchema;  // schema_topics.cc
extern const std::string_view kLanguagesSchema;     // schema_languages.cc
extern const std::string_view kWaitingSchema;       // schema_delivery.cc
extern const std::string_view kSecondFactorSchema;  // schema_identity.cc
extern const std::string_view kDomainsSchema;       // schema_domains.cc
extern const std::string_view kTrackingSchema;      // schema_tracking.cc
extern const std::string_view kEngagementSchema;    // schema_engagement.cc
extern const std::string_view kEvidenceSchema;      // schema_evidence.cc
extern const std::string_view kReturnedSchema;      // schema_returned.cc
extern const std::string_view kAnswersSchema;       // schema_returned.cc
extern const std::string_view kMailboxesSchema;     // schema_mailboxes.cc
extern const std::string_view kProvidersSchema;     // schema_providers.cc
extern const std::string_view kReferencesSchema;    // schema_delivery.cc

}  // namespace tidings::db
