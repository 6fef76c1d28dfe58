import Crypto
import RPC
import Storage
import Synchronization

/// Removes contents that turned out not to be wanted, but never one that another upload of the same
/// bytes is about to refer to.
///
/// A content is pinned from the moment that it has its name until the transaction that refers to it
/// is committed or the upload has failed.
final class BlobPins: Sendable {
  private struct State {
    var pins: [Digest: Int] = [:]
    var removing: Set<Digest> = []
  }

  private let state = Mutex(State())
  private let database: Database
  private let blobs: BlobStore

  init(database: Database, blobs: BlobStore) {
    self.database = database
    self.blobs = blobs
  }

  /// Keeps a finished content.
  ///
  /// - Throws: UNAVAILABLE if the same bytes are being removed at this instant.
  func pin(_ digest: Digest) async throws {
    let isRemoving = state.withLock { state in
      state.pins[digest, default: 0] += 1
      return state.removing.contains(digest)
    }
    if !isRemoving, try await blobs.size(digest) != nil { return }
    drop(digest)
    throw RPCError.unavailable("the same file was being discarded at this moment; send it again")
  }

  /// Lets go of a content, and removes it if nothing refers to it.
  func release(_ digest: Digest) async {
    guard drop(digest) else { return }
    do {
      if try await database.read({ try BlobReferences.exist($0, to: digest) }) { return }
      let mayRemove = state.withLock { state in
        state.pins[digest] == nil && state.removing.insert(digest).inserted
      }
      guard mayRemove else { return }
      defer { state.withLock { _ = $0.removing.remove(digest) } }
      // A reference may have been committed since the first look; none can be from now on.
      if try await database.read({ try BlobReferences.exist($0, to: digest) }) { return }
      try await blobs.remove(digest)
    } catch {
      // It stays as an orphan, and the next start removes it.
    }
  }

  /// - Returns: whether that was the last pin.
  @discardableResult
  private func drop(_ digest: Digest) -> Bool {
    state.withLock { state in
      guard let count = state.pins[digest], count > 1 else {
        state.pins[digest] = nil
        return true
      }
      state.pins[digest] = count - 1
      return false
    }
  }

  /// Removes every content that nothing refers to. Only before the service takes calls.
  func removeOrphans() async throws -> Int {
    var removed = 0
    for digest in try await blobs.list()
    where try await !database.read({ try BlobReferences.exist($0, to: digest) }) {
      try await blobs.remove(digest)
      removed += 1
    }
    return removed
  }
}
