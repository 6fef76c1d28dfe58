import Crypto
import Foundation
import Synchronization

/// A stored content, open for reading. Letting go of it closes it.
public final class BlobReader: Sendable {
  /// The length of the content in bytes.
  public let byteCount: Int64

  private struct Cursor {
    var descriptor: Int32
    var offset: Int64 = 0
  }

  private let files: WorkQueue<Void>
  private let path: String
  private let chunkBytes: Int
  private let cursor: Mutex<Cursor>

  init(files: WorkQueue<Void>, path: String, digest: Digest, chunkBytes: Int) throws {
    self.files = files
    self.path = path
    self.chunkBytes = chunkBytes
    let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw errno == ENOENT ? StorageError.blobNotFound(digest) : FileSystem.error("open", path)
    }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      let error = FileSystem.error("stat", path)
      Glibc.close(descriptor)
      throw error
    }
    byteCount = Int64(status.st_size)
    cursor = Mutex(Cursor(descriptor: descriptor))
  }

  deinit { closeDescriptor() }

  /// The next piece, or `nil` at the end.
  public func next() async throws -> [UInt8]? {
    try await files.run { [self] _ in try nextChunk() }
  }

  /// The `count` bytes from `offset`, fewer at the end. `next` is not moved by it.
  public func read(at offset: Int64, count: Int) async throws -> [UInt8] {
    precondition(offset >= 0 && count >= 0)
    return try await files.run { [self] _ in
      try cursor.withLock { cursor in
        guard cursor.descriptor >= 0 else { throw StorageError.blobClosed }
        let available = Int(max(0, min(Int64(count), byteCount - offset)))
        return try FileSystem.read(cursor.descriptor, at: offset, count: available, path: path)
      }
    }
  }

  /// Closes the file.
  public func close() async { closeDescriptor() }

  /// As `next`, on the calling thread.
  func nextChunk() throws -> [UInt8]? {
    try cursor.withLock { cursor in
      guard cursor.descriptor >= 0 else { throw StorageError.blobClosed }
      let chunk = try FileSystem.read(
        cursor.descriptor, at: cursor.offset, count: chunkBytes, path: path)
      cursor.offset += Int64(chunk.count)
      return chunk.isEmpty ? nil : chunk
    }
  }

  private func closeDescriptor() {
    cursor.withLock { cursor in
      if cursor.descriptor >= 0 { Glibc.close(cursor.descriptor) }
      cursor.descriptor = -1
    }
  }
}
