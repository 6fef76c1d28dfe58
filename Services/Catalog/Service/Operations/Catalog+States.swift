import API
import CatalogDomain
import Identity
import Metrics
import RPC
import Storage

// A use case's life: publish, pause, resume, close, archive; and its price and its trail.

extension Catalog {
  /// Moves a use case through its life. Doing it twice is doing it once.
  func change(
    _ request: CatalogChangeStateRequest, _ action: UseCaseAction, _ scope: TenantScope
  ) async throws -> CatalogUseCase {
    try await commit { [self] tx in
      let now = clock.now()
      var record = try tx.managedUseCase(request.id, by: scope, now: now)
      guard let state = try record.state.applying(action) else {
        return Outcome(value: SeenUseCase(record: record, standing: .manager).wire)
      }
      try Etag.check(request.etag, present: record.etag)
      if action == .publish { try Self.prepareToPublish(tx, &record, now: now) }
      let before = record.state
      record.state = state
      let messages = try save(tx, &record, now: now)
      try tx.audit(
        AuditAction(action), of: record, by: scope,
        detail: "\(before.rawValue) → \(state.rawValue)", now: now)
      return Outcome(
        value: SeenUseCase(record: record, standing: .manager).wire, messages: messages)
    }
  }

  /// Checks the draft as a whole; throws `invalid` with every field at fault.
  private static func prepareToPublish(
    _ db: Reader, _ record: inout UseCaseRecord, now: Int64
  ) throws {
    let content = record.content
    let faults = PublishRules.faults(
      PublishRules.Facts(
        content: content, train: try db.metadataset(content.trainMetadatasetID, of: record.tenant),
        test: try db.metadataset(content.testMetadatasetID, of: record.tenant),
        inviteCount: record.inviteCount, now: now),
      checkMetric: metricFaults)
    guard faults.isEmpty else { throw CatalogError.invalid(faults) }
    record.publishTime = now
    if content.startTime == nil { record.content.startTime = now }
  }

  /// What the metric catalogue finds wrong with a choice.
  @Sendable
  static func metricFaults(_ choice: MetricChoice, _ task: UseCaseTask) -> [FieldFault] {
    guard let task = MetricTask(rawValue: task.rawValue) else {
      return [FieldFault("task", "has no metrics here")]
    }
    do throws(MetricError) {
      let metric = try MetricsCatalogue.metric(choice.metric, of: task)
      let parameters = try MetricParameters(text: choice.parameters, for: metric)
      _ = try MetricsCatalogue.makeState(
        task: task, metric: choice.metric, parameters: parameters)
      guard choice.parameters["average"] != "none" else {
        return [
          FieldFault(
            "metric.parameters.average",
            "none gives one number per class, which ranks nobody: choose macro, micro or weighted")
        ]
      }
      return []
    } catch {
      let isParameter = error.name == .invalidParameter
      return [
        FieldFault(isParameter ? "metric.parameters.\(error.place)" : "metric", error.message)
      ]
    }
  }

  func quoteUseCase(
    _ request: CatalogQuoteUseCaseRequest, _ scope: TenantScope, _ options: CallOptions
  ) async throws -> CatalogQuoteUseCaseResponse {
    let now = clock.now()
    let seen = try await database.read { db in
      try db.useCase(request.id, seenBy: scope, now: now)
    }
    guard seen.standing.seesPrivateFields else { throw CatalogRefusal.notStaff }
    guard let budget = seen.record.content.budget?.wire else {
      throw CatalogError.notNow(
        "the use case has no budget yet: set budget.participants and budget.gflop_each",
        [FieldFault("budget", "is missing")])
    }
    let quote = try await peers.quote(
      ComputeQuoteRequest(participants: budget.participants, gflopEach: budget.gflopEach),
      options)
    return CatalogQuoteUseCaseResponse(
      participants: budget.participants, gflopEach: budget.gflopEach,
      gflopTotal: quote.gflopTotal, nanoEuroPerGflop: quote.nanoEuroPerGflop,
      nanoEuroTotal: quote.nanoEuroTotal, eurTotal: quote.eurTotal)
  }

  func listAuditEntries(
    _ request: CatalogListAuditEntriesRequest, _ scope: TenantScope
  ) async throws -> CatalogListAuditEntriesResponse {
    let binding = PageTokens.Binding(
      list: "audit", tenant: scope.tenant, user: scope.user, filters: [request.useCaseId])
    let count = try PageSize.checked(request.pageSize)
    let position = try pageTokens.position(of: request.pageToken, binding)
    let now = clock.now()
    let found = try await database.read { db in
      let record = try db.managedUseCase(request.useCaseId, by: scope, now: now)
      return try db.auditEntries(of: record.id, before: position?.order ?? .max, count: count)
    }
    var response = CatalogListAuditEntriesResponse()
    response.entries = found.prefix(count).map(\.wire)
    if found.count > count {
      response.nextPageToken = pageTokens.token(
        for: PagePosition(order: found[count - 1].sequence, id: ""), binding)
    }
    return response
  }
}
