// Writes what a command produces piece by piece to a file, or to standard output.
// Thread: any.
#pragma once

#include <functional>
#include <string>

#include "base/result.h"

namespace tidings::cli {

// Appends the next piece; false: that was all.
using NextPiece = std::function<Result<bool>(std::string& piece)>;

// `file` empty or "-": standard output. The first piece is made before the file is: what is refused
// leaves none. Errors: those of `next`; export.file (invalid), export.write.
Result<void> write_pieces(const std::string& file, const NextPiece& next);

}  // namespace tidings::cli
