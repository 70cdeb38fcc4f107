/*
 * Preloaded into a server: while the file named by MAGPIE_FULL_DISK exists, the disk is full for LMDB's data file. Where
 * that file is empty, every write fails with ENOSPC; else the first write of each run is cut short, as a kernel does with
 * the last space that there is, and the next ones fail. The space that is left is then told as none.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/uio.h>
#include <unistd.h>

static int full(void) {
  const char *flag = getenv("MAGPIE_FULL_DISK");
  return flag != NULL && access(flag, F_OK) == 0;
}

static int cut_short(void) {
  struct stat found;
  return stat(getenv("MAGPIE_FULL_DISK"), &found) == 0 && found.st_size > 0;
}

static int is_data(int fd) {
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return 0;
  path[length] = 0;
  const char *name = strrchr(path, '/');
  return name != NULL && strcmp(name, "/data.mdb") == 0;
}

/* How much of a write goes through: all of it, half of it once, or nothing (-1). */
static ssize_t allowed(int fd, size_t length) {
  static int half_done = 0;
  if (!full() || !is_data(fd)) {
    if (!full()) half_done = 0;
    return (ssize_t)length;
  }
  if (cut_short() && !half_done && length > 1) {
    half_done = 1;
    return (ssize_t)(length / 2);
  }
  errno = ENOSPC;
  return -1;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t write(int fd, const void *bytes, size_t length) {
  ssize_t room = allowed(fd, length);
  return room < 0 ? -1 : REAL(write)(fd, bytes, (size_t)room);
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t at) {
  ssize_t room = allowed(fd, length);
  return room < 0 ? -1 : REAL(pwrite)(fd, bytes, (size_t)room, at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t at) {
  ssize_t room = allowed(fd, length);
  return room < 0 ? -1 : REAL(pwrite64)(fd, bytes, (size_t)room, at);
}

static size_t total(const struct iovec *parts, int count) {
  size_t sum = 0;
  for (int index = 0; index < count; index++) sum += parts[index].iov_len;
  return sum;
}

/* Of several parts the first alone goes through where not all may. */
static int parts_allowed(int fd, const struct iovec *parts, int count) {
  size_t length = total(parts, count);
  ssize_t room = allowed(fd, length);
  if (room < 0) return -1;
  return (size_t)room < length ? 1 : count;
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
  int some = parts_allowed(fd, parts, count);
  return some < 0 ? -1 : REAL(writev)(fd, parts, some);
}

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t at) {
  int some = parts_allowed(fd, parts, count);
  return some < 0 ? -1 : REAL(pwritev)(fd, parts, some, at);
}

ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t at) {
  int some = parts_allowed(fd, parts, count);
  return some < 0 ? -1 : REAL(pwritev64)(fd, parts, some, at);
}

int statfs(const char *path, struct statfs *found) {
  int result = REAL(statfs)(path, found);
  if (result == 0 && full()) found->f_bavail = found->f_bfree = 0;
  return result;
}

int statfs64(const char *path, struct statfs64 *found) {
  int result = REAL(statfs64)(path, found);
  if (result == 0 && full()) found->f_bavail = found->f_bfree = 0;
  return result;
}
