import API
import ComputeBilling
import ComputeDomain
import Crypto
import Identity
import RPC
import Storage

extension ComputeCore {
  /// What would be issued for a month now.
  func draftInvoice(
    _ request: ComputeDraftInvoiceRequest, _ call: CallIdentity
  ) async throws -> ComputeInvoice {
    let tenant = try namedTenant(request.tenant, call)
    let month = try Self.month(request.month)
    let due = try await read { [self] db in try reader(db, tenant).draft(month) }
    var answer = ComputeInvoice(draft: due.draft, digest: Self.digest(due))
    answer.outsideScope = due.outsideScope.map {
      ComputeInvoice(draft: $0, digest: Self.digest($0))
    }
    return answer
  }

  /// Issues the invoice of a month that is over. Again: the invoice that there is.
  ///
  /// The usage is cut off first, so that all that is read between there and the number stays as it
  /// is, and the ledger goes on meanwhile. A crash in between leaves a cut, which is harmless.
  func issueInvoice(
    _ request: ComputeIssueInvoiceRequest
  ) async throws -> ComputeInvoice {
    guard !request.tenant.isEmpty else { throw RPCError.invalidField("tenant", "is missing") }
    let (tenant, month) = (request.tenant, try Self.month(request.month))
    let now = clock.now()
    let known = try await read { [self] db -> InvoiceStore.Record? in
      if let known = try InvoiceStore.last(db, tenant: tenant, month: month) { return known }
      try reader(db, tenant).checkIsDue(month, now)
      return nil
    }
    if let known { return ComputeInvoice(known, today: UTCDay(containing: now)) }
    let cut = try await command { try $0.cutUsage(of: tenant) }
    let next = try await read { [self] db -> NextInvoice in
      if let known = try InvoiceStore.last(db, tenant: tenant, month: month) {
        return .known(known)
      }
      return .due(try reader(db, tenant).due(month, cut: cut))
    }
    let due: DueInvoice
    switch next {
    case .known(let faster): return ComputeInvoice(faster, today: UTCDay(containing: now))
    case .due(let next): due = next
    }
    let draft = due.draft
    guard !draft.lines.isEmpty else {
      throw RPCError.failedPrecondition("\(tenant) has nothing to pay for \(month.text)")
    }
    let digest = Self.digest(due).hex
    guard request.draftDigest.isEmpty || request.draftDigest == digest else {
      throw RPCError.failedPrecondition(
        "the draft has changed: its digest is \(digest) now; look at it again")
    }
    let today = UTCDay(containing: now)
    return try await command { session in
      // Another issue may have been faster.
      if let known = try InvoiceStore.last(session.tx, tenant: tenant, month: month) {
        return ComputeInvoice(known, today: today)
      }
      guard try InvoiceStore.coverage(session.tx, tenant: tenant) == draft.from else {
        throw RPCError.aborted("another invoice of \(tenant) was issued meanwhile; try again")
      }
      // The seller may have changed since the draft was made.
      try InvoiceStore.checkPrefix(session.tx, of: draft.seller)
      let outside = try due.outsideScope.map {
        try InvoiceStore.issue(session.tx, $0, on: today)
      }
      var answer = ComputeInvoice(
        try InvoiceStore.issue(session.tx, draft, on: today), today: today)
      answer.outsideScope = outside.map { ComputeInvoice($0, today: today) }
      return answer
    }
  }

  /// What a second issue finds once the usage is cut off.
  private enum NextInvoice {
    /// Another issue was faster.
    case known(InvoiceStore.Record)
    case due(DueInvoice)
  }

  /// Takes an invoice back, and issues its usage anew if asked to, then or later. Again: what
  /// there is.
  func creditInvoice(
    _ request: ComputeCreditInvoiceRequest
  ) async throws -> ComputeCreditInvoiceResponse {
    try checkText(request.reason, field: "reason")
    guard !request.reason.isEmpty else { throw RPCError.invalidField("reason", "say why") }
    let (number, today) = (request.number, UTCDay(containing: clock.now()))
    let renewed = try await read { [self] db -> InvoiceDraft? in
      let record = try Self.creditable(db, number)
      guard request.reissue, try InvoiceStore.replacement(db, of: number) == nil else {
        return nil
      }
      return try reader(db, record.invoice.content.tenant)
        .renewed(record.invoice, reason: request.reason)
    }
    return try await command { session in
      let tx = session.tx
      let record = try Self.creditable(tx, number)
      var invoice = try InvoiceStore.replacement(tx, of: number)
      // Before anything is issued, for that stays.
      if invoice == nil, let renewed { try InvoiceStore.checkPrefix(tx, of: renewed.seller) }
      let note: InvoiceStore.Record
      if let known = try record.creditedBy.flatMap({ try InvoiceStore.find(tx, number: $0) }) {
        note = known
      } else {
        let seller = try PartyStore.seller(tx)?.value ?? record.invoice.content.seller
        note = try InvoiceStore.issue(
          tx, InvoiceDraft(crediting: record.invoice, by: seller, reason: request.reason),
          on: today)
      }
      if invoice == nil, let renewed {
        invoice = try InvoiceStore.issue(tx, renewed, on: today)
      }
      return ComputeCreditInvoiceResponse(
        creditNote: ComputeInvoice(note, today: today),
        invoice: invoice.map { ComputeInvoice($0, today: today) })
    }
  }

  private static func creditable(_ db: Reader, _ number: String) throws -> InvoiceStore.Record {
    guard let record = try InvoiceStore.find(db, number: number) else {
      throw RPCError.notFound("invoice", number)
    }
    guard record.invoice.content.kind == .invoice else {
      throw RPCError.failedPrecondition("\(number) is a credit note")
    }
    return record
  }

  func listInvoices(
    _ request: ComputeListInvoicesRequest, _ call: CallIdentity
  ) async throws -> ComputeListInvoicesResponse {
    let tenant = try tenant(request.tenant, call.scope)
    let limit = try PageToken.limit(request.pageSize)
    let position = try PageToken(parsing: request.pageToken)?.time ?? .max
    let records = try await read { db in
      try InvoiceStore.page(db, tenant: tenant, before: position, limit: limit)
    }
    let today = UTCDay(containing: clock.now())
    let last = records.count == limit ? records.last : nil
    let next = last.map { PageToken(time: $0.position, id: $0.invoice.number) }
    return ComputeListInvoicesResponse(
      invoices: records.map { ComputeInvoice($0, today: today, hasLines: false) },
      nextPageToken: next?.text ?? "")
  }

  /// An invoice that the caller may see.
  func invoice(_ number: String, _ call: CallIdentity) async throws -> InvoiceStore.Record {
    let record = try await read { try InvoiceStore.find($0, number: number) }
    guard let record,
      call.scope.has(.operator) || record.invoice.content.tenant == call.scope.tenant
    else { throw RPCError.notFound("invoice", number) }
    return record
  }

  private func reader(_ db: Reader, _ tenant: String) -> InvoiceReader {
    InvoiceReader(db: db, zones: zones, rates: vatRates, tenant: tenant)
  }

  private static func month(_ text: String) throws -> UTCMonth {
    guard let month = UTCMonth(text: text) else {
      throw RPCError.invalidField("month", "a month such as 2026-11")
    }
    return month
  }

  /// Of all that would be issued at once.
  private static func digest(_ due: DueInvoice) -> Digest {
    guard let outside = due.outsideScope else { return digest(due.draft) }
    return SHA256.hash(digest(outside).bytes + digest(due.draft).bytes)
  }

  /// Of what a draft says, whenever it is made.
  private static func digest(_ draft: InvoiceDraft) -> Digest {
    var draft = draft
    draft.through.cut = 0
    return Invoice(number: "", issued: UTCDay(number: 0), content: draft, previous: .zero).digest
  }
}
