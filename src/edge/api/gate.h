// Gate: who makes a request. The real one is identity's (tokens and sessions); the local socket has
// its own, because only the person who runs the program can open it. Thread: any.
#pragma once

#include <expected>

#include "edge/api/authenticate.h"
#include "edge/api/call.h"
#include "edge/api/spec.h"
#include "identity/permission.h"
#include "net/http_message.h"

namespace tidings::api {

class Gate {
 public:
  virtual ~Gate() = default;

  // Who makes `request`, which is about `operation`, or the answer that refuses it (401, 403, 429).
  // The dispatcher asks the policy for the operation's permission. For a public operation
  // (Access::anybody) the principal is of nobody.
  virtual std::expected<Caller, Answer> admit(const net::Request& request,
                                              const Operation& operation) = 0;
};

// By token or session.
class NetworkGate final : public Gate {
 public:
  explicit NetworkGate(Authenticate& authenticate) : authenticate_(authenticate) {}
  std::expected<Caller, Answer> admit(const net::Request& request,
                                      const Operation& operation) override {
    return operation.access == Access::anybody ? authenticate_.anonymous(request)
                                               : authenticate_(request);
  }

 private:
  Authenticate& authenticate_;
};

// Whoever asks is the person at this machine: every permission, one organisation.
class OperatorGate final : public Gate {
 public:
  explicit OperatorGate(OrganisationId organisation) : organisation_(organisation) {}
  std::expected<Caller, Answer> admit(const net::Request&, const Operation&) override {
    return Caller{identity::local_principal(organisation_), {}};
  }

 private:
  const OrganisationId organisation_;
};

}  // namespace tidings::api
