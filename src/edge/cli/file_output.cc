#include "edge/cli/file_output.h"

#include <cerrno>
#include <cstdio>
#include <memory>

#include <fmt/format.h>

namespace tidings::cli {

namespace {

Result<void> put(std::FILE* file, const std::string& piece) {
  const bool is_written =
      std::fwrite(piece.data(), 1, piece.size(), file) == piece.size() && std::fflush(file) == 0;
  if (is_written) return {};
  return fail(ErrorKind::internal, "export.write",
              "The file could not be written; is the disk full?");
}

}  // namespace

Result<void> write_pieces(const std::string& file, const NextPiece& next) {
  std::string piece;
  bool goes_on = TRY(next(piece));
  const bool is_stdout = file.empty() || file == "-";
  const auto close = [](std::FILE* open) {
    if (open != stdout) std::fclose(open);
  };
  std::unique_ptr<std::FILE, decltype(close)> out(
      is_stdout ? stdout : std::fopen(file.c_str(), "wbe"), close);
  if (!out) {
    return fail(ErrorKind::invalid, "export.file", fmt::format("{} can not be written.", file));
  }
  for (;;) {
    const auto written = put(out.get(), piece);
    // Nobody reads any more: head, say.
    if (!written && is_stdout && errno == EPIPE) return {};
    TRY(written);
    if (!goes_on) break;
    piece.clear();
    goes_on = TRY(next(piece));
  }
  if (is_stdout || std::fclose(out.release()) == 0) return {};
  return fail(ErrorKind::internal, "export.write",
              fmt::format("{} could not be written to its end.", file));
}

}  // namespace tidings::cli
