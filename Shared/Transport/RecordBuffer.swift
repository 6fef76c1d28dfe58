import COpenSSL
import Glibc

/// Where OpenSSL writes the TLS records of one loop's connections, one connection at a time: what a
/// turn produces then goes to the socket in one system call rather than one for each record.
///
/// Confined to the loop. A connection takes its records out before another one's are made.
final class RecordBuffer {
  private var memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)
  private var count = 0

  deinit { memory.deallocate() }

  var isEmpty: Bool { count == 0 }

  var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: memory[..<count]) }

  func removeAll() {
    count = 0
  }

  fileprivate func append(_ source: UnsafeRawBufferPointer) {
    if count + source.count > memory.count { grow(to: count + source.count) }
    UnsafeMutableRawBufferPointer(rebasing: memory[count...]).copyMemory(from: source)
    count += source.count
  }

  private func grow(to needed: Int) {
    let larger = UnsafeMutableRawBufferPointer.allocate(
      byteCount: max(needed, memory.count * 2), alignment: 16)
    larger.copyMemory(from: bytes)
    memory.deallocate()
    memory = larger
  }

  /// An OpenSSL sink that writes here. The buffer must outlive it.
  func makeSink() -> OpaquePointer? {
    guard let sink = BIO_new(RecordBuffer.method) else { return nil }
    BIO_set_data(sink, Unmanaged.passUnretained(self).toOpaque())
    BIO_set_init(sink, 1)
    return sink
  }

  /// `nonisolated(unsafe)`: made once, under the lock of a static's first use, and never changed.
  private nonisolated(unsafe) static let method: OpaquePointer? = {
    let method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "TLS records")
    BIO_meth_set_write(method) { sink, bytes, count in
      guard let data = BIO_get_data(sink), let bytes, count > 0 else { return 0 }
      Unmanaged<RecordBuffer>.fromOpaque(data).takeUnretainedValue()
        .append(UnsafeRawBufferPointer(start: bytes, count: Int(count)))
      return count
    }
    // Flushing is the connection's; everything else that OpenSSL may ask is not here.
    BIO_meth_set_ctrl(method) { _, command, _, _ in command == BIO_CTRL_FLUSH ? 1 : 0 }
    return method
  }()
}
