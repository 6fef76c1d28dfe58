import API
import CatalogDomain
import Identity
import RPC
import Storage

// Drafts and their content: create, update, clone, show, list.

extension Catalog {
  func createUseCase(
    _ request: CatalogCreateUseCaseRequest, _ scope: TenantScope
  ) async throws -> CatalogUseCase {
    let content = try UseCaseContent.parse(request.content ?? CatalogUseCaseContent())
    let faults = content.faults
    guard faults.isEmpty else { throw CatalogError.invalid(faults) }
    let id = newID("uc")
    return try await commit { [clock] tx in
      let now = clock.now()
      let record = Self.newDraft(id, content, scope, now)
      try tx.insert(record)
      let detail = content.summary(of: content.setFields, since: UseCaseContent())
      try tx.audit(.create, of: record, by: scope, detail: detail, now: now)
      return Outcome(value: SeenUseCase(record: record, standing: .manager).wire)
    }
  }

  private static func newDraft(
    _ id: String, _ content: UseCaseContent, _ scope: TenantScope, _ now: Int64
  ) -> UseCaseRecord {
    UseCaseRecord(
      id: id, tenant: scope.tenant, state: .draft, content: content, revision: 1,
      snapshotVersion: 0, createTime: now, updateTime: now)
  }

  func updateUseCase(
    _ request: CatalogUpdateUseCaseRequest, _ scope: TenantScope
  ) async throws -> CatalogUseCase {
    let given = try UseCaseContent.parse(request.content ?? CatalogUseCaseContent())
    let mask = try ContentField.parse(mask: request.updateMask)
    let fields = mask.isEmpty ? given.setFields : mask
    return try await commit { [self] tx in
      let now = clock.now()
      var record = try tx.managedUseCase(request.id, by: scope, now: now)
      try Etag.check(request.etag, present: record.etag)
      let old = record.content
      let new = old.taking(fields, from: given)
      try UpdateRules.check(new, replacing: old, in: record.state, now: now)
      let changed = new.changedFields(from: old)
      guard !changed.isEmpty else {
        return Outcome(value: SeenUseCase(record: record, standing: .manager).wire)
      }
      record.content = new
      let messages = try save(tx, &record, now: now)
      try tx.audit(
        .update, of: record, by: scope, detail: new.summary(of: changed, since: old), now: now)
      return Outcome(
        value: SeenUseCase(record: record, standing: .manager).wire, messages: messages)
    }
  }

  /// Stores a change that an etag stands for, and its snapshot.
  func save(_ tx: Transaction, _ record: inout UseCaseRecord, now: Int64) throws -> [Int64] {
    record.revision += 1
    record.updateTime = now
    try tx.update(record)
    return try appendSnapshot(tx, of: &record)
  }

  func cloneUseCase(
    _ request: CatalogCloneUseCaseRequest, _ scope: TenantScope
  ) async throws -> CatalogUseCase {
    let id = newID("uc")
    return try await commit { [clock] tx in
      let now = clock.now()
      let source = try tx.useCase(request.id, seenBy: scope, now: now)
      let content = Self.clonedContent(of: source, title: request.title, for: scope)
      let faults = content.faults
      guard faults.isEmpty else { throw CatalogError.invalid(faults) }
      var record = Self.newDraft(id, content, scope, now)
      record.files = source.record.files
      try tx.insert(record)
      try tx.audit(
        .clone, of: record, by: scope, detail: "of \(source.record.id)", now: now)
      return Outcome(value: SeenUseCase(record: record, standing: .manager).wire)
    }
  }

  /// Dates are of the original alone. Another tenant's metadatasets and budget stay behind.
  private static func clonedContent(
    of source: SeenUseCase, title: String, for scope: TenantScope
  ) -> UseCaseContent {
    var content = source.record.content
    let wanted = TextRules.trimmed(title)
    let copy = String(
      "Copy of \(content.title)".unicodeScalars.prefix(CatalogLimits.maximumTitleCharacters))
    content.title = wanted.isEmpty ? copy : wanted
    content.startTime = nil
    content.endTime = nil
    if source.record.tenant != scope.tenant {
      content.trainMetadatasetID = ""
      content.testMetadatasetID = ""
    }
    if !source.standing.seesPrivateFields { content.budget = nil }
    return content
  }

  func getUseCase(
    _ request: CatalogGetUseCaseRequest, _ scope: TenantScope
  ) async throws -> CatalogUseCase {
    let now = clock.now()
    return try await database.read { db in
      try db.useCase(request.id, seenBy: scope, now: now).wire
    }
  }

  func listUseCases(
    _ request: CatalogListUseCasesRequest, _ scope: TenantScope
  ) async throws -> CatalogListUseCasesResponse {
    let filter = UseCaseFilter(
      search: try SearchQuery(request.search), task: try UseCaseTask.parse(request.task),
      state: try UseCaseState.parse(request.state), isOwn: request.own)
    let binding = PageTokens.Binding(
      list: "use_cases", tenant: scope.tenant, user: scope.user,
      filters: filter.search.words + [
        "", filter.task?.rawValue ?? "", filter.state?.rawValue ?? "", "\(filter.isOwn)",
      ])
    let count = try PageSize.checked(request.pageSize)
    let position = try pageTokens.position(of: request.pageToken, binding)
    let now = clock.now()
    let found = try await database.read { db in
      try db.useCases(seenBy: scope, filter, after: position, count: count, now: now)
    }
    let page = Self.cut(found, to: count)
    var response = CatalogListUseCasesResponse()
    response.useCases = page.map(\.wire)
    if page.count < found.count, let last = page.last?.record {
      response.nextPageToken = pageTokens.token(
        for: PagePosition(order: last.createTime, id: last.id), binding)
    }
    return response
  }

  /// As many as asked for, fewer if their descriptions are long: a page is one message.
  private static func cut(_ found: [SeenUseCase], to count: Int) -> ArraySlice<SeenUseCase> {
    var bytes = 0
    var end = 0
    for seen in found.prefix(count) {
      bytes += seen.record.content.description.utf8.count
      if end > 0, bytes > CatalogLimits.maximumPageBytes { break }
      end += 1
    }
    return found[..<end]
  }
}
