import Crypto
import Foundation

/// A stored content: its name and its length.
public struct Blob: Sendable, Hashable {
  /// SHA-256 of the content, by which it is found.
  public let digest: Digest
  /// Length in bytes.
  public let byteCount: Int64

  public init(digest: Digest, byteCount: Int64) {
    self.digest = digest
    self.byteCount = byteCount
  }
}

/// Files named by the SHA-256 of their content, in a folder that one process writes to.
///
/// A content is streamed into `temporary/`, flushed, and then renamed to `ab/cd/<64 digits>`, so a
/// file of such a name is whole, and is never changed again. The same content twice is one file.
/// All input and output runs on the store's own threads.
public final class BlobStore: Sendable {
  /// The folder of the store.
  public let directory: String

  let files: WorkQueue<Void>

  /// Opens the store in `directory`, makes the folder if need be, and removes what an earlier
  /// process left unfinished.
  ///
  /// - Parameters:
  ///   - threads: how many reads and writes may go on at one time.
  ///   - maximumWaiting: calls that may wait before `StorageError.overloaded`.
  ///   - keepsUnfinished: for a tool beside the running service, whose uploads it must not touch.
  public init(
    directory: String, threads: Int = 2, maximumWaiting: Int = 10_000, keepsUnfinished: Bool = false
  ) throws {
    self.directory = directory
    files = WorkQueue(name: "blob", limit: maximumWaiting)
    try FileSystem.makeFolder(directory)
    try FileSystem.makeFolder(temporaryDirectory)
    let unfinished = try FileManager.default.contentsOfDirectory(atPath: temporaryDirectory)
    for name in unfinished where !keepsUnfinished {
      unlink("\(temporaryDirectory)/\(name)")
    }
    let files = files
    for _ in 0..<max(1, threads) {
      StorageThread.start(name: "storage-blob") {
        while let work = files.take(limit: 1).first {
          guard work.claim() else { continue }
          let result = Result { try work.perform(()) }
          switch result {
          case .success: work.finish(nil)
          case .failure(let error): work.finish(error)
          }
        }
      }
    }
  }

  deinit { files.close() }

  private var temporaryDirectory: String { "\(directory)/temporary" }

  /// Where the content of `digest` lies or would lie; for mapping the finished, immutable file.
  public func path(of digest: Digest) -> String {
    let hex = digest.hex
    return "\(directory)/\(hex.prefix(2))/\(hex.dropFirst(2).prefix(2))/\(hex)"
  }

  // MARK: Writing

  /// Begins a content that may grow to `maximumBytes`.
  public func makeWriter(maximumBytes: Int64) async throws -> BlobWriter {
    let path = "\(temporaryDirectory)/\(Base32.encode(SecureRandom.bytes(10)))"
    return try await files.run { [self] _ in
      BlobWriter(
        store: self, file: try TemporaryFile(path: path), maximumBytes: maximumBytes)
    }
  }

  /// Stores a content that is in memory.
  public func put(_ bytes: [UInt8]) async throws -> Digest {
    let writer = try await makeWriter(maximumBytes: Int64(bytes.count))
    try await writer.append(bytes)
    return try await writer.finish().digest
  }

  /// Moves a finished temporary file to where its digest belongs. Runs on a storage thread.
  func adopt(_ temporaryPath: String, as digest: Digest) throws {
    let destination = path(of: digest)
    let second = (destination as NSString).deletingLastPathComponent
    try FileSystem.makeFolder((second as NSString).deletingLastPathComponent)
    try FileSystem.makeFolder(second)
    // Over an older copy too: it has the same bytes, or is damaged and thereby mended.
    try FileSystem.rename(temporaryPath, to: destination)
  }

  /// Removes a content, if it is stored.
  public func remove(_ digest: Digest) async throws {
    let path = path(of: digest)
    try await files.run { _ in
      guard unlink(path) == 0 || errno == ENOENT else { throw FileSystem.error("unlink", path) }
    }
  }

  // MARK: Reading

  /// Opens a content for reading in pieces of `chunkBytes`.
  public func open(_ digest: Digest, chunkBytes: Int = 262_144) async throws -> BlobReader {
    try await files.run { [self] _ in
      try BlobReader(
        files: files, path: path(of: digest), digest: digest, chunkBytes: max(1, chunkBytes))
    }
  }

  /// A whole content; throws `StorageError.blobTooLarge` when it is longer than `maximumBytes`.
  public func read(_ digest: Digest, maximumBytes: Int64) async throws -> [UInt8] {
    let reader = try await open(digest)
    guard reader.byteCount <= maximumBytes else {
      throw StorageError.blobTooLarge(limit: maximumBytes)
    }
    return try await reader.read(at: 0, count: Int(reader.byteCount))
  }

  /// The length of a content in bytes, or `nil` when it is not stored.
  public func size(_ digest: Digest) async throws -> Int64? {
    let path = path(of: digest)
    return try await files.run { _ in
      var status = stat()
      if stat(path, &status) == 0 { return Int64(status.st_size) }
      guard errno == ENOENT else { throw FileSystem.error("stat", path) }
      return nil
    }
  }

  /// Reads a content through and throws `StorageError.blobCorrupt` unless it is what it was.
  public func verify(_ digest: Digest) async throws {
    let path = path(of: digest)
    try await files.run { [files] _ in
      let reader = try BlobReader(files: files, path: path, digest: digest, chunkBytes: 262_144)
      var hasher = SHA256Hasher()
      while let chunk = try reader.nextChunk() { hasher.update(chunk) }
      guard hasher.finalize() == digest else { throw StorageError.blobCorrupt(digest) }
    }
  }

  /// All digests that are stored, in no order.
  public func list() async throws -> [Digest] {
    let directory = directory
    return try await files.run { _ in
      let names = FileManager.default.enumerator(atPath: directory)?.compactMap { $0 as? String }
      return (names ?? []).compactMap { name in
        Digest(hex: (name as NSString).lastPathComponent)
      }
    }
  }
}
