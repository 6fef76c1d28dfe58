import Glibc

/// Reads files in chunks, so that memory does not grow with their size.
enum FileChunks {
  static let chunkBytes = 1 << 20

  /// Calls back with each chunk of a file.
  static func forEach(
    path: String, _ body: (UnsafeRawBufferPointer) throws(FormatError) -> Void
  ) throws(FormatError) {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw unreadable(path) }
    defer { close(descriptor) }
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: chunkBytes, alignment: 64)
    defer { buffer.deallocate() }
    while true {
      let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
      if count == 0 { return }
      if count < 0 {
        if errno == EINTR { continue }
        throw unreadable(path)
      }
      try body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
    }
  }

  private static func unreadable(_ path: String) -> FormatError {
    let reason = String(cString: strerror(errno))
    return FormatError(
      FormatProblem(.unreadable, "\(path) cannot be read: \(reason)", expected: "a readable file"))
  }
}
