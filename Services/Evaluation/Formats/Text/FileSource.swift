import Glibc
import Synchronization

/// A file that is read from its beginning to its end.
final class FileSource: Sendable {
  private let path: String
  private let descriptor: CInt
  /// Why reading failed; 0 while it has not.
  private let failure = Atomic<CInt>(0)
  private let isFirstTaken = Atomic<Bool>(false)
  /// The first byte, read ahead because it may tell what the file is; nil in an empty file.
  let first: UInt8?

  init(path: String) throws(FormatError) {
    self.path = path
    descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw Self.unreadable(path, errno) }
    var byte: UInt8 = 0
    var count = 0
    repeat { count = Glibc.read(descriptor, &byte, 1) } while count < 0 && errno == EINTR
    first = count == 1 ? byte : nil
    if count < 0 { throw Self.unreadable(path, errno) }
  }

  deinit { close(descriptor) }

  /// Fills a buffer, or as much of it as there is left; 0 at the end and after a failure.
  func read(_ buffer: UnsafeMutableRawBufferPointer) -> Int {
    var taken = 0
    if let first, !buffer.isEmpty, !isFirstTaken.exchange(true, ordering: .relaxed) {
      buffer[0] = first
      taken = 1
    }
    while taken < buffer.count, failure.load(ordering: .relaxed) == 0 {
      let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[taken...])
      let count = Glibc.read(descriptor, rest.baseAddress, rest.count)
      if count == 0 { break }
      if count > 0 {
        taken += count
      } else if errno != EINTR {
        failure.store(errno, ordering: .relaxed)
      }
    }
    return taken
  }

  func throwIfFailed() throws(FormatError) {
    let code = failure.load(ordering: .relaxed)
    if code != 0 { throw Self.unreadable(path, code) }
  }

  private static func unreadable(_ path: String, _ code: CInt) -> FormatError {
    let reason = String(cString: strerror(code))
    return FormatError(
      FormatProblem(.unreadable, "\(path) cannot be read: \(reason)", expected: "a readable file"))
  }
}

/// Reads files in chunks, so that memory does not grow with their size.
enum FileChunks {
  static let chunkBytes = 1 << 20

  /// Calls back with each chunk of a file.
  static func forEach(
    path: String, _ body: (UnsafeRawBufferPointer) throws(FormatError) -> Void
  ) throws(FormatError) {
    try forEach(try FileSource(path: path), body)
  }

  static func forEach(
    _ file: FileSource, _ body: (UnsafeRawBufferPointer) throws(FormatError) -> Void
  ) throws(FormatError) {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: chunkBytes, alignment: 64)
    defer { buffer.deallocate() }
    while true {
      let count = file.read(buffer)
      try file.throwIfFailed()
      if count == 0 { return }
      try body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
    }
  }
}
