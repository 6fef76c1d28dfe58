import API
import Crypto
import Identity
import Metrics
import RPC
import ServiceKit
import Storage

/// Takes datasets in and tells what they are; their rows never leave.
struct DatasetsHandler: EvaluationDatasetsService {
  let database: Database
  let clock: WallClock
  let uploads: UploadReceiver
  let truths: TruthStore
  let limit: UploadLimit

  func ingestDataset(
    _ requests: MessageReader<EvaluationIngestDatasetRequest>, context: ServerContext
  ) async throws -> EvaluationDataset {
    let scope = try context.scope()
    let header = try await header(requests)
    guard let task = MetricTask(header.task) else {
      throw RPCError.invalidField(
        "task", "\(header.task) is not a task; expected one of the ten of the catalogue")
    }
    return try await uploads.receive(
      limit: limit, next: { try await chunk(requests) },
      use: { blob in
        let dataset = try await truths.readDataset(
          blob, fileName: header.fileName, task: task, classes: header.classes)
        let now = clock.now()
        let summary = dataset.summary(
          id: Identifier.make(prefix: "dat"), tenant: scope.tenant, name: header.name,
          task: header.task, blob: blob, createTime: now)
        try await database.write { tx in
          try DatasetTable.insert(tx, summary, sha256: blob.digest, createTime: now)
        }
        return summary
      })
  }

  private func header(
    _ requests: MessageReader<EvaluationIngestDatasetRequest>
  ) async throws -> EvaluationIngestDatasetRequest.Header {
    guard case .header(let header)? = try await requests.next()?.part else {
      throw RPCError.invalidArgument("the first message of an upload must be its header")
    }
    guard !header.name.isEmpty else {
      throw RPCError.invalidField("name", "is empty; expected a name for the dataset")
    }
    try TextLimit.check("name", header.name, atMost: TextLimit.name)
    try TextLimit.check("file_name", header.fileName, atMost: TextLimit.fileName)
    return header
  }

  private func chunk(
    _ requests: MessageReader<EvaluationIngestDatasetRequest>
  ) async throws -> [UInt8]? {
    guard let message = try await requests.next() else { return nil }
    guard case .chunk(let bytes)? = message.part else {
      throw RPCError.invalidArgument("the header is sent once; only chunks may follow it")
    }
    return bytes
  }

  func getDataset(
    _ request: EvaluationGetDatasetRequest, context: ServerContext
  ) async throws -> EvaluationDataset {
    let scope = try context.scope()
    let found = try await database.read { try DatasetTable.find($0, id: request.id, scope: scope) }
    guard let found else { throw RPCError.notFound("dataset", request.id) }
    return found.summary
  }

  func listDatasets(
    _ request: EvaluationListDatasetsRequest, context: ServerContext
  ) async throws -> EvaluationListDatasetsResponse {
    let scope = try context.scope()
    let page = try PageToken(size: request.pageSize, token: request.pageToken)
    let rows = try await database.read { try DatasetTable.list($0, scope: scope, page: page) }
    let (shown, next) = page.page(rows, sequence: \.sequence)
    return EvaluationListDatasetsResponse(datasets: shown.map(\.summary), nextPageToken: next)
  }
}
