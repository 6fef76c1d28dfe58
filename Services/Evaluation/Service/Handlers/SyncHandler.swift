import API
import RPC
import ServiceKit
import Storage

/// Takes what Catalog says of use cases.
struct SyncHandler: EvaluationEvaluationSyncService {
  let database: Database

  func syncUseCase(
    _ request: CatalogSyncUseCaseRequest, context: ServerContext
  ) async throws -> CatalogSyncUseCaseResponse {
    try context.requireService("catalog")
    guard let snapshot = request.snapshot, !snapshot.id.isEmpty, !snapshot.tenant.isEmpty else {
      throw RPCError.invalidField("snapshot", "is missing, or has no id or tenant")
    }
    guard snapshot.version > 0 else {
      throw RPCError.invalidField("snapshot.version", "is \(snapshot.version); expected 1 or more")
    }
    let version = try await database.write { try UseCaseTable.upsert($0, snapshot) }
    return CatalogSyncUseCaseResponse(version: version)
  }
}
