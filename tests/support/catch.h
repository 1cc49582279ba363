#pragma once

// Catch2, whichever of the two the system has.

#ifdef FAULTLINE_CATCH3
#include <catch2/catch_all.hpp>
using Catch::Approx;
#else
#include <catch2/catch.hpp>
#endif
