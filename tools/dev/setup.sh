# ./dev setup: brings a Debian 12 to where it can build and test. Changes nothing when all is there.

# packages GROUP: the lines of one group of tools/packages.txt.
packages() {
  sed -e 's/#.*//' tools/packages.txt |
    awk -v group="[$1]" '/^\[/ {inside = ($1 == group); next} inside && NF'
}

installed() { [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

missing_packages() {
  local group name command
  for group in "$@"; do
    while read -r name command; do
      [ -n "$command" ] && command -v "${command#\?}" >/dev/null && continue
      installed "$name" || echo "$name"
    done < <(packages "$group")
  done
}

# Installs without starting any service: a package that brings a daemon must not open a port on a
# developer's machine, and the tests start their own on free ports.
apt_install() {
  local policy=/usr/sbin/policy-rc.d ours=0 status=0
  if [ ! -e $policy ]; then
    ours=1
    printf '#!/bin/sh\nexit 101\n' | as_root tee $policy >/dev/null
    as_root chmod 755 $policy
  fi
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
    -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300 "$@" >>build/apt.log 2>&1 || status=$?
  [ $ours = 0 ] || as_root rm -f $policy
  return $status
}

apt_update() {
  say "apt-get update"
  as_root apt-get update -o DPkg::Lock::Timeout=300 >>build/apt.log 2>&1 ||
    echo "dev: apt-get update had trouble; the lists that are there are used" >&2
}

install_packages() {
  local missing name unavailable=()
  missing=$(missing_packages "$@")
  [ -n "$missing" ] || return 0
  # shellcheck disable=SC2086
  set -- $missing
  if ! command -v apt-get >/dev/null; then
    die "this needs Debian 12 (there is no apt-get here). It would install: $*"
  fi
  if [ "$(id -u)" != 0 ] && ! { command -v sudo >/dev/null && as_root true; }; then
    die "packages are missing and this is neither root nor sudo. Ask somebody who may to run:
  apt-get install --no-install-recommends $*"
  fi
  apt_update
  say "installing $# packages: $*"
  apt_install "$@" && return 0
  for name in "$@"; do
    apt-cache policy "$name" 2>/dev/null | grep -q 'Candidate: [^(]' || unavailable+=("$name")
  done
  tail -n 5 build/apt.log >&2
  if [ ${#unavailable[@]} -gt 0 ]; then
    die "these packages cannot be had from this machine's sources: ${unavailable[*]}
  Debian 12 (bookworm) main and bookworm-security have them all; see /etc/apt/sources.list"
  fi
  die "apt-get could not install the packages; its words are above, all of them in build/apt.log"
}

# Unpacks a package below build/ without installing it; several may share a folder.
unpack_package() {
  local name=$1 target=build/$2 work
  [ -e "$target/.$name" ] && return 0
  say "unpacking $name into $target"
  work=$(mktemp -d "$root/build/unpack.XXXXXX")
  if ! (cd -- "$work" && apt-get -o APT::Sandbox::User=root download "$name" >>../apt.log 2>&1) &&
    ! { apt_update && (cd -- "$work" && apt-get -o APT::Sandbox::User=root download "$name" >>../apt.log 2>&1); }; then
    tail -n 3 build/apt.log >&2
    rm -rf "$work"
    die "the package $name cannot be had from this machine's sources (see /etc/apt/sources.list)"
  fi
  dpkg -x "$work"/*.deb "$work/out"
  mkdir -p "$target"
  cp -a "$work/out/." "$target/"
  touch "$target/.$name"
  rm -rf "$work"
}

# Node packages that tests use as independent peers (mail server, parser, Liquid) and as clients of
# the API: exactly those of the lockfiles, installed only when they changed.
install_peers() {
  install_packages_of tests/peers
  install_packages_of tests/api
  install_packages_of tests/e2e
}

install_packages_of() {
  local folder=$1 stamp=$1/node_modules/.installed
  [ -f $folder/package-lock.json ] || return 0
  cmp -s $folder/package-lock.json $stamp && return 0
  say "npm ci in $folder"
  if ! (cd $folder && npm ci --no-audit --no-fund >"$root/build/npm.log" 2>&1); then
    tail -n 8 build/npm.log >&2
    die "npm could not install the test peers; its words are above and in build/npm.log"
  fi
  cp $folder/package-lock.json $stamp
}

# Node 20.19 builds the web application; where the system's is older, one of its own below build/.
node_for_web() {
  local machine
  node -e 'const [a, b] = process.versions.node.split(".").map(Number);
           process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' 2>/dev/null && return 0
  case $(uname -m) in
    x86_64) machine=x64 ;;
    aarch64) machine=arm64 ;;
    *) die "Node 20.19 or newer is needed to build the web application; this machine has $(node --version)" ;;
  esac
  if ! build/node/bin/node --version >/dev/null 2>&1; then
    say "installing Node 24 into build/node"
    mkdir -p build/node
    npm install --prefix build/node --no-save --no-audit --no-fund --ignore-scripts \
      "node-linux-$machine@24" >build/npm.log 2>&1 || {
      tail -n 8 build/npm.log >&2
      die "npm could not install Node; its words are above and in build/npm.log"
    }
    ln -sfn "node_modules/node-linux-$machine/bin" build/node/bin
  fi
  export PATH="$root/build/node/bin:$PATH"
}

# What the web application is built with: cmake/web.cmake leaves it out otherwise.
install_web() {
  node_for_web
  install_packages_of web
}

# setup_for build|test: what that purpose needs.
setup_for() {
  local name folder
  mkdir -p build
  case $1 in
    build) install_packages build ;;
    test) install_packages build test ;;
  esac
  while read -r name folder; do
    if [ "$1" = test ] || [ "$folder" = phonenumber ]; then unpack_package "$name" "$folder"; fi
  done < <(packages unpack)
  install_web
}

dev_setup() {
  setup_for test
  install_peers
  say "everything is there: ./dev run, ./dev test"
}
