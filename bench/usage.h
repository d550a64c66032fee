// What this process used so far, for the JSON line of a benchmark.
#pragma once

#include <sys/resource.h>

namespace tidings::bench {

// User and system time of all threads, in microseconds.
inline double cpu_us() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto micros = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) * 1e6 + static_cast<double>(t.tv_usec);
  };
  return micros(usage.ru_utime) + micros(usage.ru_stime);
}

// The most that was resident, in MB.
inline double rss_mb() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

}  // namespace tidings::bench
