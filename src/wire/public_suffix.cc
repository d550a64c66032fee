#include "wire/public_suffix.h"

#include <string>

#include <libpsl.h>

namespace tidings::wire {

bool is_public_suffix(std::string_view domain) {
  const std::string terminated(domain);
  return psl_is_public_suffix(psl_builtin(), terminated.c_str()) == 1;
}

std::string_view organisational_domain(std::string_view domain) {
  const std::string terminated(domain);
  const char* const found = psl_registrable_domain(psl_builtin(), terminated.c_str());
  if (found == nullptr) return domain;
  return domain.substr(static_cast<std::size_t>(found - terminated.c_str()));
}

bool is_within(std::string_view domain, std::string_view parent) {
  if (domain == parent) return true;
  return domain.size() > parent.size() && domain.ends_with(parent) &&
         domain[domain.size() - parent.size() - 1] == '.';
}

}  // namespace tidings::wire
