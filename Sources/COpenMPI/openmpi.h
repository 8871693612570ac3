// Open MPI as Swift can see it: its constants are casts in macros, which no importer reads.
#pragma once
#include <mpi.h>

/// Starts MPI for one thread at a time; returns an error code.
static inline int openmpi_start(void) {
  int provided;
  return MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &provided);
}

/// Whether MPI is running.
static inline int openmpi_is_running(void) {
  int started = 0, finished = 0;
  MPI_Initialized(&started);
  MPI_Finalized(&finished);
  return started && !finished;
}

/// All processes of the job.
static inline MPI_Comm openmpi_world(void) { return MPI_COMM_WORLD; }

/// Starts to send bytes.
static inline int openmpi_send(const void *bytes, int count, int to, int tag, MPI_Comm group,
                               MPI_Request *request) {
  return MPI_Isend(bytes, count, MPI_BYTE, to, tag, group, request);
}

/// Starts to receive exactly so many bytes.
static inline int openmpi_receive(void *bytes, int count, int from, int tag, MPI_Comm group,
                                  MPI_Request *request) {
  return MPI_Irecv(bytes, count, MPI_BYTE, from, tag, group, request);
}

/// Whether a transfer is complete; makes all of them progress.
static inline int openmpi_test(MPI_Request *request) {
  int done = 0;
  MPI_Test(request, &done, MPI_STATUS_IGNORE);
  return done;
}

/// The version of the library, as it words it.
static inline int openmpi_version(char *text, int *length) {
  return MPI_Get_library_version(text, length);
}
