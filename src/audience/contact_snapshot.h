// What a message freezes of the people it concerns: the fields that its templates read.
// Thread: any; pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "domain/recipient_rule.h"

namespace tidings::audience {

// Which fields the templates read: only these are frozen into the message.
//
// `contact` is the person written to; `student` is the person the message is about, which is the
// same one unless a guardian is written to. A message that reads nothing of `student` is therefore
// the same for every child of a guardian: one copy, about all of them. One that does read it is one
// copy per child (P18).
struct UsedFields {
  struct Field {
    std::string name;    // as the template writes it behind `contact.` or `student.`
    std::string target;  // the standard or custom field it stands for
  };
  bool all = false;  // the contact is used as a whole
  std::vector<Field> fields;
  bool student_all = false;
  std::vector<Field> student_fields;

  bool reads_student() const { return student_all || !student_fields.empty(); }
};

// A message in several languages: each reads fields of its own. Whoever is written to gets the one
// of their language (domain/locale_choice.h).
struct ContentLanguages {
  std::string own;                   // the locale of the content itself
  std::vector<std::string> locales;  // of its variants; at most kVariantsMax of compose/variants.h
  std::vector<UsedFields> used;      // by each variant, alike
};
inline constexpr int kOwnLanguage = -1;  // among the indexes of variants

// One person's row. Borrows.
struct ContactRow {
  std::string_view first_name, last_name, name, external_id, locale, time_zone;
  std::string_view email, phone;
  std::string_view fields;  // JSON object
};

// The used fields as a JSON object; those of `student` in its member kStudentMember. Empty values
// are left out: a template then sees nil, and its fallback speaks. Equal people give equal texts.
std::string snapshot_values(const ContactRow& contact, const ContactRow& student,
                            const UsedFields& used);

}  // namespace tidings::audience
