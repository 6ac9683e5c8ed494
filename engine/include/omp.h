/* What upstream's sources ask of OpenMP; engine/threads.cpp has the bodies. */

#pragma once

#ifdef __cplusplus
extern "C" {
#endif

int omp_get_thread_num(void);
int omp_get_num_threads(void);

#ifdef __cplusplus
}
#endif
