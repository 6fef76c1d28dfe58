import Glibc

/// The file of a write-ahead log, for flushing it.
///
/// SQLite keeps no locks on this file, so that a descriptor of our own may be closed at any time.
final class LogFile: Sendable {
  private let path: String
  private let descriptor: Int32

  init(_ path: String) throws(StorageError) {
    self.path = path
    descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw .cannotOpen(path: path, reason: String(cString: strerror(errno)))
    }
  }

  deinit { close(descriptor) }

  /// Brings the file's content and length to the disk.
  func flush() throws(StorageError) {
    while fdatasync(descriptor) != 0 {
      guard errno == EINTR else {
        throw .inputOutput(
          "\(path) cannot be brought to the disk: \(String(cString: strerror(errno))); "
            + "nothing is read or written until the service is started again")
      }
    }
  }
}
