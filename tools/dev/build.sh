# ./dev build: build/release/tidings.

dev_build() {
  local slowest=0
  case ${1:-} in
    "") ;;
    --slowest) slowest=1 ;;
    *) die "build takes --slowest or nothing, not \"$1\"" ;;
  esac
  . tools/dev/setup.sh
  setup_for build
  configure release
  compile release tidings
  [ $slowest = 0 ] || slowest_files
}

# From ninja's own log: start and end of each step in milliseconds. A file that ccache had counts
# with what it took then; the last entry of a file is the valid one.
slowest_files() {
  echo "seconds  file"
  awk -F'\t' '!/^#/ && $4 ~ /\.o$/ {took[$4] = ($2 - $1) / 1000}
    END {for (f in took) printf "%7.1f  %s\n", took[f], f}' build/release/.ninja_log |
    sort -rn | sed -n '1,10s#CMakeFiles/[^/]*\.dir/##p'
}
