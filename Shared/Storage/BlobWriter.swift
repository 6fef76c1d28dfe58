import Crypto
import Foundation
import Synchronization

/// A content on its way into a blob store.
///
/// One task appends at a time. A writer that is let go of without `finish` leaves nothing behind.
public final class BlobWriter: Sendable {
  private let store: BlobStore
  private let file: TemporaryFile
  private let maximumBytes: Int64
  private let appended = Atomic<Int64>(0)

  init(store: BlobStore, file: TemporaryFile, maximumBytes: Int64) {
    self.store = store
    self.file = file
    self.maximumBytes = maximumBytes
  }

  deinit { discard() }

  /// Bytes appended so far.
  public var byteCount: Int64 { appended.load(ordering: .acquiring) }

  /// Appends `bytes`. At the limit the content is abandoned and `StorageError.blobTooLarge` thrown.
  public func append(_ bytes: [UInt8]) async throws {
    guard byteCount + Int64(bytes.count) <= maximumBytes else {
      await abandon()
      throw StorageError.blobTooLarge(limit: maximumBytes)
    }
    let total = try await store.files.run { [file] _ in try file.append(bytes) }
    appended.store(total, ordering: .releasing)
  }

  /// Flushes the content and gives it its name; once this returns it outlives a power cut.
  public func finish() async throws -> Blob {
    try await store.files.run { [file, store] _ in
      try file.finish { path, digest in try store.adopt(path, as: digest) }
    }
  }

  /// Removes what was appended. Does nothing after `finish`.
  public func abandon() async {
    await withCheckedContinuation { continuation in
      discard { continuation.resume() }
    }
  }

  /// Removes the temporary file on a storage thread. Cannot be cancelled, unlike other work: the
  /// task that gives up a content is often a cancelled one.
  private func discard(_ then: @escaping @Sendable () -> Void = {}) {
    let removal = Pending<Void, Void> { [file] _ in file.discard() }
    guard removal.wait({ _ in then() }) else { return }
    do {
      try store.files.submit(removal)
    } catch {
      // The queue is full or closed: two quick system calls are done here rather than never.
      file.discard()
      removal.finish(error)
    }
  }
}

/// A file under a temporary name, with the running hash of what was written to it.
///
/// Its methods block, and run on storage threads.
final class TemporaryFile: Sendable {
  private struct Content: ~Copyable {
    var descriptor: Int32
    var hasher = SHA256Hasher()
    var byteCount: Int64 = 0
  }

  private let path: String
  private let content: Mutex<Content>

  init(path: String) throws {
    self.path = path
    let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw FileSystem.error("create", path) }
    content = Mutex(Content(descriptor: descriptor))
  }

  /// Appends and returns the length so far.
  func append(_ bytes: [UInt8]) throws -> Int64 {
    try content.withLock { content in
      guard content.descriptor >= 0 else { throw StorageError.blobClosed }
      do {
        try FileSystem.writeAll(content.descriptor, bytes, path: path)
      } catch {
        // A part may have been written, so the hash no longer fits: the content is lost.
        close(&content, removing: true)
        throw error
      }
      content.hasher.update(bytes)
      content.byteCount += Int64(bytes.count)
      return content.byteCount
    }
  }

  /// Flushes, and hands path and digest to `adopt`, which moves the file away.
  func finish(_ adopt: (String, Digest) throws -> Void) throws -> Blob {
    try content.withLock { content in
      guard content.descriptor >= 0 else { throw StorageError.blobClosed }
      do {
        guard fsync(content.descriptor) == 0 else { throw FileSystem.error("fsync", path) }
        let digest = content.hasher.finalize()
        try adopt(path, digest)
        close(&content, removing: false)
        return Blob(digest: digest, byteCount: content.byteCount)
      } catch {
        close(&content, removing: true)
        throw error
      }
    }
  }

  /// Removes the file unless it was finished.
  func discard() {
    content.withLock { content in
      if content.descriptor >= 0 { close(&content, removing: true) }
    }
  }

  private func close(_ content: inout Content, removing: Bool) {
    Glibc.close(content.descriptor)
    content.descriptor = -1
    if removing { unlink(path) }
  }
}
