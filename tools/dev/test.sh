# ./dev test: everything, or what matches. Ends with one line `N passed, M failed` and says so in
# its exit code. Nothing is skipped silently: what could not run counts as failed.

ledger=$root/build/results/ledger

# count PASSED FAILED WHAT
count() { printf '%s\t%s\t%s\n' "$1" "$2" "$3" >>"$ledger"; }

# check WHAT COMMAND...: one thing that passes or fails; its words are shown only when it fails.
check() {
  local what=$1 log=build/results/last.log
  shift
  if "$@" >$log 2>&1; then
    count 1 0 "$what"
  else
    tail -n 60 $log
    echo "FAILED: $what"
    count 0 1 "$what"
    return 1
  fi
}

# counted WHAT COMMAND...: something that ends with its own line `N passed, M failed`.
counted() {
  local what=$1 log=build/results/last.log status=0 line
  shift
  "$@" 2>&1 | tee $log || status=$?
  line=$(grep -aE '^[0-9]+ passed, [0-9]+ failed$' $log | tail -n 1)
  if [[ $line =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed$ ]]; then
    count "${BASH_REMATCH[1]}" "${BASH_REMATCH[2]}" "$what"
    [ "${BASH_REMATCH[2]}" -gt 0 ] || [ $status = 0 ] || count 0 1 "$what: ended with $status"
  else
    echo "FAILED: $what did not end with its closing line"
    count 0 1 "$what"
  fi
}

# stage WORDS: a heading with the minutes so far.
stage() { say "$* ($((SECONDS / 60))m$((SECONDS % 60))s)"; }

# Whatever ends the run early (a build that cannot be configured, Ctrl-C) still gets its closing line.
finished=0
early_end() {
  [ -z "$asan_pid" ] || kill "$asan_pid" 2>/dev/null || true
  stop_postgres
  [ $finished = 1 ] || { count 0 1 "the run ended early"; finish || true; }
}

finish() {
  finished=1
  local passed failed
  passed=$(awk -F'\t' '{n += $1} END {print n + 0}' "$ledger")
  failed=$(awk -F'\t' '{n += $2} END {print n + 0}' "$ledger")
  stage "done"
  awk -F'\t' '{printf "%6d passed %4d failed  %s\n", $1, $2, $3}' "$ledger"
  [ "$((passed + failed))" -gt 0 ] || failed=1
  echo "$passed passed, $failed failed"
  [ "$failed" = 0 ]
}

# In the system's temporary folder, because as root the server runs as another user, who may not
# enter every checkout.
postgres_folder=
start_postgres() {
  local url
  [ -z "$postgres_folder" ] || return 0
  postgres_folder=$(mktemp -d "${TMPDIR:-/tmp}/tidings-postgres.XXXXXX")
  if url=$(tools/postgres start "$postgres_folder"); then
    export TIDINGS_TEST_POSTGRES=$url TIDINGS_REQUIRE_POSTGRES=1
  else
    echo "FAILED: PostgreSQL could not be started"
    count 0 1 "PostgreSQL"
  fi
}
stop_postgres() {
  [ -n "$postgres_folder" ] || return 0
  tools/postgres stop "$postgres_folder" || echo "PostgreSQL in $postgres_folder did not stop" >&2
  rm -rf "$postgres_folder"
  postgres_folder=
}

# run_ctest PRESET [ctest arguments]
run_ctest() {
  local preset=$1 report=$root/build/results/$1.xml
  shift
  rm -f "$report"
  ctest --test-dir "build/$preset" -j "$(nproc)" --timeout 900 --no-tests=error \
    --output-junit "$report" --test-output-size-passed 20000000 \
    --test-output-size-failed 20000000 --test-output-truncation head \
    "$@" >"build/results/$preset.log" 2>&1 || true
  python3 tools/dev/count_tests.py "$preset" "$report" "$ledger"
}

sanitizer_options() {
  export ASAN_OPTIONS=detect_leaks=1:strict_string_checks=1:detect_stack_use_after_return=1
  export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
  export TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1
  export ASAN_SYMBOLIZER_PATH=/usr/bin/llvm-symbolizer-19
}

# With one seed each time, so that what fails here fails for this change; ./dev fuzz looks further.
fuzz_all() {
  local target pids=() names=() i running=0
  . tools/dev/fuzz.sh
  for target in $(fuzz_targets); do
    fuzz_one "$target" 10 -seed=1 &
    pids+=($!)
    names+=("$target")
    running=$((running + 1))
    if [ $((running % $(nproc))) = 0 ]; then wait "${pids[@]: -$(nproc)}" || true; fi
  done
  for i in "${!pids[@]}"; do
    if wait "${pids[$i]}"; then
      count 1 0 "fuzz ${names[$i]}"
    else
      tail -n 30 "build/fuzz/${names[$i]%_fuzz}.log"
      echo "FAILED: fuzz ${names[$i]}"
      count 0 1 "fuzz ${names[$i]}"
    fi
  done
  [ ${#pids[@]} -gt 0 ] || { echo "FAILED: no fuzz target"; count 0 1 "fuzz"; }
}

bench_all() {
  local name ran=0
  . tools/dev/bench.sh
  for name in $(benches); do
    ran=$((ran + 1))
    check "bench $name" bench_small "$name" || true
  done
  [ $ran -gt 0 ] || { echo "FAILED: no benchmark"; count 0 1 "bench"; }
}

# A benchmark is not a test: it must run at a small size and print its one line of JSON.
bench_small() {
  local program
  program=$(bench_program "$1")
  "$program" --small | tee build/results/bench.out
  python3 -c 'import json, sys
line = json.loads(open(sys.argv[1]).read().strip().splitlines()[-1])
missing = [k for k in ("bench", "n", "per_s", "cpu_us_each", "rss_mb") if k not in line]
sys.exit("the JSON line lacks " + ", ".join(missing) if missing else 0)' build/results/bench.out
}

# The sanitizers' build goes on beside the release tests, which mostly wait; where they do not, they
# go first.
asan_pid=
begin_asan_build() {
  configure asan
  nice -n 19 ninja -C build/asan >build/results/asan_build.log 2>&1 &
  asan_pid=$!
}
asan_build() {
  local status=0
  wait "$asan_pid" || status=$?
  asan_pid=
  [ $status = 0 ] || tail -n 60 build/results/asan_build.log
  return $status
}

test_everything() {
  stage "tidy"
  counted "tidy" python3 tools/tidy --closing-line
  stage "release build"
  configure release
  check "release build" compile release || { finish; return; }
  check "the release binary is there" test -x build/release/tidings || true
  stage "tests, release"
  begin_asan_build
  start_postgres
  run_ctest release
  stage "ASan+UBSan build"
  if check "ASan+UBSan build" asan_build; then
    sanitizer_options
    stage "tests, ASan+UBSan"
    run_ctest asan
    stage "fuzzers, 10 s each"
    fuzz_all
  fi
  stage "chaos, short"
  counted "chaos" tests/chaos/run --short
  stage "benches, small"
  bench_all
  stop_postgres
  finish
}

test_nightly() {
  . tools/dev/tidy.sh
  stage "build without precompiled header"
  configure nopch
  check "build without precompiled header" compile nopch || true
  stage "clang-tidy"
  check "clang-tidy" clang_tidy || true
  stage "thread sanitizer"
  start_postgres
  configure tsan
  if check "TSan build" compile tsan; then
    sanitizer_options
    run_ctest tsan
  fi
  stop_postgres
  finish
}

# The test NAME is the program NAME_test for a layer; anything else needs the whole build.
test_matching() {
  local filter=$1 targets
  configure release
  targets=$(ctest --test-dir build/release -N -R "$filter" |
    sed -n 's/^ *Test *#[0-9]*: *//p' | sed 's/$/_test/')
  [ -n "$targets" ] || die "no test matches \"$filter\"; ctest --test-dir build/release -N lists them"
  # shellcheck disable=SC2086
  if ! ninja -C build/release -t query $targets >/dev/null 2>&1; then targets=; fi
  # shellcheck disable=SC2086
  check "build" compile release $targets || { finish; return; }
  start_postgres
  TIDINGS_PARTIAL=1 run_ctest release -R "$filter"
  stop_postgres
  finish
}

dev_test() {
  . tools/dev/setup.sh
  mkdir -p build/results
  : >"$ledger"
  trap early_end EXIT
  case ${1:-} in
    "" | --nightly)
      stage "setup"
      setup_for test
      # What needs the peers then fails by itself; the rest is still worth knowing.
      if ! (install_peers); then count 0 1 "npm packages of tests/peers"; fi
      if [ -z "${1:-}" ]; then test_everything; else test_nightly; fi
      ;;
    -*) die "test takes a regular expression, --nightly or nothing, not \"$1\"" ;;
    *)
      setup_for test
      (install_peers) || true
      test_matching "$1"
      ;;
  esac
}
