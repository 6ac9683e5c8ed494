// Threads that compute together: workers of the page that share the engine's memory.
//
// Owns how many of them are worth using; engine/threads.cpp says how they work together.

#pragma once

namespace cloche {

// Waits until so many threads are there, the calling one included.
void gather_threads(int count);

// How many threads compute fastest right now, of `most` at most, where they wait for each other after every so many
// products of numbers. Takes some milliseconds.
int best_thread_count(int most, double products);

}  // namespace cloche
