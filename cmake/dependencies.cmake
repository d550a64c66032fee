# Every C++ library is a Debian 12 package; tools/packages.txt lists them for ./dev setup.
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(Boost 1.81 EXACT REQUIRED COMPONENTS json)
find_package(OpenSSL 3.0 REQUIRED)
find_package(SQLite3 3.40 REQUIRED)
find_package(PostgreSQL REQUIRED)
find_package(fmt 9 REQUIRED)
find_package(spdlog REQUIRED)
find_package(CLI11 REQUIRED)
find_package(tomlplusplus REQUIRED)
find_package(date REQUIRED)
find_package(GTest REQUIRED)
find_package(ICU 72 REQUIRED COMPONENTS uc i18n)
add_library(boost_json ALIAS Boost::json)

# A plain library of the linker's own path, under a name that says what it is for.
function(tidings_system_library name)
  add_library(${name} INTERFACE)
  target_link_libraries(${name} INTERFACE ${ARGN})
endfunction()
tidings_system_library(idn2 -lidn2)
tidings_system_library(gumbo -lgumbo)
tidings_system_library(sodium -lsodium)
tidings_system_library(csv -lcsv)
tidings_system_library(zstd -lzstd)

# libphonenumber's -dev package wants another Boost than ours, so ./dev setup unpacks its headers
# beside the build and the system's shared library is linked.
set(TIDINGS_PHONENUMBER ${CMAKE_SOURCE_DIR}/build/phonenumber CACHE PATH "unpacked libphonenumber-dev")
add_library(phonenumber INTERFACE)
target_include_directories(phonenumber SYSTEM INTERFACE ${TIDINGS_PHONENUMBER}/usr/include)
file(GLOB phonenumber_so /usr/lib/*/libphonenumber.so.8)
target_link_libraries(phonenumber INTERFACE ${phonenumber_so})
