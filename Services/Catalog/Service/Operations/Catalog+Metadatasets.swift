import API
import CatalogDomain
import Identity
import RPC
import Storage

// References to ingested datasets.

extension Catalog {
  /// Asks Evaluation what the dataset is, as the caller, and keeps the summary.
  func registerMetadataset(
    _ request: CatalogRegisterMetadatasetRequest, _ scope: TenantScope, _ options: CallOptions
  ) async throws -> CatalogMetadataset {
    let purpose = try Purpose.parse(request.purpose)
    guard !request.datasetId.isEmpty, request.datasetId.utf8.count <= 100 else {
      throw CatalogError.invalid("dataset_id", "is missing: ingest a dataset and pass its id")
    }
    let dataset = try await peers.dataset(
      EvaluationGetDatasetRequest(id: request.datasetId), options)
    guard dataset.tenant == scope.tenant, let task = try UseCaseTask.parse(dataset.task) else {
      throw CatalogError.notFound(kind: "dataset", name: request.datasetId)
    }
    let name = try Self.metadatasetName(request.name, dataset)
    let id = newID("mds")
    return try await commit { [clock] tx in
      if let same = try tx.metadataset(named: name, purpose, of: dataset.id, in: scope) {
        return Outcome(value: same.wire)
      }
      let metadataset = Metadataset(
        id: id, tenant: scope.tenant, name: name, purpose: purpose, task: task,
        datasetID: dataset.id, rowCount: dataset.rowCount, columns: dataset.columns,
        classCounts: dataset.classCounts.dictionary, sha256: dataset.sha256,
        createTime: clock.now())
      try tx.insert(metadataset)
      return Outcome(value: metadataset.wire)
    }
  }

  /// The name given, or the dataset's own.
  private static func metadatasetName(
    _ given: String, _ dataset: EvaluationDataset
  ) throws(CatalogError) -> String {
    let trimmed = TextRules.trimmed(given)
    let name = trimmed.isEmpty ? TextRules.trimmed(dataset.name) : trimmed
    guard !name.isEmpty else { throw .invalid("name", "is missing") }
    if let fault = TextRules.fault(
      inLine: name, maximumCharacters: CatalogLimits.maximumNameCharacters)
    {
      throw .invalid("name", fault)
    }
    return name
  }

  func getMetadataset(
    _ request: CatalogGetMetadatasetRequest, _ scope: TenantScope
  ) async throws -> CatalogMetadataset {
    let now = clock.now()
    return try await database.read { db in
      try db.metadataset(request.id, seenBy: scope, now: now).wire
    }
  }

  func listMetadatasets(
    _ request: CatalogListMetadatasetsRequest, _ scope: TenantScope
  ) async throws -> CatalogListMetadatasetsResponse {
    let binding = PageTokens.Binding(
      list: "metadatasets", tenant: scope.tenant, user: scope.user)
    let count = try PageSize.checked(request.pageSize)
    let position = try pageTokens.position(of: request.pageToken, binding)
    let found = try await database.read { db in
      try db.metadatasets(of: scope, after: position, count: count)
    }
    var response = CatalogListMetadatasetsResponse()
    response.metadatasets = found.prefix(count).map(\.wire)
    if found.count > count {
      let last = found[count - 1]
      response.nextPageToken = pageTokens.token(
        for: PagePosition(order: last.createTime, id: last.id), binding)
    }
    return response
  }
}
