import API
import ComputeDomain
import RPC
import Testing

@testable import ComputeService

@Suite("The exported ledger")
struct ExportTests {
  private func used() async throws -> ServiceFixture {
    let fixture = try ServiceFixture()
    try await fixture.sync()
    try await fixture.sync(id: "uc_2", tenant: "hospital")
    for _ in 0..<3 { try await fixture.train(.pflop(5)) }
    let run = try await fixture.start(.vendor(2)).id
    try await fixture.report(run, .pflop(4), .vendor(2))
    return fixture
  }

  private func export(
    _ fixture: ServiceFixture, from: Int64 = 0, _ caller: CallIdentity = .clinic(.billing)
  ) async throws -> [ComputeLedgerEntry] {
    var entries: [ComputeLedgerEntry] = []
    try await fixture.core.exportEntries(from, caller) { entries.append($0) }
    return entries
  }

  private func audit(_ entries: [ComputeLedgerEntry]) -> AuditResult {
    var audit = ExportAudit()
    for entry in entries {
      if let misfit = audit.check(entry) { return misfit }
    }
    return audit.result
  }

  @Test("a tenant's export verifies by itself, and holds no other tenant's entry")
  func verifies() async throws {
    let fixture = try await used()
    let entries = try await export(fixture)
    #expect(entries.map(\.sequence) == Array(1...Int64(entries.count)))
    #expect(entries.allSatisfy { $0.tenant == "clinic" })
    #expect(audit(entries).isSound)
    let hospital = CallIdentity.of(
      tenant: "hospital", user: "usr_h", email: "h@hospital.example", [.billing])
    #expect(try await export(fixture, hospital).map(\.useCaseId) == ["uc_2"])
    #expect(try await export(fixture, .stranger(.owner)).isEmpty)
  }

  @Test("an export may begin anywhere; each entry names the digest of the one before")
  func from() async throws {
    let fixture = try await used()
    let all = try await export(fixture)
    for first in 1...all.count + 1 {
      #expect(try await export(fixture, from: Int64(first)) == Array(all[(first - 1)...]))
    }
  }

  @Test("any change of any field is found, and its entry named")
  func tampered() async throws {
    let entries = try await export(used())
    let index = try #require(entries.firstIndex { $0.cause == "run-finished" })
    let changes: [(inout ComputeLedgerEntry) -> Void] = [
      { $0.actor += "x" }, { $0.time += 1 }, { $0.postings[0].gflop += 1 },
      { $0.mark?.counterGflop += 1 }, { $0.price?.nanoEuroPerGflop = 24 }, { $0.mark = nil },
      { $0.meter = "nvml" }, { $0.provenance = "measured" }, { $0.cause = "run-stopped" },
      { $0.cause = "unheard-of" }, { $0.digest = $0.previous }, { $0.runId += "x" },
      { $0.tenant = "hospital" }, { $0.postings.removeLast() }, { $0.idempotencyKey += "x" },
    ]
    for change in changes {
      var tampered = entries
      change(&tampered[index])
      let result = audit(tampered)
      #expect(!result.isSound)
      #expect(result.description.contains("entry \(index + 1) of tenant"), "\(result)")
    }
    var removed = entries
    removed.remove(at: index)
    #expect(audit(removed).description.contains("entry \(index + 2) of tenant"))
  }
}
