import API
import ComputeBilling
import ComputeDomain
import RPC
import Testing

@testable import ComputeService

// Serialized, for each test has the files of a service of its own open.
@Suite("Each company numbers what it issues with prefixes of its own", .serialized)
struct PrefixTests {
  private func seller(_ vatID: String, _ prefix: String) -> Seller {
    var seller = InvoiceSamples.seller
    seller.party.vatID = vatID
    seller.prefix = prefix
    return seller
  }

  private func issued() async throws -> ServiceFixture {
    let fixture = try await ServiceFixture.forInvoices(each: .pflop(300))
    try await fixture.train(.pflop(200))
    fixture.clock.set(ServiceFixture.december)
    #expect(try await fixture.issue("2026-11").number == "AS2026-000001")
    return fixture
  }

  @Test("a prefix with which another company has numbered is refused, and in later years too")
  func taken() async throws {
    let fixture = try await issued()
    for time in [ServiceFixture.december, ServiceFixture.january] {
      fixture.clock.set(time)
      let error = await #expect(throws: RPCError.self) {
        _ = try await fixture.core.setSeller(self.seller("DE999999999", "AS"), .operator)
      }
      #expect(error?.code == .failedPrecondition)
      #expect(error?.message.contains("DE123456789") == true)
    }
    // A prefix that only begins with it is another one.
    for prefix in ["AS2026", "A", "", "B"] {
      _ = try await fixture.core.setSeller(seller("DE999999999", prefix), .operator)
    }
    // The old company still has its own.
    _ = try await fixture.core.setSeller(seller("DE123456789", "AS"), .operator)
  }

  @Test("the old company's credit notes go on in its series, the new one begins its own")
  func twoSeries() async throws {
    let fixture = try await issued()
    _ = try await fixture.core.setSeller(seller("DE999999999", "N"), .operator)
    let answer = try await fixture.credit("AS2026-000001", reissue: true)
    #expect(answer.creditNote?.number == "AS2026-000002")
    #expect(answer.creditNote?.seller?.party?.vatId == "DE123456789")
    #expect(answer.invoice?.number == "N2026-000001")
    #expect(answer.invoice?.seller?.party?.vatId == "DE999999999")
    #expect(try await fixture.audit().isSound)
  }

  @Test("two companies that had a prefix before anything was issued do not share it either")
  func beforeTheFirst() async throws {
    let fixture = try await ServiceFixture.forInvoices(each: .pflop(300))
    try await fixture.train(.pflop(200))
    _ = try await fixture.core.setSeller(seller("DE999999999", "AS"), .operator)
    fixture.clock.set(ServiceFixture.december)
    #expect(try await fixture.issue("2026-11").seller?.party?.vatId == "DE999999999")
    // Its draft was made before the seller changed.
    let database = fixture.core.database
    await #expect(throws: BillingFault.foreignPrefix("AS", vatID: "DE999999999")) {
      try await database.read { try InvoiceStore.checkPrefix($0, of: InvoiceSamples.seller) }
    }
  }
}
