#include "edge/api/message_batches.h"

#include <map>
#include <utility>
#include <vector>

#include "compose/campaign_control.h"
#include "edge/api/idempotency.h"

namespace tidings::api {

// Optimisation: of all that control_context() reads only this is needed for a message.
Result<TransportId> leaves_by(db::Connection& connection, const Call& call) {
  if (!call.who.is_test) return compose::default_transport(connection, call.organisation());
  const auto context = TRY(compose::control_context(connection, call.services.ids,
                                                    call.services.secrets, call.organisation(),
                                                    call.services.settings.attachment_bytes_max));
  return compose::sending_transport(connection, context, true, call.now());
}

// Of one organisation, all tests or none: they leave by one transport.
Result<void> MessageBatches::store_alike(db::Connection& connection, Calls calls) {
  const Call& first = calls.front()->call;
  const auto transport = leaves_by(connection, first);
  if (!transport) {
    if (transport.error().code.starts_with("db.")) return std::unexpected(transport.error());
    for (MessageCall* const call : calls) call->answer = std::unexpected(transport.error());
    return {};
  }
  std::vector<compose::Letter> letters;
  for (const MessageCall* const call : calls) letters.push_back({&call->content, &call->order});
  const auto sent = TRY(compose::send_messages(
      connection, {first.services.ids, first.organisation(), *transport}, letters, first.now()));
  for (std::size_t i = 0; i < calls.size(); ++i) {
    if (sent[i]) {
      calls[i]->answer = Answer::accepted(calls[i]->shown({*sent[i]}));
      calls[i]->transport = *transport;
    } else {
      calls[i]->answer = std::unexpected(sent[i].error());
    }
  }
  return {};
}

Result<void> MessageBatches::store(db::Connection& connection, Calls calls) {
  std::vector<const Call*> asked;
  for (MessageCall* const call : calls) {
    // It may have run before, in a transaction that was rolled back.
    call->answer.reset();
    call->transport = TransportId();
    asked.push_back(&call->call);
  }
  const auto taken = TRY(take_keys(connection, asked));
  std::map<std::pair<OrganisationId, bool>, std::vector<MessageCall*>> alike;
  for (std::size_t i = 0; i < calls.size(); ++i) {
    const Call& call = calls[i]->call;
    if (taken[i]) alike[{call.organisation(), call.who.is_test}].push_back(calls[i]);
  }
  for (const auto& [what, together] : alike) TRY(store_alike(connection, together));
  std::vector<KeyedAnswer> answers;
  for (const MessageCall* const call : calls) {
    if (call->answer) {
      answers.push_back({&call->call, *call->answer ? &**call->answer : nullptr});
    }
  }
  return keep_answers(connection, answers);
}

}  // namespace tidings::api
