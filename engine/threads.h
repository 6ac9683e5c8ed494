// Threads that compute together: workers of the page that share the engine's memory.
//
// Owns how many of them are worth using; engine/threads.cpp says how they work together.

#pragma once

#include <cstdint>

namespace cloche {

// What is computed between two meetings of threads where many tokens, or a picture, are read at once; about.
constexpr double PRODUCTS_OF_A_BATCH = 1e6;

// Waits until so many threads are there, the calling one included. With `fewer`, only as many compute as that is fastest
// with.
void gather_threads(int count, bool fewer);

// Says that about so many products of numbers lie between two meetings of threads in what is computed from now on. How many
// threads are fastest is tried (some milliseconds) at first, and again whenever a hundred times as long has been computed:
// other programs come and go.
void expect_products(double products);

// A number that changes whenever threads meet; until then nobody changes what others read. 0 where one computes alone.
int32_t meeting();

}  // namespace cloche
