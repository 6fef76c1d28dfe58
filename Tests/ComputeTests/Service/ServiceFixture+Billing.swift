import API
import ComputeBilling
import ComputeDomain
import Identity
import RPC

@testable import ComputeService

extension ServiceFixture {
  /// 2026-12-01T00:00:00Z and 2027-01-01T00:00:00Z.
  static let december: Int64 = 1_796_083_200_000
  static let january: Int64 = 1_798_761_600_000

  /// With a seller, ten participants, and an organisation that can be billed.
  static func forInvoices(each: GFLOP = .pflop(200)) async throws -> ServiceFixture {
    let fixture = try ServiceFixture()
    _ = try await fixture.core.setSeller(InvoiceSamples.seller, .operator)
    try await fixture.setProfile()
    try await fixture.sync(each: each, participants: 10)
    return fixture
  }

  func setProfile(
    _ tenant: String = "clinic", country: String = "DE", vatID: String = "", zone: String = ""
  ) async throws {
    let buyer = Party(name: "Clinic", city: "Town", country: country, vatID: vatID)
    _ = try await core.setBillingProfile(
      ComputeBillingProfile(tenant: tenant, buyer: ComputeParty(buyer), timeZone: zone), .operator)
  }

  /// An operator's word for what the profile says.
  @discardableResult
  func confirm(
    _ tenant: String = "clinic", country: String, vatID: String = "",
    evidence: String = "VIES WAPIAAAAZr3kPq1x", date: String = ""
  ) async throws -> ComputeBillingProfile {
    try await core.confirmBuyer(
      ComputeConfirmBuyerRequest(
        tenant: tenant, country: country, vatId: vatID, evidence: evidence, checkedDate: date),
      .operator)
  }

  func profile() async throws -> ComputeBillingProfile {
    try await core.billingProfile("", .clinic(.billing))
  }

  func credit(
    _ number: String, reissue: Bool = false, reason: String = "wrong"
  ) async throws -> ComputeCreditInvoiceResponse {
    try await core.creditInvoice(
      ComputeCreditInvoiceRequest(number: number, reason: reason, reissue: reissue))
  }

  func setPrice(
    _ version: String, _ rate: Int64, from: Int64? = nil, tenant: String = "",
    tiers: [PriceTier] = []
  ) async throws {
    let price = ComputePrice(
      version: version, tenant: tenant,
      validFrom: from.map { Google_Protobuf_Timestamp(unixMilliseconds: $0) },
      nanoEuroPerGflop: rate,
      tiers: tiers.map {
        ComputePriceTier(aboveGflop: $0.above.value, nanoEuroPerGflop: $0.nanoEuroPerGFLOP)
      })
    _ = try await core.setPrice(ComputeSetPriceRequest(price: price), .operator)
  }

  /// A whole run on any use case.
  func train(_ total: GFLOP, useCase: String) async throws {
    let run = try await core.startRun(ComputeStartRunRequest(useCaseId: useCase), .vendor(1))
    try await finish(run.id, total)
  }

  func report(_ run: String, _ total: GFLOP, meteredAt time: Int64) async throws {
    _ = try await core.reportUsage(
      ComputeReportUsageRequest(
        runId: run, totalGflop: total.value,
        meteredTime: Google_Protobuf_Timestamp(unixMilliseconds: time)), .vendor(1))
  }

  func draft(_ month: String) async throws -> ComputeInvoice {
    try await core.draftInvoice(ComputeDraftInvoiceRequest(month: month), .clinic(.billing))
  }

  func issue(
    _ month: String, tenant: String = "clinic", draft: String = ""
  ) async throws -> ComputeInvoice {
    try await core.issueInvoice(
      ComputeIssueInvoiceRequest(tenant: tenant, month: month, draftDigest: draft))
  }

  func invoice(_ number: String) async throws -> ComputeInvoice {
    ComputeInvoice(
      try await core.invoice(number, .clinic(.billing)),
      today: UTCDay(containing: clock.clock.now()))
  }
}

extension CallIdentity {
  static let `operator` = of(tenant: "installation", user: "usr_op", email: "op@op", [.operator])
}
