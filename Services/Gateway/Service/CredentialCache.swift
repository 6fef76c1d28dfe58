import Crypto
import Identity
import Synchronization

/// Who was authenticated, and the signed principal for calls onward.
struct Authenticated: Sendable {
  let principal: Principal
  /// A serialized SignedPrincipal.
  let signed: [UInt8]
}

/// Authenticated callers by the hash of their credential, for a minute at most.
///
/// A revocation forgets the key's entries at once. A reader that looked the key up before the
/// revocation brings an older generation and is not let in.
final class CredentialCache: Sendable {
  static let capacity = 10_000
  static let lifetimeMilliseconds: Int64 = 60_000

  private struct Entry {
    let value: Authenticated
    let validFrom: Int64
    let validUntil: Int64
  }

  private struct State {
    var entries: [Digest: Entry] = [:]
    var generation = 0
  }

  private let state = Mutex(State())

  /// To be taken before the database is read, and given to `insert`.
  var generation: Int { state.withLock { $0.generation } }

  func find(_ credential: Digest, now: Int64) -> Authenticated? {
    state.withLock { state in
      guard let entry = state.entries[credential] else { return nil }
      guard entry.validFrom <= now, now < entry.validUntil else {
        state.entries[credential] = nil
        return nil
      }
      return entry.value
    }
  }

  func insert(
    _ value: Authenticated, for credential: Digest, now: Int64, validUntil: Int64,
    generation: Int
  ) {
    state.withLock { state in
      guard state.generation == generation else { return }
      if state.entries.count >= CredentialCache.capacity { state.entries.removeAll() }
      state.entries[credential] = Entry(
        value: value, validFrom: now,
        validUntil: min(validUntil, now + CredentialCache.lifetimeMilliseconds))
    }
  }

  func forget(keyID: String) {
    state.withLock { state in
      state.generation += 1
      state.entries = state.entries.filter { $0.value.value.principal.keyID != keyID }
    }
  }
}
