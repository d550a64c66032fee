// What this process used so far, for the JSON line of a benchmark.
#pragma once

#include <sys/resource.h>

namespace tidings::bench {

// User and system time of all threads of `who` (RUSAGE_SELF or RUSAGE_CHILDREN), in microseconds.
inline double cpu_us(int who = RUSAGE_SELF) {
  rusage usage{};
  ::getrusage(who, &usage);
  const auto micros = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) * 1e6 + static_cast<double>(t.tv_usec);
  };
  return micros(usage.ru_utime) + micros(usage.ru_stime);
}

// The most that was resident, in MB.
inline double rss_mb(int who = RUSAGE_SELF) {
  rusage usage{};
  ::getrusage(who, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

}  // namespace tidings::bench
