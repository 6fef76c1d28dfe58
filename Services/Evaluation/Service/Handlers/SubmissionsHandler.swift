import API
import Crypto
import EvaluationDomain
import Identity
import Metrics
import RPC
import ServiceKit
import Storage

/// Takes submissions and shows how they stand.
struct SubmissionsHandler: EvaluationSubmissionsService {
  let database: Database
  let clock: WallClock
  let uploads: UploadReceiver
  let truths: TruthStore
  let limit: UploadLimit
  let changes: ChangeHub
  let queuePolicy: QueuePolicy

  // MARK: Submit

  func submit(
    _ requests: MessageReader<EvaluationSubmitRequest>, context: ServerContext
  ) async throws -> EvaluationSubmitResponse {
    let scope = try context.scope()
    let header = try await header(requests)
    let target = try await admit(header, scope)
    return try await uploads.receive(
      limit: limit, next: { try await chunk(requests) },
      use: { blob in
        // A submission is in when its last byte is: what follows is our time, not the sender's.
        let submitTime = clock.now()
        if let earlier = target.earlier {
          return try await repeated(earlier, blob, header, target, scope)
        }
        return try await take(blob, header, target, scope, submitTime)
      })
  }

  private func header(
    _ requests: MessageReader<EvaluationSubmitRequest>
  ) async throws -> EvaluationSubmitRequest.Header {
    guard case .header(let header)? = try await requests.next()?.part else {
      throw RPCError.invalidArgument("the first message of an upload must be its header")
    }
    try TextLimit.check("note", header.note, atMost: TextLimit.note)
    try TextLimit.check("file_name", header.fileName, atMost: TextLimit.fileName)
    try TextLimit.check(
      "idempotency_key", header.idempotencyKey, atMost: TextLimit.idempotencyKey)
    return header
  }

  private func chunk(_ requests: MessageReader<EvaluationSubmitRequest>) async throws -> [UInt8]? {
    guard let message = try await requests.next() else { return nil }
    guard case .chunk(let bytes)? = message.part else {
      throw RPCError.invalidArgument("the header is sent once; only chunks may follow it")
    }
    return bytes
  }

  /// Refuses, before a byte is uploaded, what would be refused after it.
  private func admit(
    _ header: EvaluationSubmitRequest.Header, _ scope: TenantScope
  ) async throws -> SubmissionTarget {
    let now = clock.now()
    return try await database.read { db in
      let target = try SubmissionTarget.find(db, header, scope)
      if target.earlier == nil { try target.checkOpen(db, now: now) }
      return target
    }
  }

  /// Checks the file against the truth, then takes the slot and queues it, in one transaction.
  private func take(
    _ blob: Blob, _ header: EvaluationSubmitRequest.Header, _ target: SubmissionTarget,
    _ scope: TenantScope, _ submitTime: Int64
  ) async throws -> EvaluationSubmitResponse {
    let useCase = target.useCase
    let metric = try useCase.catalogueMetric()
    let (dataset, history) = try await datasets(useCase)
    let rowCount = try await truths.checkSubmission(
      blob, fileName: header.fileName, dataset: dataset, metric: metric,
      parameters: useCase.metric.parameters.dictionary)
    let new = NewSubmission(
      id: Identifier.make(prefix: "sub"), evaluationID: Identifier.make(prefix: "evl"),
      participant: target.participant, header: header, blob: blob, rowCount: rowCount,
      submitTime: submitTime, dataset: dataset, history: history,
      metricVersion: metric.version)
    return try await database.write { tx in
      // Everything may have changed during the upload: this look is the one that counts.
      let target = try SubmissionTarget.find(tx, header, scope)
      if let earlier = target.earlier { return try respond(tx, earlier, blob, target, scope) }
      try target.checkOpen(tx, now: submitTime)
      guard target.useCase.testDatasetID == useCase.testDatasetID,
        target.useCase.metric == useCase.metric
      else {
        throw RPCError.aborted("the organiser changed the use case during the upload; submit again")
      }
      try SubmissionTable.insert(tx, new, in: target.useCase, scope: scope)
      tx.afterCommit {
        changes.changed(.jobs)
        changes.placesMoved()
      }
      return try answer(tx, submission: new.id, target, scope, now: submitTime)
    }
  }

  private func datasets(
    _ useCase: StoredUseCase
  ) async throws -> (test: StoredDataset, history: StoredDataset?) {
    let (test, history) = try await database.read { db in
      (
        try DatasetTable.find(db, testDatasetOf: useCase),
        try DatasetTable.find(db, historyOf: useCase)
      )
    }
    if let test { return (test, history) }
    throw RPCError.failedPrecondition(
      "the use case's test dataset is not here; its organiser must ingest it again")
  }

  /// The same key again: the same submission if it is the same file.
  private func repeated(
    _ earlier: StoredSubmission, _ blob: Blob, _ header: EvaluationSubmitRequest.Header,
    _ target: SubmissionTarget, _ scope: TenantScope
  ) async throws -> EvaluationSubmitResponse {
    try await database.read { try respond($0, earlier, blob, target, scope) }
  }

  private func respond(
    _ db: Reader, _ earlier: StoredSubmission, _ blob: Blob, _ target: SubmissionTarget,
    _ scope: TenantScope
  ) throws -> EvaluationSubmitResponse {
    guard earlier.sha256 == blob.digest else {
      throw RPCError.alreadyExists(
        "submission with this idempotency key, of another file", earlier.message.id)
    }
    return try answer(
      db, submission: earlier.message.id, target, scope, now: clock.now())
  }

  private func answer(
    _ db: Reader, submission: String, _ target: SubmissionTarget, _ scope: TenantScope, now: Int64
  ) throws -> EvaluationSubmitResponse {
    let usage = try target.usage(db, now: now)
    let allowance = target.useCase.rules.limits.allowance(used: usage, now: now)
    let stored = try SubmissionTable.find(db, id: submission, scope: scope)
    return EvaluationSubmitResponse(
      submission: try stored.map { try placed(db, [$0])[0] },
      allowance: EvaluationSubmissionAllowance(allowance))
  }

  // MARK: Reading

  func getSubmission(
    _ request: EvaluationGetSubmissionRequest, context: ServerContext
  ) async throws -> EvaluationSubmission {
    try await current(request.id, try context.scope())
  }

  func listSubmissions(
    _ request: EvaluationListSubmissionsRequest, context: ServerContext
  ) async throws -> EvaluationListSubmissionsResponse {
    let scope = try context.scope()
    let page = try PageToken(size: request.pageSize, token: request.pageToken)
    return try await database.read { db in
      let visible = try UseCaseTable.find(db, id: request.useCaseId, scope: scope)
      let participant: String?
      switch visible?.relation {
      case .staff: participant = nil
      case .member(let own): participant = own
      case .visitor, nil: throw RPCError.notFound("use case", request.useCaseId)
      }
      let rows = try SubmissionTable.list(
        db, useCase: request.useCaseId, participant: participant, page: page)
      let (shown, next) = page.page(rows, sequence: \.sequence)
      return EvaluationListSubmissionsResponse(
        submissions: try placed(db, shown), nextPageToken: next)
    }
  }

  func watchSubmission(
    _ request: EvaluationWatchSubmissionRequest,
    responses: MessageWriter<EvaluationSubmission>, context: ServerContext
  ) async throws {
    let scope = try context.scope()
    var last: EvaluationSubmission?
    for await _ in changes.changes(of: .submission(request.id), .places) {
      let now = try await current(request.id, scope)
      if now != last { try await responses.send(now) }
      last = now
      if now.state == .scored || now.state == .failed { return }
    }
    try Task.checkCancellation()
    throw RPCError.unavailable("the service stops; watch again in a moment")
  }

  private func current(_ id: String, _ scope: TenantScope) async throws -> EvaluationSubmission {
    try await database.read { db in
      guard let stored = try SubmissionTable.find(db, id: id, scope: scope) else {
        throw RPCError.notFound("submission", id)
      }
      return try placed(db, [stored])[0]
    }
  }

  /// The messages, with the places in the queue of those that wait.
  private func placed(_ db: Reader, _ stored: [StoredSubmission]) throws -> [EvaluationSubmission] {
    guard stored.contains(where: { $0.message.state == .queued }) else {
      return stored.map(\.message)
    }
    let places = queuePolicy.places(
      try EvaluationTable.waiting(db), running: try EvaluationTable.running(db))
    return stored.map { stored in
      var message = stored.message
      message.queuePosition = Int32(places[stored.evaluationID] ?? 0)
      return message
    }
  }
}

extension EvaluationSubmissionAllowance {
  init(_ allowance: SubmissionAllowance) {
    self.init(
      leftToday: Int32(clamping: allowance.leftToday),
      leftTotal: allowance.leftTotal.map { Int32(clamping: $0) } ?? -1,
      resetTime: Google_Protobuf_Timestamp(unixMilliseconds: allowance.resetTime))
  }
}
