// Which areas answer operations: one line each, in the order of their names.
#include "edge/api/arrival_handlers.h"
#include "edge/api/campaign_handlers.h"
#include "edge/api/contact_handlers.h"
#include "edge/api/contact_part_handlers.h"
#include "edge/api/dispatch.h"
#include "edge/api/domain_handlers.h"
#include "edge/api/example_handlers.h"
#include "edge/api/group_handlers.h"
#include "edge/api/identity_handlers.h"
#include "edge/api/import_handlers.h"
#include "edge/api/mailbox_handlers.h"
#include "edge/api/media_handlers.h"
#include "edge/api/message_handlers.h"
#include "edge/api/organisation_handlers.h"
#include "edge/api/preview_handlers.h"
#include "edge/api/problem_handlers.h"
#include "edge/api/provider_handlers.h"
#include "edge/api/queue_handlers.h"
#include "edge/api/record_handlers.h"
#include "edge/api/returned_mail_handlers.h"
#include "edge/api/sandbox_handlers.h"
#include "edge/api/segment_handlers.h"
#include "edge/api/sender_handlers.h"
#include "edge/api/suppression_handlers.h"
#include "edge/api/template_handlers.h"
#include "edge/api/topic_handlers.h"
#include "edge/api/transport_handlers.h"
#include "edge/api/trigger_handlers.h"

namespace tidings::api {

void add_all_handlers(Registry& registry, example::ExampleLoader* example) {
  add_arrival_handlers(registry);
  add_campaign_handlers(registry);
  add_contact_handlers(registry);
  add_contact_part_handlers(registry);
  add_domain_handlers(registry);
  add_example_handlers(registry, example);
  add_group_handlers(registry);
  add_identity_handlers(registry);
  add_import_handlers(registry);
  add_mailbox_handlers(registry);
  add_media_handlers(registry);
  add_message_handlers(registry);
  add_organisation_handlers(registry);
  add_preview_handlers(registry);
  add_provider_handlers(registry);
  add_queue_handlers(registry);
  add_problem_handlers(registry);
  add_record_handlers(registry);
  add_returned_mail_handlers(registry);
  add_sandbox_handlers(registry);
  add_segment_handlers(registry);
  add_sender_handlers(registry);
  add_suppression_handlers(registry);
  add_template_handlers(registry);
  add_preference_handlers(registry);
  add_topic_handlers(registry);
  add_transport_handlers(registry);
  add_trigger_handlers(registry);
}

}  // namespace tidings::api
