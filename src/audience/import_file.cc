#include "audience/import_file.h"

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

namespace tidings::audience {
namespace {

constexpr std::size_t piece_bytes = 1 << 18;
constexpr std::size_t sample_bytes = 1 << 17;

class File {
 public:
  explicit File(int fd = -1) : fd_(fd) {}
  File(File&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  File& operator=(File&&) = delete;
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  int fd() const { return fd_; }

 private:
  int fd_;
};

Result<std::string_view> read_piece(const File& file, std::string& buffer,
                                    const std::filesystem::path& path) {
  for (;;) {
    const ssize_t got = ::read(file.fd(), buffer.data(), buffer.size());
    if (got >= 0) return std::string_view(buffer.data(), static_cast<std::size_t>(got));
    if (errno != EINTR) return fail_errno("import.file", path.string(), errno);
  }
}

Result<void> write_all(const File& file, std::string_view bytes,
                       const std::filesystem::path& path) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(file.fd(), bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return fail_errno("import.file", path.string(), errno);
    bytes.remove_prefix(static_cast<std::size_t>(put));
  }
  return {};
}

Result<File> open_source(const std::filesystem::path& path) {
  File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.fd() < 0) {
    if (errno == ENOENT)
      return fail(ErrorKind::not_found, "import.file_missing",
                  fmt::format("There is no file {}.", path.string()));
    return fail_errno("import.file", path.string(), errno);
  }
  struct stat status{};
  if (::fstat(file.fd(), &status) == 0 && S_ISDIR(status.st_mode))
    return fail(ErrorKind::invalid, "import.no_folder",
                fmt::format("{} is a folder; name the CSV file in it.", path.string()));
  return file;
}

// First pass: the whole original.
Result<wire::DetectedEncoding> detect(const std::filesystem::path& source) {
  const File file = TRY(open_source(source));
  std::string buffer(piece_bytes, '\0');
  wire::EncodingDetector detector;
  std::uint64_t total = 0;
  for (;;) {
    const std::string_view piece = TRY(read_piece(file, buffer, source));
    if (piece.empty()) break;
    total += piece.size();
    detector.feed(piece);
  }
  if (total == 0)
    return fail(ErrorKind::invalid, "import.empty", fmt::format("{} is empty.", source.string()));
  return detector.finish();
}

// The encoding a person chose, and the mark to leave out if the file has one.
Result<wire::DetectedEncoding> chosen(const std::filesystem::path& source,
                                      wire::TextEncoding encoding) {
  const File file = TRY(open_source(source));
  std::string buffer(3, '\0');
  const std::string_view head = TRY(read_piece(file, buffer, source));
  wire::DetectedEncoding result{.encoding = encoding};
  using enum wire::TextEncoding;
  if (head.starts_with("\xFF\xFE") && (encoding == utf16_le || encoding == utf16_be))
    return wire::DetectedEncoding{utf16_le, 2};
  if (head.starts_with("\xFE\xFF") && (encoding == utf16_le || encoding == utf16_be))
    return wire::DetectedEncoding{utf16_be, 2};
  if (head.starts_with("\xEF\xBB\xBF") && encoding == utf8) result.byte_order_mark = 3;
  return result;
}

// Second pass: the copy, converted where needed, with its beginning for the detection to come.
Result<void> convert(const std::filesystem::path& source, const std::filesystem::path& copy,
                     wire::DetectedEncoding encoding, bool certain, ImportFile& file,
                     std::string& sample) {
  const File from = TRY(open_source(source));
  const File to(::open(copy.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (to.fd() < 0) return fail_errno("import.file", copy.string(), errno);
  const bool plain = encoding.encoding == wire::TextEncoding::utf8 && certain;
  auto converter = TRY(wire::Utf8Converter::create(encoding.encoding));
  std::string buffer(piece_bytes, '\0');
  std::string converted;
  std::size_t skip = encoding.byte_order_mark;
  for (;;) {
    std::string_view piece = TRY(read_piece(from, buffer, source));
    const bool last = piece.empty();
    const std::size_t skipped = std::min(skip, piece.size());
    piece.remove_prefix(skipped);
    skip -= skipped;
    if (!plain) {
      converted.clear();
      TRY(converter.convert(piece, last, converted));
      piece = converted;
    }
    if (sample.size() < sample_bytes) sample.append(piece.substr(0, sample_bytes - sample.size()));
    TRY(write_all(to, piece, copy));
    file.total_bytes += piece.size();
    if (last) break;
  }
  file.replaced = converter.replaced();
  if (::fsync(to.fd()) != 0) return fail_errno("import.file", copy.string(), errno);
  const File folder(::open(copy.parent_path().empty() ? "." : copy.parent_path().c_str(),
                           O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.fd() >= 0 && ::fsync(folder.fd()) != 0)
    return fail_errno("import.file", copy.string(), errno);
  return {};
}

Result<void> read_header(ImportFile& file, const FileOptions& options, std::string_view sample) {
  const wire::CsvDialect dialect = wire::detect_csv_dialect(sample);
  file.delimiter = options.delimiter.value_or(dialect.delimiter);
  wire::CsvReader reader(file.delimiter, dialect.start);
  // A header longer than the sample is no header: it would be thousands of columns.
  reader.feed(sample.substr(std::min<std::size_t>(dialect.start.offset, sample.size())));
  if (sample.size() == file.total_bytes) reader.finish();
  switch (reader.next()) {
    case wire::CsvReader::Next::record:
      break;
    case wire::CsvReader::Next::bad:
      return fail(ErrorKind::invalid, "import.header",
                  fmt::format("The column names on line {} can not be read: {}",
                              reader.begin().line, reader.problem()));
    case wire::CsvReader::Next::more:
      return fail(ErrorKind::invalid, "import.header",
                  "The first line of the file is too long to hold column names.");
    case wire::CsvReader::Next::end:
      return fail(ErrorKind::invalid, "import.empty", "The file has no line with column names.");
  }
  file.columns = TRY(map_columns(reader.fields(), options.mappings));
  file.rows_begin = reader.position();
  return {};
}

Result<void> copy_and_read(const std::filesystem::path& source, const FileOptions& options,
                           ImportFile& file) {
  const auto encoding =
      options.encoding ? TRY(chosen(source, *options.encoding)) : TRY(detect(source));
  file.encoding = encoding.encoding;
  std::string sample;
  TRY(convert(source, file.path, encoding, !options.encoding, file, sample));
  return read_header(file, options, sample);
}

}  // namespace

Result<ImportFile> copy_import_file(const std::filesystem::path& source,
                                    const std::filesystem::path& copy, const FileOptions& options) {
  ImportFile file{.path = copy};
  auto done = copy_and_read(source, options, file);
  if (!done) {
    ::unlink(copy.c_str());
    return std::unexpected(std::move(done).error());
  }
  return file;
}

}  // namespace tidings::audience
