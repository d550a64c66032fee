#include "audience/import_file.h"

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

namespace tidings::audience {
namespace {

constexpr std::size_t piece_bytes = 1 << 18;
constexpr std::size_t sample_bytes = 1 << 17;
constexpr std::size_t look_bytes = 1 << 20;

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

// The name of a new file is durable too.
Result<void> sync_folder_of(const std::filesystem::path& path) {
  const File folder(::open(path.parent_path().empty() ? "." : path.parent_path().c_str(),
                           O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.fd() >= 0 && ::fsync(folder.fd()) != 0)
    return fail_errno("import.file", path.string(), errno);
  return {};
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
  return sync_folder_of(copy);
}

Result<void> read_header(ImportFile& file, const FileOptions& options, std::string_view sample,
                         bool is_whole) {
  const wire::CsvDialect dialect = wire::detect_csv_dialect(sample);
  file.delimiter = options.delimiter.value_or(dialect.delimiter);
  wire::CsvReader reader(file.delimiter, dialect.start);
  // A header longer than the sample is no header: it would be thousands of columns.
  reader.feed(sample.substr(std::min<std::size_t>(dialect.start.offset, sample.size())));
  if (is_whole) reader.finish();
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

Result<wire::DetectedEncoding> encoding_of(const std::filesystem::path& source,
                                           const FileOptions& options) {
  if (options.encoding) return chosen(source, *options.encoding);
  if (options.known) return *options.known;
  return detect(source);
}

// The original under a second name: it is durable and is the copy already. False: copy it.
bool link_file(const std::filesystem::path& source, ImportFile& file, std::string& sample) {
  std::error_code error;
  std::filesystem::remove(file.path, error);
  std::filesystem::create_hard_link(source, file.path, error);
  if (error) return false;
  file.total_bytes = std::filesystem::file_size(file.path, error);
  const auto from = open_source(file.path);
  if (error || !from) return false;
  sample.resize(sample_bytes);
  std::size_t size = 0;
  std::string buffer(sample_bytes, '\0');
  while (size < sample_bytes) {
    const auto piece = read_piece(*from, buffer, file.path);
    if (!piece) return false;
    if (piece->empty()) break;
    const std::size_t taken = std::min(piece->size(), sample_bytes - size);
    std::ranges::copy(piece->substr(0, taken), sample.begin() + static_cast<std::ptrdiff_t>(size));
    size += taken;
  }
  sample.resize(size);
  return sync_folder_of(file.path).has_value();
}

Result<void> copy_and_read(const std::filesystem::path& source, const FileOptions& options,
                           ImportFile& file) {
  const auto encoding = TRY(encoding_of(source, options));
  file.encoding = encoding.encoding;
  std::string sample;
  const bool is_copy = encoding.encoding == wire::TextEncoding::utf8 && !options.encoding &&
                       options.known && encoding.byte_order_mark == 0;
  if (!is_copy || !link_file(source, file, sample)) {
    file.total_bytes = 0;
    sample.clear();
    TRY(convert(source, file.path, encoding, !options.encoding, file, sample));
  }
  return read_header(file, options, sample, sample.size() == file.total_bytes);
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

Result<wire::DetectedEncoding> detect_import_encoding(const std::filesystem::path& source) {
  return detect(source);
}

Result<void> store_import_file(std::string_view content, const std::filesystem::path& path) {
  const auto store = [&]() -> Result<void> {
    const File to(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (to.fd() < 0) return fail_errno("import.file", path.string(), errno);
    TRY(write_all(to, content, path));
    if (::fsync(to.fd()) != 0) return fail_errno("import.file", path.string(), errno);
    return sync_folder_of(path);
  };
  auto stored = store();
  if (!stored) ::unlink(path.c_str());
  return stored;
}

Result<ImportFileLook> look_at_import_file(const std::filesystem::path& source,
                                           const FileOptions& options) {
  const auto encoding = TRY(encoding_of(source, options));
  ImportFileLook look;
  look.file.encoding = encoding.encoding;
  const File from = TRY(open_source(source));
  auto converter = TRY(wire::Utf8Converter::create(encoding.encoding));
  std::string buffer(piece_bytes, '\0');
  std::size_t skip = encoding.byte_order_mark;
  while (!look.is_whole && look.sample.size() < look_bytes) {
    std::string_view piece = TRY(read_piece(from, buffer, source));
    look.is_whole = piece.empty();
    const std::size_t skipped = std::min(skip, piece.size());
    piece.remove_prefix(skipped);
    skip -= skipped;
    TRY(converter.convert(piece, look.is_whole, look.sample));
  }
  look.file.replaced = converter.replaced();
  look.file.total_bytes = look.sample.size();
  // The same beginning as a copy's: so the same dialect is seen in it.
  const auto beginning = std::string_view(look.sample).substr(0, sample_bytes);
  TRY(read_header(look.file, options, beginning,
                  look.is_whole && beginning.size() == look.sample.size()));
  return look;
}

}  // namespace tidings::audience
