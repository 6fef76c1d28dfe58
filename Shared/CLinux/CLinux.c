#define _GNU_SOURCE
#include "CLinux.h"

#include <sys/syscall.h>

int assay_epoll_set(int epoll, int operation, int fd, uint32_t events, uint64_t token) {
  struct epoll_event event = {.events = events, .data = {.u64 = token}};
  return epoll_ctl(epoll, operation, fd, &event);
}

int assay_epoll_wait(int epoll, assay_epoll_ready *ready, int capacity, int timeout_milliseconds) {
  struct epoll_event events[256];
  if (capacity > 256) capacity = 256;
  int count = epoll_wait(epoll, events, capacity, timeout_milliseconds);
  for (int i = 0; i < count; i++) {
    ready[i].events = events[i].events;
    ready[i].token = events[i].data.u64;
  }
  return count;
}

int assay_accept(int fd, struct sockaddr *address, socklen_t *length) {
  return accept4(fd, address, length, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

void assay_tune_malloc(int arenas) {
  mallopt(M_ARENA_MAX, arenas);
  // A message's memory is used again for the next: to give each back to the system and to fault it
  // in anew costs as much as decrypting it.
  mallopt(M_MMAP_THRESHOLD, 8 << 20);
  mallopt(M_TRIM_THRESHOLD, 8 << 20);
}

int assay_spawn_close_from(posix_spawn_file_actions_t *actions, int first) {
  return posix_spawn_file_actions_addclosefrom_np(actions, first);
}

int assay_pidfd_open(pid_t process) { return (int)syscall(SYS_pidfd_open, process, 0); }
