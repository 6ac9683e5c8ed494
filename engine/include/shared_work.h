/* Stands before upstream's ggml-cpu.c, which gives WASI one thread whatever is asked for: from the system's headers on, it
   is not told that this is WASI. */

#pragma once

#include <alloca.h>
#include <assert.h>
#include <errno.h>
#include <float.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>
#include <wasm_simd128.h>

#undef __wasi__
