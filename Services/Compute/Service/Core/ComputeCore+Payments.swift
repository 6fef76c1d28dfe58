import API
import ComputeBilling
import ComputeDomain
import RPC
import Storage

extension ComputeCore {
  /// Says that an invoice was paid, or takes that back.
  func setInvoicePaid(
    _ request: ComputeSetInvoicePaidRequest, _ call: CallIdentity
  ) async throws -> ComputeInvoice {
    let now = clock.now()
    let today = UTCDay(containing: now)
    try checkText(request.reason, field: "reason")
    let paid: UTCDay?
    if request.notPaid {
      guard !request.reason.isEmpty else { throw RPCError.invalidField("reason", "say why") }
      paid = nil
    } else {
      paid = request.paidDate.isEmpty ? today : UTCDay(text: request.paidDate)
      guard paid != nil else {
        throw RPCError.invalidField("paid_date", "a day such as 2026-12-03")
      }
    }
    return try await command { session in
      let record = try Self.invoice(session.tx, request.number)
      guard record.paid != paid else { return ComputeInvoice(record, today: today) }
      if let paid { try Self.checkPayable(record, on: paid, today) }
      try PaymentStore.save(
        session.tx, number: request.number, paid: paid, reason: request.reason,
        by: call.scope.user, at: now)
      return ComputeInvoice(try Self.invoice(session.tx, request.number), today: today)
    }
  }

  private static func checkPayable(
    _ record: InvoiceStore.Record, on day: UTCDay, _ today: UTCDay
  ) throws {
    // One that says tomorrow, after the clock was set back, can be paid today.
    let first = min(record.invoice.issued, today)
    guard record.paid == nil, record.creditedBy == nil,
      record.invoice.content.kind == .invoice, day >= first, day <= today
    else {
      throw RPCError.failedPrecondition(
        "\(record.invoice.number) is paid, was taken back, is a credit note, or was not issued or "
          + "is not reached on \(day.text)")
    }
  }

  private static func invoice(_ db: Reader, _ number: String) throws -> InvoiceStore.Record {
    guard let record = try InvoiceStore.find(db, number: number) else {
      throw RPCError.notFound("invoice", number)
    }
    return record
  }
}
