import API
import ComputeBilling
import ComputeDomain
import Crypto
import Foundation
import RPC
import Storage
import Synchronization
import Testing

@testable import ComputeService

@Suite("Power cuts and full disks", .serialized, .timeLimit(.minutes(20)))
struct PowerCutTests {
  /// How often the server is killed; `ASSAY_POWER_CUTS` says another number.
  static let cuts =
    ProcessInfo.processInfo.environment["ASSAY_POWER_CUTS"].flatMap(Int.init) ?? 200
  /// So much is answered before each cut, however slow the machine is.
  static let leastAnswers = 5
  /// Participants with runs, and two whose shares are dealt.
  static let participants = 14
  static let share: Int64 = 1_000_000_000

  private final class Counter: Sendable { let value = Atomic(0) }

  @Test("killed under load at any moment: every answered command is there, none twice")
  func killed() async throws {
    let server = try ComputeServer()
    let months = try await seedMonths(server.database)
    try await server.start()
    try await server.sync(participants: Self.participants, gflopEach: Self.share)
    var clients: [any LoadClient] = (1...8).map { ReportingClient(number: $0) }
    clients += (9...12).map { RunningClient(number: $0) }
    clients += [
      DealingClient(from: 13, to: 14, share: Self.share), BillingClient(months: months),
    ]
    let audit = CutAudit()
    for cut in 1...Self.cuts {
      clients = try await load(server, clients, milliseconds: Int.random(in: 0...30))
      let keys = clients.flatMap(\.newKeys)
      for index in clients.indices { clients[index].newKeys.removeAll() }
      try await audit.check(server.database, answered: keys, isThorough: cut.isMultiple(of: 25))
      try await server.start()
      try await check(server, clients)
    }
    #expect(clients.reduce(0) { $0 + $1.answered } >= Self.cuts * Self.leastAnswers)
    for client in clients { #expect(client.answered > 0, "\(client)") }
    server.kill()
    let result = try await LedgerAudit.run(path: server.database)
    #expect(result.isSound, "\(result)")
  }

  /// Gives the tenant usage in months that are over, with a clock of its own.
  private func seedMonths(_ path: String) async throws -> [String] {
    try FileManager.default.createDirectory(
      at: URL(fileURLWithPath: path).deletingLastPathComponent(),
      withIntermediateDirectories: true)
    let clock = ManualWallClock(0)
    let database = try ComputeCore.openDatabase(path: path)
    let core = ComputeCore(database: database, clock: clock.clock)
    _ = try await core.setSeller(InvoiceSamples.seller, .operator)
    _ = try await core.setBillingProfile(
      ComputeBillingProfile(tenant: "clinic", buyer: ComputeParty(InvoiceSamples.buyer)), .operator)
    let terms = UseCaseTerms(
      id: "uc_before", version: 1, tenant: "clinic", title: "Before", phase: .published,
      start: nil, end: nil, plan: BudgetPlan(participants: 1, each: .pflop(10_000)),
      participants: [
        Participant(
          id: "par_1", tenant: "vendor-1", name: "Vendor", emails: ["ada@vendor-1.example"],
          joined: 0)
      ])
    _ = try await core.sync(terms, actor: "catalog", trace: "")
    var month = try #require(UTCMonth(text: "2024-01"))
    var months: [String] = []
    for _ in 1...24 {
      clock.set(month.milliseconds.lowerBound)
      let run = try await core.startRun(ComputeStartRunRequest(useCaseId: "uc_before"), .vendor(1))
      _ = try await core.finishRun(
        ComputeFinishRunRequest(runId: run.id, totalGflop: 90_000_000), .vendor(1))
      months.append(month.text)
      month = month.next
    }
    await database.close()
    return months
  }

  /// Has all clients send as fast as it goes until the server is killed.
  private func load(
    _ server: ComputeServer, _ clients: [any LoadClient], milliseconds: Int
  ) async throws -> [any LoadClient] {
    let calls = try ServerCalls(server, vendors: Self.participants)
    let answered = Counter()
    return try await withThrowingTaskGroup(of: (Int, any LoadClient).self) { group in
      for (index, client) in clients.enumerated() {
        group.addTask {
          var client = client
          while true {
            do {
              try await client.step(calls)
              answered.value.wrappingAdd(1, ordering: .relaxed)
            } catch let error as RPCError {
              // Anything else would be a command that the server refused.
              #expect(error.code == .unavailable, "\(error)")
              return (index, client)
            }
          }
        }
      }
      while answered.value.load(ordering: .relaxed) < Self.leastAnswers {
        // How far the clients are is only counted: to wake this task for each answer would slow
        // them down, and the cut is to find them at full speed.
        try await Task.sleep(for: .milliseconds(1))
      }
      // The random moment of the cut: what is tested is that no moment matters.
      try await Task.sleep(for: .milliseconds(milliseconds))
      server.kill()
      var after = clients
      for try await (index, client) in group { after[index] = client }
      return after
    }
  }

  private func check(_ server: ComputeServer, _ clients: [any LoadClient]) async throws {
    let calls = try ServerCalls(server, vendors: Self.participants)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for client in clients { group.addTask { try await client.check(calls) } }
      try await group.waitForAll()
    }
  }

  @Test("a full disk is a clear error, damages nothing, and is over when there is room again")
  func fullDisk() async throws {
    let server = try ComputeServer()
    // Room for the schema and some commands; the next file is too large.
    try await server.start(fileLimitKiB: 2_048)
    try await server.sync(participants: 1, gflopEach: 1_000_000_000)
    let balance = try await server.runs.startRun(
      ComputeStartRunRequest(useCaseId: "uc_1"), options: server.vendor(1))
    let run = try #require(balance.run?.id)
    var answered: Int64 = 0
    var refusal: RPCError?
    while refusal == nil, answered < 10_000 {
      let request = ComputeReportUsageRequest(
        runId: run, totalGflop: answered + 1, meter: String(repeating: "m", count: 900))
      do {
        _ = try await server.runs.reportUsage(request, options: server.vendor(1))
        answered += 1
      } catch let error as RPCError {
        refusal = error
      }
    }
    #expect(refusal?.code == .unavailable)
    #expect(refusal?.message.contains("nothing was changed") == true)
    #expect(answered > 10)
    server.kill()
    #expect(try await LedgerAudit.run(path: server.database).isSound)
    try await server.start()
    let after = try await server.runs.getRun(
      ComputeGetRunRequest(id: run), options: server.vendor(1))
    #expect(after.run?.usedGflop == answered)
    let next = try await server.runs.reportUsage(
      ComputeReportUsageRequest(runId: run, totalGflop: answered + 1), options: server.vendor(1))
    #expect(next.run?.usedGflop == answered + 1)
    server.kill()
    #expect(try await LedgerAudit.run(path: server.database).isSound)
  }
}
