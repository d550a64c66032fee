#include "compose/attachments.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace tidings::compose {

namespace {

// What the large mailbox providers refuse, so a message with one of these reaches nobody.
constexpr auto kBlocked = std::to_array<std::string_view>(
    {".ade", ".adp",  ".apk", ".app", ".appx", ".bat",    ".cab",  ".chm", ".cmd", ".com",
     ".cpl", ".deb",  ".dll", ".dmg", ".exe",  ".gadget", ".hta",  ".inf", ".ins", ".isp",
     ".iso", ".jar",  ".js",  ".jse", ".lib",  ".lnk",    ".mde",  ".msc", ".msi", ".msp",
     ".mst", ".msix", ".nsh", ".pif", ".ps1",  ".ps2",    ".psc1", ".reg", ".rpm", ".scf",
     ".scr", ".sct",  ".sh",  ".shb", ".sys",  ".url",    ".vb",   ".vbe", ".vbs", ".vhd",
     ".vxd", ".wsc",  ".wsf", ".wsh", ".xll",  ".run",    ".py",   ".pl",  ".rb",  ".application"});

struct Signature {
  std::string_view bytes;
  std::string_view what;
};
constexpr auto kPrograms = std::to_array<Signature>({
    {"\x7f"
     "ELF",
     "a Linux program"},
    {"\xfe\xed\xfa\xce", "a macOS program"},
    {"\xfe\xed\xfa\xcf", "a macOS program"},
    {"\xce\xfa\xed\xfe", "a macOS program"},
    {"\xcf\xfa\xed\xfe", "a macOS program"},
    {"#!/", "a script"},
});

struct MediaType {
  std::string_view extension;
  std::string_view type;
};
constexpr auto kMediaTypes = std::to_array<MediaType>({
    {".pdf", "application/pdf"},
    {".txt", "text/plain"},
    {".csv", "text/csv"},
    {".htm", "text/html"},
    {".html", "text/html"},
    {".ics", "text/calendar"},
    {".vcf", "text/vcard"},
    {".png", "image/png"},
    {".jpg", "image/jpeg"},
    {".jpeg", "image/jpeg"},
    {".gif", "image/gif"},
    {".webp", "image/webp"},
    {".avif", "image/avif"},
    {".bmp", "image/bmp"},
    {".svg", "image/svg+xml"},
    {".mp3", "audio/mpeg"},
    {".mp4", "video/mp4"},
    {".zip", "application/zip"},
    {".doc", "application/msword"},
    {".xls", "application/vnd.ms-excel"},
    {".ppt", "application/vnd.ms-powerpoint"},
    {".docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
    {".xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
    {".pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"},
    {".odt", "application/vnd.oasis.opendocument.text"},
    {".ods", "application/vnd.oasis.opendocument.spreadsheet"},
    {".pkpass", "application/vnd.apple.pkpass"},
});

// "MZ" alone also begins a letter from somebody called so; a program has zeros in its header.
bool is_windows_program(std::string_view content) {
  return content.size() > 64 && content.starts_with("MZ") &&
         content.substr(0, 64).find('\0') != std::string_view::npos;
}

// What the bytes are, when that is a program; else empty.
std::string_view program_in(std::string_view content) {
  if (is_windows_program(content)) return "a Windows program";
  const auto at = std::ranges::find_if(
      kPrograms, [&](const Signature& signature) { return content.starts_with(signature.bytes); });
  return at == kPrograms.end() ? std::string_view() : at->what;
}

// In lower case, with its dot. Dots and blanks at the end are passed over, as Windows does:
// "a.exe." is opened as "a.exe".
std::string extension_of(std::string_view file_name) {
  while (!file_name.empty() && (file_name.back() == '.' || file_name.back() == ' ')) {
    file_name.remove_suffix(1);
  }
  const auto dot = file_name.rfind('.');
  std::string extension(dot == std::string_view::npos ? "" : file_name.substr(dot));
  for (char& c : extension) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  return extension;
}

}  // namespace

Result<void> check_attachment_type(std::string_view file_name, std::string_view content) {
  const std::string extension = extension_of(file_name);
  if (std::ranges::find(kBlocked, std::string_view(extension)) != kBlocked.end()) {
    return fail(ErrorKind::invalid, "attachment.blocked_type",
                fmt::format("{}: mail servers refuse attachments of type {}. Put it behind a link, "
                            "or send it as a .zip your readers trust.",
                            file_name, extension));
  }
  if (const std::string_view program = program_in(content); !program.empty()) {
    return fail(ErrorKind::invalid, "attachment.blocked_type",
                fmt::format("{} is {}, whatever its name says, and mail servers refuse those. Put "
                            "it behind a link.",
                            file_name, program));
  }
  return {};
}

Result<void> check_attachment_sizes(std::span<const std::int64_t> sizes, std::int64_t encoded_max) {
  std::int64_t encoded = 0;
  for (const std::int64_t size : sizes) encoded += encoded_size(size);
  if (encoded_max <= 0 || encoded <= encoded_max) return {};
  return fail(ErrorKind::limit, "attachment.too_large",
              fmt::format("The attachments are {:.1f} MB as sent, over the limit of {:.1f} MB. "
                          "Leave some out or put them behind a link.",
                          double(encoded) / 1e6, double(encoded_max) / 1e6));
}

std::string_view media_type_of(std::string_view file_name) {
  const auto at = std::ranges::find(kMediaTypes, std::string_view(extension_of(file_name)),
                                    &MediaType::extension);
  return at == kMediaTypes.end() ? "application/octet-stream" : at->type;
}

std::string_view image_type_of(std::string_view content) {
  constexpr std::string_view kZeros("\0\0\0\0", 4);
  if (content.starts_with("\x89PNG\r\n\x1a\n")) return "image/png";
  if (content.starts_with("\xff\xd8\xff")) return "image/jpeg";
  if (content.starts_with("GIF87a") || content.starts_with("GIF89a")) return "image/gif";
  if (content.starts_with("RIFF") && content.substr(0, 12).ends_with("WEBP")) return "image/webp";
  if (content.size() > 12 && content.substr(4, 8) == "ftypavif") return "image/avif";
  if (content.starts_with("BM") && content.size() > 26 && content.substr(6, 4) == kZeros)
    return "image/bmp";
  return "";
}

}  // namespace tidings::compose
