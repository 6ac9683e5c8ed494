// Threads that compute together, as OpenMP's programs expect it.
//
// Owns the part of OpenMP's runtime that upstream's graph computation calls (the interface that clang compiles
// `#pragma omp` to, https://openmp.llvm.org), memory allocation by one thread at a time, and the measurement of how many
// threads pay, time and again. A thread is a worker of the page that calls `cloche_thread` whenever there is something to
// do. Who waits looks at memory for longer than a thread takes to wake up, then sleeps: products follow each other faster.
// Where other programs want the processors, such waiting costs a lot, and fewer threads pay. No thread sleeps for long,
// because a browser cannot end a worker that sleeps here while the one that started it ends, too.

#include "threads.h"

#include <algorithm>
#include <atomic>
#include <cstdarg>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <vector>

#include <time.h>

#define EXPORT(name) extern "C" __attribute__((export_name(#name)))

// Given by the page, see host.cpp.
extern "C" __attribute__((import_module("cloche"), import_name("stop"))) int cloche_stop(void);

namespace {

constexpr size_t   STACK_BYTES = 1 << 20;
constexpr int      LOOKS       = 100000;
constexpr int64_t  A_WHILE     = 100'000'000;  // nanoseconds
constexpr int      WHILES      = 100;  // so long no thread lets others wait, unless its worker has been ended
constexpr uint32_t MOST        = 1024;  // more than any processor has
constexpr int      ENDED       = 2;     // what the page says when it has done with the engine

constexpr int    VALUES   = 256;
constexpr int    PIECES   = 20;
constexpr int    TRIALS   = 6;
constexpr double WORTH_IT = 0.9;  // one more thread has to save a tenth of the time
constexpr double SELDOM   = 100;  // times as long as trials take is computed until the next ones

using Work = void (*)(int32_t *, int32_t *, void *, void *);

// What all threads work at.
Work   work      = nullptr;
void * given[2]  = {};
int    teammates = 1;
int    wanted    = 1;

// How many threads are best for work of one kind.
struct Choice {
    int    threads    = 1;
    double trials_ms  = 0;
    double since_then = 0;  // milliseconds that were computed
};
std::map<double, Choice> choices;  // by the products between two meetings
Choice *                 choice    = nullptr;
bool                     choosing  = false;
int                      most      = 1;

std::atomic<int32_t> here{ 1 };     // threads, the calling one included
std::atomic<int32_t> order{ 0 };    // pieces of work that were ever begun, times MOST, plus threads that this one is for
std::atomic<int32_t> working{ 0 };  // other threads that are not done with it
std::atomic<int32_t> arrived{ 0 };  // threads at the barrier
std::atomic<int32_t> passed{ 0 };   // barriers that were ever passed
std::atomic<int32_t> failed{ 0 };

thread_local int     number = 0;
thread_local int32_t heard  = 0;  // the order that this thread has carried out last, or ignored

void wake(std::atomic<int32_t> & value) {
    __builtin_wasm_memory_atomic_notify((int32_t *) &value, UINT32_MAX);
}

// Whether `value` is not `old` any more, or changes within a while.
bool changes(std::atomic<int32_t> & value, int32_t old) {
    for (int look = 0; look < LOOKS; look++) {
        if (value.load(std::memory_order_acquire) != old) {
            return true;
        }
    }
    __builtin_wasm_memory_atomic_wait32((int32_t *) &value, old, A_WHILE);
    return value.load(std::memory_order_acquire) != old;
}

// Waits until `value` is not `old` any more, unless another thread has failed or nobody wants the engine any more.
void wait(std::atomic<int32_t> & value, int32_t old) {
    for (int whiles = 0; !changes(value, old); whiles++) {
        if (failed.load(std::memory_order_relaxed) || cloche_stop() == ENDED || whiles == WHILES) {
            __builtin_trap();
        }
    }
}

void take_part() {
    int32_t own   = number;
    int32_t bound = 0;
    work(&own, &bound, given[0], given[1]);
}

// Lets `count` threads do the same work, the calling one among them; returns when all have done it.
void together(int count, Work what, void * first, void * second) {
    work      = what;
    given[0]  = first;
    given[1]  = second;
    teammates = std::min(count, here.load(std::memory_order_acquire));
    if (teammates > 1) {
        working.store(teammates - 1, std::memory_order_relaxed);
        const uint32_t begun = (uint32_t) order.load(std::memory_order_relaxed) / MOST;
        order.store((int32_t) ((begun + 1) * MOST + (uint32_t) teammates), std::memory_order_seq_cst);
        wake(order);
    }
    take_part();
    for (int32_t left = working.load(std::memory_order_acquire); left > 0; left = working.load(std::memory_order_acquire)) {
        wait(working, left);
    }
    teammates = 1;
}

void barrier() {
    const int32_t before = passed.load(std::memory_order_relaxed);
    if (arrived.fetch_add(1, std::memory_order_acq_rel) + 1 < teammates) {
        wait(passed, before);
        return;
    }
    arrived.store(0, std::memory_order_relaxed);
    passed.fetch_add(1, std::memory_order_acq_rel);
    wake(passed);
}

// A share of a computation such as a model's: many small pieces, and after each all wait for each other.
void trial(int32_t *, int32_t *, void * pieces, void * length) {
    static thread_local float values[VALUES];
    for (int piece = 0; piece < *(int *) pieces; piece++) {
        for (int i = *(int *) length / teammates; i > 0; i--) {
            for (float & value : values) {
                value = value * 0.999f + 0.5f;
            }
        }
        barrier();
    }
}

double milliseconds() {
    timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double) now.tv_sec * 1e3 + (double) now.tv_nsec / 1e6;
}

// How many threads do the trial fastest.
int fastest_count(double products) {
    int                 pieces = PIECES, length = std::max(1, (int) (products / VALUES));
    std::vector<double> took(most + 1);
    for (int threads = 1; threads <= most; threads++) {
        double longest = 0;
        for (int i = 0; i < TRIALS; i++) {
            const double began = milliseconds();
            together(threads, trial, &pieces, &length);
            const double time = milliseconds() - began;
            longest           = std::max(longest, time);
            took[threads] += time;
        }
        took[threads] -= longest;  // One has to wake threads up, or the machine had something else to do for a moment.
    }
    int best = 1;
    for (int threads = 2; threads <= most; threads++) {
        best = took[threads] < took[best] * WORTH_IT ? threads : best;
    }
    return best;
}

}  // namespace

namespace cloche {

void gather_threads(int count, bool fewer) {
    for (int found = here.load(std::memory_order_acquire); found < count; found = here.load(std::memory_order_acquire)) {
        wait(here, found);
    }
    most     = count;
    choosing = fewer && count > 1;
    choice   = nullptr;
    choices.clear();
}

void expect_products(double products) {
    if (!choosing) {
        return;
    }
    choice = &choices[products];
    if (choice->since_then >= SELDOM * choice->trials_ms) {
        const double began = milliseconds();
        choice->threads    = fastest_count(products);
        choice->trials_ms  = milliseconds() - began;
        choice->since_then = 0;
    }
}

int32_t meeting() {
    return teammates > 1 ? passed.load(std::memory_order_relaxed) + 1 : 0;
}

}  // namespace cloche

// Memory for a thread: a stack that ends where its own variables begin.
EXPORT(cloche_thread_place) char * cloche_thread_place() {
    return (char *) aligned_alloc(64, STACK_BYTES + ((__builtin_wasm_tls_size() + 63) & ~63u)) + STACK_BYTES;
}

// Where a worker notes that its thread has failed: everybody else ends, too.
EXPORT(cloche_thread_failure) int32_t * cloche_thread_failure() {
    return (int32_t *) &failed;
}

// Where the number of the order stands that a worker is to wait for before it calls `cloche_thread` again.
EXPORT(cloche_thread_order) int32_t * cloche_thread_order() {
    return (int32_t *) &order;
}

// Works as long as there is something to do -> the number of the last order.
EXPORT(cloche_thread) int32_t cloche_thread() {
    if (number == 0) {
        heard  = order.load(std::memory_order_acquire);
        number = here.fetch_add(1, std::memory_order_acq_rel);
        wake(here);
    }
    while (changes(order, heard)) {
        heard = order.load(std::memory_order_acquire);
        if (number < (int) ((uint32_t) heard % MOST)) {
            take_part();
            if (working.fetch_sub(1, std::memory_order_acq_rel) == 1) {
                wake(working);
            }
        }
    }
    return heard;
}

// What clang makes of `#pragma omp`.

extern "C" {

int32_t __kmpc_global_thread_num(void *) { return number; }
int     omp_get_thread_num(void) { return number; }
int     omp_get_num_threads(void) { return teammates; }

void __kmpc_push_num_threads(void *, int32_t, int32_t count) {
    wanted = count;
}

void __kmpc_fork_call(void *, int32_t count, Work what, ...) {
    if (count != 2) {
        __builtin_trap();  // Upstream shares other variables than it did.
    }
    va_list arguments;
    va_start(arguments, what);
    void * first  = va_arg(arguments, void *);
    void * second = va_arg(arguments, void *);
    va_end(arguments);
    const double began = milliseconds();
    together(choice ? std::min(wanted, choice->threads) : wanted, what, first, second);
    if (choice) {
        choice->since_then += milliseconds() - began;
    }
}

void    __kmpc_barrier(void *, int32_t) { barrier(); }
int32_t __kmpc_single(void *, int32_t) { return number == 0; }
void    __kmpc_end_single(void *, int32_t) {}

}  // extern "C"

// Memory is given to one thread at a time (the linker's --wrap): WASI's C library knows no others.

namespace {
std::atomic<bool> taken{ false };

struct Alone {
    Alone() {
        while (taken.exchange(true, std::memory_order_acquire)) {
        }
    }
    ~Alone() { taken.store(false, std::memory_order_release); }
};
}  // namespace

#define ONE_AT_A_TIME(type, name, parameters, arguments)    \
    extern "C" type __real_##name parameters;               \
    extern "C" type __wrap_##name parameters {              \
        const Alone alone;                                  \
        return __real_##name arguments;                     \
    }

ONE_AT_A_TIME(void *, malloc, (size_t size), (size))
ONE_AT_A_TIME(void *, calloc, (size_t count, size_t size), (count, size))
ONE_AT_A_TIME(void *, realloc, (void * block, size_t size), (block, size))
ONE_AT_A_TIME(void *, aligned_alloc, (size_t alignment, size_t size), (alignment, size))
ONE_AT_A_TIME(int, posix_memalign, (void ** block, size_t alignment, size_t size), (block, alignment, size))
ONE_AT_A_TIME(void, free, (void * block), (block))
