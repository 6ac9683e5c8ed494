/* What upstream's sources call and WASI's headers do not declare; engine/host.cpp has the bodies. */

#pragma once

#ifdef __cplusplus
extern "C" {
#endif

#ifndef PRIO_PROCESS
#define PRIO_PROCESS 0
#endif

struct passwd;

int             setpriority(int which, unsigned int who, int value);
unsigned int    getuid(void);
struct passwd * getpwuid(unsigned int user);
int             pipe(int ends[2]);

#ifdef __cplusplus
}
#endif
