// Freed: a deleter for what a C library made: std::unique_ptr<BIO, Freed<BIO_free_all>>.
// Thread: as the function that frees.
#pragma once

namespace tidings {

template <auto Free>
struct Freed {
  void operator()(auto* thing) const { Free(thing); }
};

}  // namespace tidings
