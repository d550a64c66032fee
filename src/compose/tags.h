// The tags that a template may use, as the tag panel shows them (P3): in groups, with what each
// stands for.
// Thread: any; the connection's.
#pragma once

#include <string>
#include <vector>

#include "base/id.h"
#include "base/result.h"
#include "db/connection.h"
#include "domain/campaign.h"
#include "identity/organisations.h"

namespace tidings::compose {

struct Tag {
  std::string name;    // "contact.first_name"
  std::string tag;     // as inserted: "{{ contact.first_name }}"
  std::string label;   // "First name"
  std::string sample;  // what a reader might see
};

struct TagGroup {
  std::string name;   // stable: "system", "contact", "student", "custom_fields"
  std::string label;  // for people
  std::vector<Tag> tags;
};

// For messages of `kind`; groups without a tag are left out. At most 500 custom fields.
Result<std::vector<TagGroup>> list_tags(db::Connection& connection,
                                        const identity::Organisation& organisation,
                                        MessageKind kind);

// The names that liquid::unknown_variables() takes as known. Transactional messages and templates
// meant for them may read whatever stands behind `data.`.
Result<std::vector<std::string>> known_tags(db::Connection& connection, OrganisationId organisation,
                                            MessageKind kind);

}  // namespace tidings::compose
