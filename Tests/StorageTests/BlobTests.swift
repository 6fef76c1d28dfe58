import Crypto
import Foundation
import Storage
import Testing

@Suite("Blob store", .timeLimit(.minutes(1)))
struct BlobTests {
  private let folder: TemporaryFolder
  private let store: BlobStore

  init() throws {
    folder = try TemporaryFolder()
    store = try BlobStore(directory: folder.file("blobs"))
  }

  private var temporaries: [String] {
    get throws {
      try FileManager.default.contentsOfDirectory(atPath: folder.file("blobs/temporary"))
    }
  }

  @Test("a content streamed in pieces is found by its SHA-256 and read in pieces")
  func streaming() async throws {
    let content = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    let writer = try await store.makeWriter(maximumBytes: 100_000)
    for start in stride(from: 0, to: content.count, by: 30_000) {
      try await writer.append(Array(content[start..<min(start + 30_000, content.count)]))
    }
    #expect(writer.byteCount == 100_000)
    let blob = try await writer.finish()
    #expect(blob == Blob(digest: SHA256.hash(content), byteCount: 100_000))
    let hex = blob.digest.hex
    let expected = "blobs/\(hex.prefix(2))/\(hex.dropFirst(2).prefix(2))/\(hex)"
    #expect(FileManager.default.fileExists(atPath: folder.file(expected)))

    let reader = try await store.open(blob.digest, chunkBytes: 33_333)
    #expect(reader.byteCount == 100_000)
    var pieces: [[UInt8]] = []
    while let piece = try await reader.next() { pieces.append(piece) }
    #expect(pieces.map(\.count) == [33_333, 33_333, 33_333, 1])
    #expect(Array(pieces.joined()) == content)
    #expect(try await reader.read(at: 99_990, count: 50) == Array(content.suffix(10)))
    #expect(try temporaries.isEmpty)
  }

  @Test("the same content twice is stored once")
  func sameContent() async throws {
    let first = try await store.put([1, 2, 3])
    #expect(try await store.put([1, 2, 3]) == first)
    #expect(try await store.list() == [first])
    #expect(try await store.read(first, maximumBytes: 3) == [1, 2, 3])
    #expect(try await store.size(first) == 3)
  }

  @Test("an empty content is a content")
  func emptyContent() async throws {
    let digest = try await store.put([])
    #expect(digest == SHA256.hash([UInt8]()))
    #expect(try await store.read(digest, maximumBytes: 0) == [])
    try await store.verify(digest)
  }

  @Test("a content over the limit is refused and leaves nothing behind")
  func limit() async throws {
    let writer = try await store.makeWriter(maximumBytes: 10)
    try await writer.append([UInt8](repeating: 1, count: 10))
    await #expect(throws: StorageError.blobTooLarge(limit: 10)) { try await writer.append([1]) }
    await #expect(throws: StorageError.blobClosed) { try await writer.finish() }
    #expect(try temporaries.isEmpty)
    let digest = try await store.put([1, 2, 3])
    await #expect(throws: StorageError.blobTooLarge(limit: 2)) {
      try await store.read(digest, maximumBytes: 2)
    }
  }

  @Test("an abandoned content leaves nothing behind, even from a cancelled task")
  func abandon() async throws {
    let writer = try await store.makeWriter(maximumBytes: 10)
    try await writer.append([1])
    #expect(try temporaries.count == 1)
    let task = Task {
      withUnsafeCurrentTask { $0?.cancel() }
      await writer.abandon()
    }
    await task.value
    #expect(try temporaries.isEmpty)
    await #expect(throws: StorageError.blobClosed) { try await writer.append([1]) }
  }

  @Test("a writer that is let go of removes its file")
  func droppedWriter() async throws {
    do {
      let writer = try await store.makeWriter(maximumBytes: 10)
      try await writer.append([1])
    }
    // Both threads serve in order of arrival, so two calls later the removal has begun.
    while try !temporaries.isEmpty { _ = try await store.size(.zero) }
  }

  @Test("what an earlier process left unfinished is removed at opening")
  func leftovers() async throws {
    let digest = try await store.put([9])
    try "half".write(
      toFile: folder.file("blobs/temporary/left"), atomically: false, encoding: .utf8)
    let again = try BlobStore(directory: folder.file("blobs"))
    #expect(try temporaries.isEmpty)
    #expect(try await again.read(digest, maximumBytes: 1) == [9])
  }

  @Test("a damaged content is detected, and mended by storing it again")
  func damage() async throws {
    let digest = try await store.put([1, 2, 3])
    try await store.verify(digest)
    try "abc".write(toFile: store.path(of: digest), atomically: false, encoding: .utf8)
    await #expect(throws: StorageError.blobCorrupt(digest)) { try await store.verify(digest) }
    _ = try await store.put([1, 2, 3])
    try await store.verify(digest)
  }

  @Test("a content that is not there is a typed error, and can be removed twice")
  func missing() async throws {
    let digest = try await store.put([1])
    try await store.remove(digest)
    try await store.remove(digest)
    #expect(try await store.size(digest) == nil)
    await #expect(throws: StorageError.blobNotFound(digest)) { try await store.open(digest) }
    await #expect(throws: StorageError.blobNotFound(digest)) { try await store.verify(digest) }
  }

  @Test("a folder that cannot be made is refused with its path")
  func unusableFolder() throws {
    try "x".write(toFile: folder.file("file"), atomically: false, encoding: .utf8)
    #expect(throws: StorageError.self) { try BlobStore(directory: folder.file("file/blobs")) }
    #expect(throws: StorageError.self) { try BlobStore(directory: folder.file("file")) }
  }
}
