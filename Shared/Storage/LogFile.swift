import Glibc
import Synchronization

/// The file of a write-ahead log, for flushing it.
///
/// SQLite keeps no locks on this file, so that a descriptor of our own may be closed at any time.
final class LogFile: Sendable {
  private let path: String
  private let descriptor = Mutex<Int32?>(nil)

  init(_ path: String) { self.path = path }

  deinit {
    if let descriptor = descriptor.withLock(\.self) { close(descriptor) }
  }

  /// Brings the file's content and length to the disk.
  func flush() throws(StorageError) {
    let descriptor = try descriptor.withLock { open throws(StorageError) in
      if let open { return open }
      let new = Glibc.open(path, O_RDONLY | O_CLOEXEC)
      guard new >= 0 else { throw failure() }
      open = new
      return new
    }
    while fdatasync(descriptor) != 0 {
      guard errno == EINTR else { throw failure() }
    }
  }

  private func failure() -> StorageError {
    .inputOutput(
      "\(path) cannot be brought to the disk: \(String(cString: strerror(errno))); "
        + "nothing is read or written until the service is started again")
  }
}
