# ./dev clean: removes what was built and downloaded; an organisation in ./data stays.

dev_clean() {
  rm -rf build tests/peers/node_modules
}
