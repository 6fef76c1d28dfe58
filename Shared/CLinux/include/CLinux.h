// What Linux has and the Swift overlay of glibc does not map: epoll, eventfd, and a few macros.
#ifndef ASSAY_CLINUX_H
#define ASSAY_CLINUX_H

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

// struct epoll_event is packed on x86-64 and holds a union: both are awkward from Swift.
typedef struct {
  uint32_t events;
  uint64_t token;
} assay_epoll_ready;

int assay_epoll_set(int epoll, int operation, int fd, uint32_t events, uint64_t token);
int assay_epoll_wait(int epoll, assay_epoll_ready *ready, int capacity, int timeout_milliseconds);

// accept4 is behind _GNU_SOURCE, which the Swift importer does not set.
int assay_accept(int fd, struct sockaddr *address, socklen_t *length);

// posix_spawn_file_actions_addclosefrom_np, which is as hidden.
int assay_spawn_close_from(posix_spawn_file_actions_t *actions, int first);

// A descriptor that can be read once the process has ended, or -1; glibc has it from 2.36 on only.
int assay_pidfd_open(pid_t process);

// Keeps glibc from giving each of many threads an arena of its own, the usual cause of a Swift
// server's growth, and from giving memory back that is asked for again at once; called once, first
// thing in main.
void assay_tune_malloc(int arenas);

#endif
