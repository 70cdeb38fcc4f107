/*
 * Preloaded into a server: while the file named by MAGPIE_FAIL_FSYNC exists, every flush to the disk fails with EIO,
 * as a dying disk's does. Flushes are counted in no way and otherwise passed through.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

static int failing(void) {
  const char *flag = getenv("MAGPIE_FAIL_FSYNC");
  return flag != NULL && access(flag, F_OK) == 0;
}

#define FLUSH(name, parameters, arguments)                      \
  int name parameters {                                         \
    static int(*real) parameters = NULL;                        \
    if (real == NULL) real = (int(*) parameters)dlsym(RTLD_NEXT, #name); \
    if (failing()) {                                            \
      errno = EIO;                                              \
      return -1;                                                \
    }                                                           \
    return real arguments;                                      \
  }

FLUSH(fsync, (int fd), (fd))
FLUSH(fdatasync, (int fd), (fd))
FLUSH(msync, (void *address, size_t length, int flags), (address, length, flags))
