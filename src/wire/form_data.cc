#include "wire/form_data.h"

#include <algorithm>

#include "base/text.h"
#include "wire/url.h"

namespace tidings::wire {

namespace {

bool is_token_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         (c != '\0' && std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos);
}

bool is_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, is_token_character);
}

// A token or a quoted-string (RFC 9110 §5.6.4) at the front of `text`, which is moved past it.
std::optional<std::string> take_value(std::string_view& text) {
  std::string value;
  if (text.empty() || text.front() != '"') {
    std::size_t length = 0;
    while (length < text.size() && is_token_character(text[length])) ++length;
    if (length == 0) return std::nullopt;
    value = text.substr(0, length);
    text.remove_prefix(length);
    return value;
  }
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '"') {
      text.remove_prefix(i + 1);
      return value;
    }
    // Browsers escape a quote as %22 and send a lone backslash as it is (RFC 7578 §4.2 leaves it
    // open); only \" and \\ are taken as escapes.
    if (text[i] == '\\' && i + 1 < text.size() && (text[i + 1] == '"' || text[i + 1] == '\\')) ++i;
    value.push_back(text[i]);
  }
  return std::nullopt;
}

// `; name=value` repeated, to the end of `text`.
std::optional<std::vector<std::pair<std::string, std::string>>> parse_parameters(
    std::string_view text) {
  std::vector<std::pair<std::string, std::string>> parameters;
  for (text = trimmed(text, kBlanks); !text.empty(); text = trimmed(text, kBlanks)) {
    if (text.front() != ';') return std::nullopt;
    text = trimmed(text.substr(1), kBlanks);
    if (text.empty() || text.front() == ';') continue;
    const auto equals = text.find('=');
    if (equals == std::string_view::npos || !is_token(text.substr(0, equals))) return std::nullopt;
    std::string name = lower(text.substr(0, equals));
    text.remove_prefix(equals + 1);
    auto value = take_value(text);
    if (!value) return std::nullopt;
    parameters.emplace_back(std::move(name), std::move(*value));
  }
  return parameters;
}

std::string decode_urlencoded(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+') {
      decoded.push_back(' ');
    } else if (const auto byte = percent_decode(text.substr(i, 3));
               text[i] == '%' && byte && byte->size() == 1) {
      decoded += *byte;
      i += 2;
    } else {
      decoded.push_back(text[i]);
    }
  }
  return decoded;
}

std::unexpected<Error> malformed(std::string_view what) {
  return fail(ErrorKind::invalid, "form.malformed",
              "The form could not be read: " + std::string(what) + ".");
}

std::unexpected<Error> too_large(std::string_view what) {
  return fail(ErrorKind::limit, "form.too_large", "The form has " + std::string(what) + ".");
}

// The header block of one part, lines ended by CRLF, into a field with no value yet.
Result<FormPart> read_part_header(std::string_view block, const FormLimits& limits) {
  FormPart field;
  bool named = false;
  while (!block.empty()) {
    const auto end = block.find("\r\n");
    const std::string_view line = block.substr(0, end);
    block.remove_prefix(end == std::string_view::npos ? block.size() : end + 2);
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) return malformed("a part has a line that is no header");
    const std::string header = lower(line.substr(0, colon));
    if (header == "content-type") field.media_type = trimmed(line.substr(colon + 1), kBlanks);
    if (header != "content-disposition") continue;
    const std::string_view value = trimmed(line.substr(colon + 1), kBlanks);
    const auto mark = std::min(value.find(';'), value.size());
    const auto parameters = parse_parameters(value.substr(mark));
    if (lower(trimmed(value.substr(0, mark), kBlanks)) != "form-data" || !parameters || named) {
      return malformed("a part has a wrong Content-Disposition");
    }
    for (const auto& [name, content] : *parameters) {
      if (name == "name") {
        field.name = content;
        named = true;
      } else if (name == "filename") {
        field.file_name = content;
      }
    }
  }
  if (!named) return malformed("a part has no name");
  if (field.name.size() > limits.name_bytes) return too_large("a field name that is too long");
  return field;
}

}  // namespace

std::optional<std::string_view> MediaType::parameter(std::string_view name) const {
  for (const auto& [key, value] : parameters) {
    if (key == name) return value;
  }
  return std::nullopt;
}

std::optional<MediaType> parse_media_type(std::string_view text) {
  const auto mark = std::min(text.find(';'), text.size());
  const std::string_view essence = trimmed(text.substr(0, mark), kBlanks);
  const auto slash = essence.find('/');
  if (slash == std::string_view::npos || !is_token(essence.substr(0, slash)) ||
      !is_token(essence.substr(slash + 1))) {
    return std::nullopt;
  }
  auto parameters = parse_parameters(text.substr(mark));
  if (!parameters) return std::nullopt;
  return MediaType{lower(essence), std::move(*parameters)};
}

Result<std::vector<FormField>> parse_form_urlencoded(std::string_view body, FormLimits limits) {
  std::vector<FormField> fields;
  while (!body.empty()) {
    const auto end = std::min(body.find('&'), body.size());
    const std::string_view pair = body.substr(0, end);
    body.remove_prefix(std::min(end + 1, body.size()));
    if (pair.empty()) continue;
    if (fields.size() == limits.fields) return too_large("too many fields");
    const auto equals = std::min(pair.find('='), pair.size());
    FormField field;
    field.name = decode_urlencoded(pair.substr(0, equals));
    field.value = decode_urlencoded(pair.substr(std::min(equals + 1, pair.size())));
    if (field.name.size() > limits.name_bytes) return too_large("a field name that is too long");
    fields.push_back(std::move(field));
  }
  return fields;
}

Result<std::vector<FormPart>> split_form_multipart(std::string_view body, std::string_view boundary,
                                                   FormLimits limits) {
  if (boundary.empty() || boundary.size() > 70) return malformed("its boundary is missing or long");
  const std::string delimiter = "\r\n--" + std::string(boundary);
  std::vector<FormPart> fields;
  // The first delimiter may open the body, or follow a preamble.
  if (body.starts_with(std::string_view(delimiter).substr(2))) {
    body.remove_prefix(delimiter.size() - 2);
  } else if (const auto first = body.find(delimiter); first != std::string_view::npos) {
    body.remove_prefix(first + delimiter.size());
  } else {
    return malformed("its boundary does not occur");
  }
  for (;;) {
    if (body.starts_with("--")) return fields;
    const auto padding = body.find_first_not_of(" \t");
    if (padding == std::string_view::npos || !body.substr(padding).starts_with("\r\n")) {
      return malformed("a boundary is not followed by a line end");
    }
    body.remove_prefix(padding);  // keeps the CRLF: a part without header is CRLF CRLF
    if (fields.size() == limits.fields) return too_large("too many fields");
    const auto header_end = body.substr(0, limits.part_header_bytes).find("\r\n\r\n");
    if (header_end == std::string_view::npos) return malformed("a part's header does not end");
    auto field =
        TRY(read_part_header(body.substr(2, std::max<std::size_t>(header_end, 2) - 2), limits));
    // The blank line's own CRLF may be the one that opens the next delimiter: an empty value.
    body.remove_prefix(header_end + 2);
    const auto end = body.find(delimiter);
    if (end == std::string_view::npos) return malformed("its last part does not end");
    field.value = body.substr(std::min<std::size_t>(2, end), end - std::min<std::size_t>(2, end));
    fields.push_back(std::move(field));
    body.remove_prefix(end + delimiter.size());
  }
}

Result<std::vector<FormField>> parse_form_multipart(std::string_view body,
                                                    std::string_view boundary, FormLimits limits) {
  std::vector<FormField> fields;
  for (FormPart& part : TRY(split_form_multipart(body, boundary, limits))) {
    fields.push_back({std::move(part.name), std::string(part.value), std::move(part.file_name)});
  }
  return fields;
}

Result<std::vector<FormField>> parse_form(std::string_view content_type, std::string_view body,
                                          FormLimits limits) {
  const auto media = parse_media_type(content_type);
  if (media && media->type == "application/x-www-form-urlencoded") {
    return parse_form_urlencoded(body, limits);
  }
  if (media && media->type == "multipart/form-data") {
    return parse_form_multipart(body, media->parameter("boundary").value_or(""), limits);
  }
  return fail(ErrorKind::unsupported, "form.media_type",
              "Send the form as application/x-www-form-urlencoded or multipart/form-data.");
}

std::optional<std::string_view> find_field(std::span<const FormField> fields,
                                           std::string_view name) {
  for (const auto& field : fields) {
    if (field.name == name) return field.value;
  }
  return std::nullopt;
}

}  // namespace tidings::wire
