import CatalogDomain
import Synchronization

/// Bounds the memory of uploads: each under way may hold a whole file until it is checked.
final class UploadSlots: Sendable {
  /// At once in the whole service, and for one tenant, so that none takes all.
  static let maximum = 8
  static let maximumPerTenant = 2

  private let taken = Mutex<[String: Int]>([:])

  /// Runs `body` while holding a slot. Throws `CatalogRefusal.busy` when there is none.
  func withSlot<Value>(
    of tenant: String, _ body: () async throws -> Value
  ) async throws -> Value {
    try taken.withLock { taken in
      let own = taken[tenant, default: 0]
      let all = taken.values.reduce(0, +)
      guard own < Self.maximumPerTenant else {
        throw Self.refusal("uploads of one tenant", Self.maximumPerTenant, own)
      }
      guard all < Self.maximum else { throw Self.refusal("uploads", Self.maximum, all) }
      taken[tenant] = own + 1
    }
    defer {
      taken.withLock { taken in
        let rest = taken[tenant, default: 1] - 1
        taken[tenant] = rest > 0 ? rest : nil
      }
    }
    return try await body()
  }

  private static func refusal(_ name: String, _ limit: Int, _ taken: Int) -> CatalogRefusal {
    .busy(LimitReached(name: name, limit: Int64(limit), actual: Int64(taken) + 1))
  }
}
