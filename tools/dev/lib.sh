# Shared by the parts of ./dev. $root is the checkout; nothing here depends on the current folder.
cd -- "$root"
release=$root/build/release
asan=$root/build/asan

say() { printf '\033[1m== %s\033[0m\n' "$*"; }
[ -t 1 ] || say() { printf '== %s\n' "$*"; }
die() {
  printf 'dev: %s\n' "$*" >&2
  exit 1
}

# As root: directly when we are, else by sudo without a question when there is no terminal.
as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif [ -t 0 ]; then
    sudo "$@"
  else
    sudo -n "$@"
  fi
}

# configure PRESET [cmake arguments]: cheap when nothing changed, so it runs every time; a new
# source file is found by it.
configure() {
  local preset=$1
  shift
  mkdir -p build
  # A build folder that was configured in another place (a moved or copied checkout) is of no use.
  local cache=build/$preset/CMakeCache.txt
  if [ -f "$cache" ] && ! grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$root" "$cache"; then
    rm -rf "build/$preset"
  fi
  if ! cmake --preset "$preset" "$@" >"build/$preset.log" 2>&1; then
    cat "build/$preset.log" >&2
    die "the build could not be configured (above); ./dev setup installs what is missing"
  fi
}

# compile PRESET [targets]
compile() {
  local preset=$1
  shift
  ninja -C "build/$preset" "$@"
}
