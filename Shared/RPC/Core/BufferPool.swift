/// Memory for output that the connections of one loop share: a turn's frames need it for that turn
/// only, and getting it from the system each turn would cost more than writing into it.
final class BufferPool {
  /// Bytes of each buffer.
  static let bufferSize = 64 << 10
  /// Buffers kept; what comes back beyond is freed.
  private static let maximumKept = 16

  private var free: [UnsafeMutableRawPointer] = []

  deinit {
    for buffer in free { buffer.deallocate() }
  }

  /// A buffer of `bufferSize` bytes, which the caller gives back.
  func take() -> UnsafeMutableRawPointer {
    free.popLast() ?? .allocate(byteCount: BufferPool.bufferSize, alignment: 16)
  }

  func give(_ buffer: UnsafeMutableRawPointer) {
    if free.count < BufferPool.maximumKept { free.append(buffer) } else { buffer.deallocate() }
  }
}
