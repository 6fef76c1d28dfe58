import API
import CLinux
import CSQLite
import Foundation
import RPC
import Transport

/// What a month's billing costs: the draft of an invoice over many usage records, made by the real
/// service and asked for over its protocol.
struct BillingBench {
  private static let useCases = 64
  private static let participants = 8
  /// Quarters of an hour: November 2026.
  private static let firstQuarter = 1_992_768
  private static let quarters = 2_880
  private let arguments: BenchArguments
  private let records: Int
  /// How often the draft is made; the median counts.
  private let repetitions: Int

  init(_ arguments: BenchArguments) throws {
    self.arguments = arguments
    records = try arguments.int("records", default: 1_000_000, in: 1...100_000_000)
    repetitions = try arguments.int("repetitions", default: 3, in: 1...100)
  }

  func run() async throws {
    let service = try ComputeProcess(
      parent: arguments.text("data") ?? FileManager.default.currentDirectoryPath, loops: 1)
    let group = EventLoopGroup(loopCount: 1, name: "client")
    let connector = try SocketConnector(
      name: "bench", target: "127.0.0.1:\(service.port)", tls: nil, group: group)
    let channel = Channel(connector)
    try await prepare(channel, service)
    try insert(service.database)
    var options = CallOptions()
    options.principal = service.operatorPrincipal()
    options.timeoutMilliseconds = 600_000
    let before = service.peakKiB
    var milliseconds: [Int] = []
    var lines = 0
    for _ in 0..<repetitions {
      let sent = EventLoop.monotonicNanoseconds()
      let draft = try await ComputeInvoicesClient(channel).draftInvoice(
        ComputeDraftInvoiceRequest(tenant: "clinic", month: "2026-11"), options: options)
      milliseconds.append(Int((EventLoop.monotonicNanoseconds() - sent) / 1_000_000))
      // Each record is one PFLOP.
      let gflop = draft.lines.map(\.gflop).reduce(0, +)
      guard gflop == Int64(records) * 1_000_000 else { throw BenchError("wrong sum: \(gflop)") }
      lines = draft.lines.count
    }
    var report = Report()
    report.add("peer", "assay")
    report.add("records", records)
    report.add("lines", lines)
    report.add("ms", milliseconds.sorted()[repetitions / 2])
    report.add("slowest_ms", milliseconds.max() ?? 0)
    report.add("peak_kib_before", before)
    report.add("peak_kib", service.peakKiB)
    report.print(asJSON: arguments.has("json"))
    channel.shutDown()
    group.shutDown()
    // The records have no entries in the ledger.
    try service.stop(verifies: false)
  }

  private func prepare(_ channel: Channel, _ service: ComputeProcess) async throws {
    var options = CallOptions()
    options.principal = service.catalogPrincipal()
    for useCase in 0..<Self.useCases {
      var snapshot = CatalogUseCaseSnapshot()
      snapshot.id = "uc_bench\(useCase)"
      snapshot.version = 1
      snapshot.tenant = "clinic"
      snapshot.title = "Bench \(useCase)"
      snapshot.state = .published
      snapshot.participants = (0..<Self.participants).map { number in
        CatalogSnapshotParticipant(
          id: "par_\(number)", tenant: "vendor-\(number)", name: "Vendor \(number)")
      }
      _ = try await ComputeComputeSyncClient(channel).syncUseCase(
        CatalogSyncUseCaseRequest(snapshot: snapshot), options: options)
    }
    options.principal = service.operatorPrincipal()
    let invoices = ComputeInvoicesClient(channel)
    let party = ComputeParty(
      name: "Bench", country: "DE", vatId: "DE123456789", registration: "HRB 1")
    _ = try await invoices.setSeller(ComputeSeller(party: party), options: options)
    _ = try await invoices.setBillingProfile(
      ComputeBillingProfile(tenant: "clinic", buyer: party), options: options)
  }

  /// Writes the records as the service would, quarter by quarter.
  private func insert(_ path: String) throws {
    var handle: OpaquePointer?
    guard sqlite3_open(path, &handle) == SQLITE_OK, let handle else {
      throw BenchError("cannot open \(path)")
    }
    defer { sqlite3_close(handle) }
    sqlite3_busy_timeout(handle, 10_000)
    let perQuarter = (records + Self.quarters - 1) / Self.quarters
    for start in stride(from: 0, to: records, by: 500_000) {
      let end = min(start + 500_000, records)
      let sql = """
        WITH RECURSIVE n (i) AS (SELECT \(start) UNION ALL SELECT i + 1 FROM n WHERE i + 1 < \(end))
        INSERT INTO usage (tenant, cut, quarter, use_case_id, participant_id, run_id,
          price_version, gflop)
        SELECT 'clinic', 0, \(Self.firstQuarter) + i / \(perQuarter),
          'uc_bench' || (i % \(Self.useCases)),
          'par_' || (i / \(Self.useCases) % \(Self.participants)),
          printf('run_%020d', i % \(perQuarter)), 'standard-1', 1000000 FROM n
        """
      guard sqlite3_exec(handle, sql, nil, nil, nil) == SQLITE_OK else {
        throw BenchError(String(cString: sqlite3_errmsg(handle)))
      }
    }
  }
}
