import Foundation
import ServiceKit
import Synchronization

/// Keeps a second worker out of a cache folder: each would remove what the other is fetching.
///
/// The system releases the lock when the process ends, however it ends.
final class FolderLock: Sendable {
  private let held: Mutex<Int32?>

  /// Makes the folder if need be and takes it.
  ///
  /// - Throws: `ServiceFailure` if another process has it, or it cannot be made.
  init(_ folder: String) throws {
    try FileManager.default.createDirectory(
      atPath: folder, withIntermediateDirectories: true,
      attributes: [.posixPermissions: 0o700])
    let descriptor = open("\(folder)/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else {
      throw ServiceFailure("\(folder) is not writable: \(String(cString: strerror(errno)))")
    }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      close(descriptor)
      throw ServiceFailure(
        "\(folder) belongs to another worker that runs; give each its own --data or --cache")
    }
    held = Mutex(descriptor)
  }

  deinit { release() }

  /// Lets another worker have the folder.
  func release() {
    held.withLock { descriptor in
      if let descriptor { close(descriptor) }
      descriptor = nil
    }
  }
}
