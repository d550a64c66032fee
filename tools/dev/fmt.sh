# ./dev fmt: clang-format over every C++ file of the project.

dev_fmt() {
  command -v clang-format-19 >/dev/null || die "clang-format-19 is missing; ./dev setup installs it"
  git ls-files -z --cached --others --exclude-standard -- '*.cc' '*.h' |
    xargs -0 -r clang-format-19 -i
}
