# ./dev clean: removes what was built and downloaded; an organisation in ./data stays.

dev_clean() {
  rm -rf build tests/peers/node_modules tests/e2e/node_modules web/node_modules web/dist
}
