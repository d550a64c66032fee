// Which of the languages a message is written in somebody gets. Everything that asks (sending,
// preview, counting, the transactional call) asks here, so that all agree.
// Thread: any; pure.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace tidings {

// The index among `others` of the one that a reader of `wanted` gets; nothing: the message itself,
// which is in `own`. Locales are BCP 47, in any case, also with "_" between the parts.
// Exactly that locale before its language ("nl" for "nl-BE") before a cousin ("nl-NL"); the
// message itself where its language is the reader's, where the reader's is not known (`wanted`
// empty), and where nothing fits.
std::optional<std::size_t> choose_locale(std::string_view own, std::span<const std::string> others,
                                         std::string_view wanted);

// Whether two name the same locale.
bool is_same_locale(std::string_view a, std::string_view b);

}  // namespace tidings
