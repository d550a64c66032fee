# ./dev fuzz: the libFuzzer programs of tests/fuzz, in the ASan+UBSan build.

fuzz_targets() { find tests/fuzz -name '*_fuzz.cc' -printf '%f\n' 2>/dev/null | sed 's/\.cc$//' | sort; }

# fuzz_one TARGET SECONDS [FLAG…]: over its corpus; new finds go to build/fuzz, a crash is kept there
# too.
fuzz_one() {
  local target=$1 seconds=$2 name=${1%_fuzz} flags=("${@:3}") program
  program=$(find "$asan" -type f -name "$target" -perm -u+x | head -n 1)
  [ -n "$program" ] || { echo "fuzz target $target was not built" >&2; return 1; }
  mkdir -p "build/fuzz/$name"
  set -- "build/fuzz/$name"
  [ -d "tests/fuzz/corpus/$name" ] && set -- "$@" "tests/fuzz/corpus/$name"
  local dictionary=()
  [ -f "tests/fuzz/corpus/$name.dict" ] && dictionary=("-dict=tests/fuzz/corpus/$name.dict")
  UBSAN_OPTIONS=print_stacktrace=1 "$program" -max_total_time="$seconds" -timeout=10 \
    -rss_limit_mb=1024 -print_final_stats=1 -verbosity=0 "${dictionary[@]}" "${flags[@]}" \
    -artifact_prefix="build/fuzz/$name-" "$@" >"build/fuzz/$name.log" 2>&1
}

dev_fuzz() {
  local only="" seconds=60 target failed=0 ran=0
  while [ $# -gt 0 ]; do
    case $1 in
      --seconds) seconds=${2:?--seconds needs a number} && shift ;;
      --hours) seconds=$((${2:?--hours needs a number} * 3600)) && shift ;;
      -*) die "fuzz does not know $1" ;;
      *) only=${1%_fuzz}_fuzz ;;
    esac
    shift
  done
  [ -z "$only" ] || fuzz_targets | grep -qx "$only" ||
    die "there is no fuzz target \"$only\"; there are: $(fuzz_targets | tr '\n' ' ')"
  . tools/dev/setup.sh
  setup_for build
  configure asan
  for target in $(fuzz_targets); do
    [ -z "$only" ] || [ "$only" = "$target" ] || continue
    compile asan "$target" >build/fuzz.log 2>&1 || { cat build/fuzz.log; die "$target does not build"; }
    ran=$((ran + 1))
    if fuzz_one "$target" "$seconds"; then
      echo "$target: $(awk '/stat::number_of_executed_units/ {print $2}' "build/fuzz/${target%_fuzz}.log") inputs in $seconds s"
    else
      failed=$((failed + 1))
      tail -n 25 "build/fuzz/${target%_fuzz}.log"
      echo "$target: FAILED; the input is build/fuzz/${target%_fuzz}-*"
    fi
  done
  echo "$((ran - failed)) passed, $failed failed"
  [ $failed = 0 ]
}
