import Crypto
import Storage

/// Contents that a worker has fetched, by hash, on its own disk; at the bound the least recently
/// used go. What is in use stays.
actor BlobCache {
  private struct Entry {
    var bytes: Int64
    var lastUse: Int
    /// Found on disk at the start: read again and compared with its hash before its first use.
    var isVerified: Bool
  }

  private let store: BlobStore
  private let maximumBytes: Int64
  private var entries: [Digest: Entry] = [:]
  /// How many hold, or wait for, a content: those are never removed.
  private var users: [Digest: Int] = [:]
  private var fetching: [Digest: Task<Blob, any Error>] = [:]
  private var uses = 0

  /// Opens a cache over the contents that are in the store already.
  init(store: BlobStore, maximumBytes: Int64) async throws {
    self.store = store
    self.maximumBytes = maximumBytes
    for digest in try await store.list() {
      guard let bytes = try await store.size(digest) else { continue }
      entries[digest] = Entry(bytes: bytes, lastUse: 0, isVerified: false)
    }
  }

  /// Hashes of all contents at hand.
  var digests: [Digest] { entries.keys.sorted() }

  /// A content for as long as `body` runs, fetched by `fetch` if it is not at hand.
  ///
  /// - Throws: `StorageError.blobCorrupt` if what was fetched has another hash, `.blobTooLarge` if
  ///   it exceeds the cache.
  func with<Result: Sendable>(
    _ digest: Digest, fetch: @escaping @Sendable (BlobWriter) async throws -> Void,
    body: @Sendable (_ path: String, _ bytes: Int64) async throws -> Result
  ) async throws -> Result {
    users[digest, default: 0] += 1
    do {
      let bytes = try await acquire(digest, fetch)
      let result = try await body(store.path(of: digest), bytes)
      await release(digest)
      return result
    } catch {
      await release(digest)
      throw error
    }
  }

  /// Forgets a content that will not be asked for again, unless it is in use.
  func remove(_ digest: Digest) async {
    guard entries[digest] != nil, users[digest] == nil else { return }
    entries[digest] = nil
    // A file that cannot be removed now is found, and bounded, at the next start.
    try? await store.remove(digest)
  }

  private func acquire(
    _ digest: Digest, _ fetch: @escaping @Sendable (BlobWriter) async throws -> Void
  ) async throws -> Int64 {
    uses += 1
    let use = uses
    if let bytes = try await existing(digest, use) { return bytes }
    let blob = try await fetched(digest, fetch)
    entries[digest] = Entry(bytes: blob.byteCount, lastUse: use, isVerified: true)
    await evict()
    return blob.byteCount
  }

  private func existing(_ digest: Digest, _ use: Int) async throws -> Int64? {
    guard var entry = entries[digest] else { return nil }
    entry.lastUse = use
    entries[digest] = entry
    if entry.isVerified { return entry.bytes }
    do {
      try await store.verify(digest)
      entries[digest]?.isVerified = true
      return entry.bytes
    } catch is StorageError {
      // Damaged on disk: fetched anew.
      entries[digest] = nil
      try? await store.remove(digest)
      return nil
    }
  }

  /// Fetches once, however many ask at a time.
  private func fetched(
    _ digest: Digest, _ fetch: @escaping @Sendable (BlobWriter) async throws -> Void
  ) async throws -> Blob {
    if let task = fetching[digest] { return try await task.value }
    let (store, maximumBytes) = (store, maximumBytes)
    let task = Task {
      let writer = try await store.makeWriter(maximumBytes: maximumBytes)
      do {
        try await fetch(writer)
        let blob = try await writer.finish()
        guard blob.digest == digest else {
          try await store.remove(blob.digest)
          throw StorageError.blobCorrupt(digest)
        }
        return blob
      } catch {
        await writer.abandon()
        throw error
      }
    }
    fetching[digest] = task
    defer { fetching[digest] = nil }
    return try await task.value
  }

  private func release(_ digest: Digest) async {
    let left = (users[digest] ?? 1) - 1
    users[digest] = left > 0 ? left : nil
    await evict()
  }

  private func evict() async {
    while entries.values.reduce(0, { $0 + $1.bytes }) > maximumBytes {
      let idle = entries.filter { users[$0.key] == nil }
      guard let oldest = idle.min(by: { $0.value.lastUse < $1.value.lastUse }) else { return }
      await remove(oldest.key)
    }
  }
}
