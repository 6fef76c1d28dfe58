import Foundation

/// The few calls on files that must be durable, with errors that name the file.
enum FileSystem {
  /// The typed error of the call that just failed on `path`.
  static func error(_ call: String, _ path: String) -> StorageError {
    let code = errno
    let message = "\(call) \(path): \(String(cString: strerror(code)))"
    return switch code {
    case ENOSPC, EDQUOT, EFBIG: .diskFull(message)
    case EROFS, EACCES, EPERM: .readOnly(message)
    default: .inputOutput(message)
    }
  }

  /// Flushes a file or a folder to the disk.
  static func synchronize(_ path: String) throws {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw error("open", path) }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw error("fsync", path) }
  }

  /// Gives a flushed file its final name, durably.
  static func rename(_ path: String, to destination: String) throws {
    guard Glibc.rename(path, destination) == 0 else { throw error("rename", path) }
    try synchronize(parent(of: destination))
  }

  /// Makes a folder, durably, unless it is there.
  static func makeFolder(_ path: String) throws {
    if mkdir(path, 0o700) == 0 { return try synchronize(parent(of: path)) }
    guard errno == EEXIST else { throw error("mkdir", path) }
    var status = stat()
    guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
      throw StorageError.cannotOpen(path: path, reason: "it is not a folder")
    }
  }

  /// Writes all of `bytes`.
  static func writeAll(_ descriptor: Int32, _ bytes: [UInt8], path: String) throws {
    try bytes.withUnsafeBytes { buffer in
      var rest = buffer[...]
      while !rest.isEmpty {
        let count = write(
          descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
        if count < 0 && errno == EINTR { continue }
        guard count > 0 else { throw error("write", path) }
        rest = rest.dropFirst(count)
      }
    }
  }

  /// At most `count` bytes from `offset`; fewer at the end of the file only.
  static func read(
    _ descriptor: Int32, at offset: Int64, count: Int, path: String
  ) throws -> [UInt8] {
    try [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      while filled < count {
        let target = UnsafeMutableBufferPointer(rebasing: buffer[filled..<count])
        let got = pread(descriptor, target.baseAddress, target.count, Int(offset) + filled)
        if got < 0 && errno == EINTR { continue }
        guard got >= 0 else { throw error("read", path) }
        if got == 0 { return }
        filled += got
      }
    }
  }

  private static func parent(of path: String) -> String {
    let folder = (path as NSString).deletingLastPathComponent
    return folder.isEmpty ? "." : folder
  }
}
