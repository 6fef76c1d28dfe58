import Codec

/// Bytes that wait to be written, contiguous, so that a whole turn goes out in one system call.
///
/// Grows by doubling; gives its memory back when drained above `keptCapacity`, so that an idle
/// connection holds none.
final class OutputBuffer {
  private static let keptCapacity = 64 << 10

  private var base: UnsafeMutableRawPointer?
  private var capacity = 0
  private var start = 0
  private var end = 0

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
    if capacity > OutputBuffer.keptCapacity { release() }
  }

  /// Gives the memory back if nothing waits.
  func releaseIfEmpty() {
    if count == 0 { release() }
  }

  private func release() {
    base?.deallocate()
    base = nil
    capacity = 0
  }

  private func grow(by count: Int) {
    let pending = self.count
    if start > 0, pending + count <= capacity, let base {
      base.copyMemory(from: base + start, byteCount: pending)
    } else {
      capacity = max(4_096, capacity * 2, pending + count)
      let larger = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 16)
      if let base {
        larger.copyMemory(from: base + start, byteCount: pending)
        base.deallocate()
      }
      base = larger
    }
    start = 0
    end = pending
  }
}
