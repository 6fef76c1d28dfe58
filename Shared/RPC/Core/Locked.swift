import Glibc

/// A value that several threads touch, one at a time.
///
/// By a lock of the system's own: ThreadSanitizer understands it, as it does not understand the
/// standard library's `Mutex` on Linux, so that a run of the transport tests under it means
/// something.
///
/// `@unchecked Sendable`: the value is reached through `withLock` only.
final class Locked<Value>: @unchecked Sendable {
  private var value: Value
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>

  init(_ value: Value) {
    self.value = value
    mutex = .allocate(capacity: 1)
    pthread_mutex_init(mutex, nil)
  }

  deinit {
    pthread_mutex_destroy(mutex)
    mutex.deallocate()
  }

  func withLock<Result>(_ body: (inout Value) -> Result) -> Result {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return body(&value)
  }
}
