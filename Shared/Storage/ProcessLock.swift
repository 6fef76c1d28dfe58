import Foundation
import Synchronization

/// Keeps a second process from opening a database that is open.
///
/// The lock is on a file of its own beside the database: locks on the database file itself are
/// SQLite's, and closing any descriptor of it would drop them. The system releases the lock when
/// the process ends, however it ends.
final class ProcessLock: Sendable {
  /// The open lock file, until it is released.
  private let held: Mutex<Int32?>

  /// Takes the lock for the database at `path`, or throws `StorageError.locked`.
  init(databasePath path: String) throws {
    let lockPath = path + ".lock"
    let descriptor = open(lockPath, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else {
      throw StorageError.cannotOpen(path: lockPath, reason: ProcessLock.advice(errno))
    }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      let holder = ProcessLock.holder(descriptor)
      close(descriptor)
      throw StorageError.locked(path: path, holder: holder)
    }
    // The number is for the message to the next process only; without it the lock holds as well.
    let text = "\(getpid())\n"
    _ = ftruncate(descriptor, 0)
    _ = pwrite(descriptor, text, text.utf8.count, 0)
    held = Mutex(descriptor)
  }

  deinit { release() }

  /// Lets others open the database.
  func release() {
    held.withLock { descriptor in
      if let descriptor {
        // Said, for to close is not enough while a child that was just forked has a copy.
        flock(descriptor, LOCK_UN)
        close(descriptor)
      }
      descriptor = nil
    }
  }

  private static func holder(_ descriptor: Int32) -> String {
    var buffer = [UInt8](repeating: 0, count: 32)
    let count = pread(descriptor, &buffer, buffer.count, 0)
    let digits = buffer.prefix(max(0, count)).prefix { $0 >= 0x30 && $0 <= 0x39 }
    return digits.isEmpty
      ? "another process" : "process \(String(decoding: digits, as: UTF8.self))"
  }

  private static func advice(_ code: Int32) -> String {
    let reason = String(cString: strerror(code))
    return switch code {
    case ENOENT, ENOTDIR: "\(reason); its folder must exist"
    case EACCES, EROFS, EPERM: "\(reason); its folder must be writable"
    default: reason
    }
  }
}
