// DKIM signatures: relaxed/relaxed, one for each key, over the fields that say what the message is.
//
// Signed, and each named in h= once more than it is there, so that nobody adds another one on the
// way: From To Cc Subject Date Message-ID Reply-To MIME-Version Content-Type
// Content-Transfer-Encoding List-* Feedback-ID. The whole body is signed: never l=. t= is there; x=
// is not, because a message may be read, and checked, years later. The fields are folded as
// header_writer.h folds.
// Optimisation: what a signature costs besides the RSA or Ed25519 operation is the body's hash and
// about 3 µs for the header: working parts of it out beforehand would not show (bench dkim).
// Spec: RFC 6376 §3.5, §3.7, §5.4; RFC 8301; RFC 8463.
// Thread: a DkimSigner is immutable; any number of threads may sign with it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "wire/dkim_key.h"

namespace tidings::wire {

// With which key, under which name.
struct DkimIdentity {
  std::string domain;    // d=: lower-case A-labels
  std::string selector;  // s=
  DkimKey key;
};

class DkimSigner {
 public:
  // At least one; as a rule one RSA key, and an Ed25519 key for those who can read that.
  explicit DkimSigner(std::vector<DkimIdentity> identities);

  // The DKIM-Signature fields, to be put in front of `message`, which has CRLF line ends. A message
  // that needs no signature of ours (no From) is a bug of the caller. Error: dkim.sign.
  Result<std::string> sign(std::string_view message, Instant at) const;

 private:
  std::vector<DkimIdentity> identities_;
};

}  // namespace tidings::wire
