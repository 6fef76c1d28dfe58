import API
import ComputeBilling
import ComputeDomain
import RPC
import Storage
import Testing

@testable import ComputeService

// Serialized, for each test has the files of a service of its own open.
@Suite("What was said of payments", .serialized)
struct PaymentTests {
  private let number = "AS2026-000001"

  private func issued() async throws -> ServiceFixture {
    let fixture = try await ServiceFixture.forInvoices()
    try await fixture.train(.pflop(200))
    fixture.clock.set(ServiceFixture.december)
    #expect(try await fixture.issue("2026-11").number == number)
    fixture.clock.advance(milliseconds: 20 * UTCDay.milliseconds)
    return fixture
  }

  private func pay(_ fixture: ServiceFixture, _ day: String) async throws -> ComputeInvoice {
    try await fixture.core.setInvoicePaid(
      ComputeSetInvoicePaidRequest(number: number, paidDate: day), .operator)
  }

  private func unpay(
    _ fixture: ServiceFixture, _ reason: String = "was another"
  ) async throws -> ComputeInvoice {
    try await fixture.core.setInvoicePaid(
      ComputeSetInvoicePaidRequest(number: number, notPaid: true, reason: reason), .operator)
  }

  @Test("what was said by mistake is taken back, said anew, and all of it stays on record")
  func corrected() async throws {
    let fixture = try await issued()
    #expect(try await pay(fixture, "2026-12-10").state == .paid)
    #expect(await status { _ = try await pay(fixture, "2026-12-11") } == .failedPrecondition)
    for _ in 0..<2 {
      let unpaid = try await unpay(fixture)
      #expect(unpaid.state == .overdue)
      #expect(unpaid.paidDate == "")
    }
    for _ in 0..<2 { #expect(try await pay(fixture, "2026-12-11").paidDate == "2026-12-11") }
    #expect(try await unpay(fixture).state == .overdue)
    let list = try await fixture.core.listInvoices(ComputeListInvoicesRequest(), .operator)
    #expect(list.invoices.map(\.state) == [.overdue])
    let record = try await fixture.core.read { db in
      try db.query("SELECT paid_day, reason, set_by FROM payment_corrections ORDER BY id") { row in
        let day = try row.optionalInt64("paid_day").map { UTCDay(number: $0).text } ?? "not paid"
        return "\(day), \(try row.text("reason")), \(try row.text("set_by"))"
      }
    }
    #expect(
      record == [
        "not paid, was another, usr_op", "2026-12-11, , usr_op", "not paid, was another, usr_op",
      ])
    #expect(try await fixture.audit().isSound)
  }

  @Test("what was never paid cannot become less so, and nothing is taken back without a reason")
  func refused() async throws {
    let fixture = try await issued()
    #expect(try await unpay(fixture).state == .overdue)
    #expect(
      try await fixture.core.read { try !$0.exists("SELECT 1 FROM payment_corrections") })
    _ = try await pay(fixture, "2026-12-10")
    #expect(await status { _ = try await unpay(fixture, "") } == .invalidArgument)
    _ = try await unpay(fixture)
    for day in ["2026-11-30", "2026-12-31"] {
      #expect(await status { _ = try await pay(fixture, day) } == .failedPrecondition)
    }
  }

  @Test(
    "a correction that was changed, added or taken away past the service is named",
    arguments: [
      ("UPDATE payment_corrections SET paid_day = 1", "correction of a payment 1 is not what"),
      ("UPDATE payment_corrections SET reason = ''", "correction of a payment 1 is not what"),
      ("DELETE FROM payment_corrections", "correction of a payment 1 is missing"),
      (
        "INSERT INTO payment_corrections VALUES (2, 'AS2026-000001', 1, '', 'usr_x', 1)",
        "correction of a payment 2 was not set through the service"
      ),
    ])
  func audit(sql: String, place: String) async throws {
    let fixture = try await issued()
    _ = try await pay(fixture, "2026-12-10")
    _ = try await unpay(fixture)
    await #expect(throws: StorageError.self) {
      try await fixture.core.database.write {
        _ = try $0.execute(sql.replacing("(2, ", with: "(1, "))
      }
    }
    try await fixture.tamper(sql)
    let result = try await fixture.audit()
    #expect(result.description.contains(place), "\(result)")
  }
}
