/// Bytes that wait to be written, contiguous, so that a whole turn goes out in one system call.
///
/// Begins with a buffer of the loop's pool and grows by doubling; gives its memory back when it is
/// empty, so that an idle connection holds none.
final class OutputBuffer {
  private let pool: BufferPool
  private var base: UnsafeMutableRawPointer?
  private var capacity = 0
  private var start = 0
  private var end = 0

  init(pool: BufferPool) {
    self.pool = pool
  }

  // Whoever drops a connection may be on another thread than its loop: the pool is left alone.
  deinit { base?.deallocate() }

  var count: Int { end - start }

  var bytes: UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: base.map { $0 + start }, count: count)
  }

  /// Room for exactly `count` bytes at the end, which the caller fills before anything else.
  func extend(by count: Int) -> UnsafeMutableRawBufferPointer {
    if end + count > capacity { grow(by: count) }
    // grow() has made base non-nil for any count above zero.
    let room = UnsafeMutableRawBufferPointer(start: base.map { $0 + end }, count: count)
    end += count
    return room
  }

  /// The first `count` bytes have been written to the transport.
  func drop(_ count: Int) {
    start += count
    guard start == end else { return }
    start = 0
    end = 0
    if capacity > BufferPool.bufferSize { release() }
  }

  /// Gives the memory back if nothing waits.
  func releaseIfEmpty() {
    if count == 0 { release() }
  }

  private func release() {
    if let base { release(base) }
    base = nil
    capacity = 0
  }

  private func release(_ buffer: UnsafeMutableRawPointer) {
    if capacity == BufferPool.bufferSize { pool.give(buffer) } else { buffer.deallocate() }
  }

  private func grow(by count: Int) {
    let pending = self.count
    if start > 0, pending + count <= capacity, let base {
      base.copyMemory(from: base + start, byteCount: pending)
    } else if base == nil, count <= BufferPool.bufferSize {
      base = pool.take()
      capacity = BufferPool.bufferSize
    } else {
      // Whoever needs more than one buffer mostly needs much more.
      let larger = max(capacity * 2, pending + count, 8 * BufferPool.bufferSize)
      let memory = UnsafeMutableRawPointer.allocate(byteCount: larger, alignment: 16)
      if let base {
        memory.copyMemory(from: base + start, byteCount: pending)
        release(base)
      }
      base = memory
      capacity = larger
    }
    start = 0
    end = pending
  }
}
