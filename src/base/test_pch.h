// What tests include besides pch.h, precompiled once: the same holds for it.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/pch.h"
