// SandboxTransport: nothing leaves. Every message is written as an .eml file, and its outcome
// follows from the local-part of its recipient, so that a newcomer can see every kind of result:
//   success@     accepted (as is every other address)
//   bounce@      refused for good: unknown mailbox        softbounce@  refused: mailbox full
//   complaint@   accepted, then marked as spam            ooto@        accepted, then an auto-reply
//   suppressionlist@   refused: the address is on the provider's suppression list
//   deferred@    asked to try later, then accepted        uncertain@   no answer, then accepted
// Local-parts are compared without case, up to a `+`, at any domain.
// Thread: the loop's.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string_view>

#include "delivery/transport.h"
#include "domain/message_state.h"
#include "net/event_loop.h"

namespace tidings::delivery {

// Outcome::remote of every attempt here.
inline constexpr std::string_view kSandboxRemote = "sandbox";

using SandboxEvidence = std::function<void(const PreparedMessage& message, EventType type)>;

// Writes to FOLDER/<campaign id>/<message id>.eml, what belongs to no campaign to FOLDER/messages.
// `loop` and `port` must outlive it.
std::unique_ptr<Transport> make_sandbox_transport(net::EventLoop& loop, DeliveryPort& port,
                                                  std::filesystem::path folder,
                                                  SandboxEvidence evidence);

// The outcome that the sandbox gives to this recipient at this attempt, without times and ids.
Outcome sandbox_outcome(std::string_view recipient, int attempt = 1);

}  // namespace tidings::delivery
