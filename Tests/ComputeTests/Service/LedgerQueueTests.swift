import API
import ComputeDomain
import Crypto
import Foundation
import RPC
import Storage
import Testing

@testable import ComputeService

@Suite("Commands that commit in groups")
struct LedgerQueueTests {
  @Test("many commands share a commit, and each has its own answer")
  func groups() async throws {
    let fixture = try ServiceFixture()
    try await fixture.sync()
    let before = fixture.core.database.statistics.commits
    let held = try await withThrowingTaskGroup(of: Int64.self) { group in
      for _ in 0..<150 {
        group.addTask { try await fixture.start().allocationHeldGflop }
      }
      return try await group.reduce(into: Set()) { $0.insert($1) }
    }
    #expect(held == Set((1...150).map { $0 * 1_000_000 }))
    #expect(fixture.core.database.statistics.commits - before < 100)
    #expect(try await fixture.audit().isSound)
  }

  @Test("tables that are behind are brought up to the journal by a restart")
  func behind() async throws {
    let fixture = try ServiceFixture()
    try await fixture.sync()
    let run = try await fixture.start().id
    // So many at once that the tables may lag.
    try await withThrowingTaskGroup(of: Void.self) { group in
      for total in 1...400 {
        group.addTask { try await fixture.report(run, GFLOP(Int64(total)), key: "k\(total)") }
      }
      try await group.waitForAll()
    }
    // The journal alone must be enough.
    try await fixture.core.database.write { tx in
      try tx.execute("DELETE FROM balances")
      try tx.execute("DELETE FROM usage")
      try tx.execute("UPDATE runs SET used_gflop = 0, held_gflop = 0, counter_gflop = 0")
      try tx.execute("UPDATE ledger_position SET flushed = 0")
    }
    let core = try fixture.reopened()
    #expect(try await core.getRun(run, .vendor(1)).run?.usedGflop == 400)
    #expect(try await core.read { try LedgerAudit.run($0) }.isSound)
    await core.database.close()
  }

  @Test("answers are found again after a restart, in the index on the disk or not yet")
  func answers() async throws {
    var settings = ComputeSettings(holdIdleMilliseconds: 60_000)
    settings.answersInMemory = 20
    let fixture = try ServiceFixture(settings: settings)
    try await fixture.sync()
    let run = try await fixture.start(key: "start").id
    var answers: [ComputeRunBalance] = []
    for total in 1...400 {
      answers.append(try await fixture.report(run, GFLOP(Int64(total)), key: "k\(total)"))
    }
    let core = try fixture.reopened()
    for total in [1, 2, 143, 144, 145, 256, 257, 399, 400] {
      var request = ComputeReportUsageRequest()
      request.runId = run
      request.totalGflop = Int64(total)
      request.idempotencyKey = "k\(total)"
      #expect(try await core.reportUsage(request, .vendor(1)) == answers[total - 1])
      request.totalGflop = 1_000
      let other = request
      #expect(
        await status { _ = try await core.reportUsage(other, .vendor(1)) } == .alreadyExists)
    }
    await core.database.close()
  }

  @Test("keys whose hashes are equal are told apart")
  func collisions() async throws {
    let fixture = try ServiceFixture()
    let found = try await fixture.core.database.write { tx in
      let log = AnswerLog()
      func request(_ key: String) -> AnswerLog.Request {
        AnswerLog.Request(tenant: "t", key: key, fingerprint: SHA256.hash(key))
      }
      for key in ["a", "b", "c"] { log.append(request(key), hash: 42, response: Array(key.utf8)) }
      func all() throws -> [String?] {
        try ["a", "b", "c", "d"].map { key in
          try log.answer(to: request(key), hash: 42, tx).map {
            String(decoding: $0.response, as: UTF8.self)
          }
        }
      }
      let early = try all()
      try log.write(tx)
      let late = try all()
      return [early, late]
    }
    #expect(found == [["a", "b", "c", nil], ["a", "b", "c", nil]])
  }

  @Test("a commit that fails answers everybody so, and memory follows the disk")
  func failedCommit() async throws {
    let folder = NSTemporaryDirectory() + "compute-full-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let database = try ComputeCore.openDatabase(
      path: "\(folder)/compute.sqlite", maximumPages: 120)
    let core = ComputeCore(database: database)
    let terms = UseCaseTerms(
      id: "uc_1", version: 1, tenant: "clinic", title: "", phase: .published, start: nil,
      end: nil, plan: BudgetPlan(participants: 1, each: .pflop(1_000)),
      participants: [
        Participant(
          id: "par_1", tenant: "vendor-1", name: "Vendor", emails: ["ada@vendor-1.example"],
          joined: 0)
      ])
    _ = try await core.sync(terms, actor: "catalog", trace: "")
    var request = ComputeStartRunRequest()
    request.useCaseId = "uc_1"
    let run = try await core.startRun(request, .vendor(1)).id
    var answered = 0
    var refusal = StatusCode.ok
    while refusal == .ok, answered < 5_000 {
      var report = ComputeReportUsageRequest()
      report.runId = run
      report.totalGflop = Int64(answered + 1)
      report.meter = String(repeating: "m", count: 900)
      let next = report
      refusal = await status { _ = try await core.reportUsage(next, .vendor(1)) }
      if refusal == .ok { answered += 1 }
    }
    #expect(refusal == .unavailable)
    #expect(try await core.getRun(run, .vendor(1)).run?.usedGflop == Int64(answered))
    await database.close()
    #expect(try await LedgerAudit.run(path: "\(folder)/compute.sqlite").isSound)
  }

  @Test("a database that may only be read refuses commands with a clear error")
  func readOnly() async throws {
    let fixture = try ServiceFixture()
    try await fixture.sync()
    let run = try await fixture.start().id
    _ = try await fixture.audit()
    await fixture.core.database.close()
    let database = try Database.open(
      path: fixture.path, migrations: ComputeSchema.migrations,
      options: Database.Options(applicationID: ComputeSchema.applicationID, access: .readOnly))
    let core = ComputeCore(database: database, clock: fixture.clock.clock)
    var request = ComputeReportUsageRequest()
    request.runId = run
    request.totalGflop = 1
    let report = request
    #expect(await status { _ = try await core.reportUsage(report, .vendor(1)) } == .unavailable)
    #expect(try await database.read { try LedgerAudit.run($0) }.isSound)
    await database.close()
  }

  @Test("a book that cannot be read fails its own commands, not the others of the group")
  func damagedBook() async throws {
    let fixture = try ServiceFixture()
    try await fixture.sync()
    try await fixture.sync(id: "uc_2", tenant: "hospital")
    let damaged = try fixture.reopened()
    try await damaged.database.write { tx in
      _ = try tx.execute("UPDATE use_cases SET phase = 'unheard-of' WHERE id = 'uc_2'")
    }
    let core = ComputeCore(database: damaged.database, clock: fixture.clock.clock)
    let statuses = await withTaskGroup(of: (String, StatusCode).self) { group in
      for index in 0..<40 {
        let useCase = index.isMultiple(of: 2) ? "uc_1" : "uc_2"
        group.addTask {
          var request = ComputeStartRunRequest()
          request.useCaseId = useCase
          let start = request
          return (useCase, await status { _ = try await core.startRun(start, .vendor(1)) })
        }
      }
      return await group.reduce(into: [String: Set<StatusCode>]()) {
        $0[$1.0, default: []].insert($1.1)
      }
    }
    #expect(statuses["uc_1"] == [.ok])
    #expect(statuses["uc_2"] == [.internal])
    await damaged.database.close()
  }
}
