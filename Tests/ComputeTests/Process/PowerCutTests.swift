import API
import ComputeDomain
import Foundation
import RPC
import Storage
import Synchronization
import Testing

@testable import ComputeService

@Suite("Power cuts and full disks", .serialized, .timeLimit(.minutes(10)))
struct PowerCutTests {
  /// How often the server is killed; `ASSAY_POWER_CUTS=200` is for a longer look.
  static let cuts =
    ProcessInfo.processInfo.environment["ASSAY_POWER_CUTS"].flatMap(Int.init) ?? 20
  static let clients = 16
  /// So much is answered before each cut, however slow the machine is.
  static let leastAnswers = 5

  private final class Counter: Sendable { let value = Atomic(0) }

  /// What one client knows of its run.
  private struct Client {
    let number: Int
    var run = ""
    /// The commands that were answered, and what: the n-th reported n GFLOP.
    var answers: [ComputeRunBalance] = []
    var next: Int { answers.count + 1 }

    func request(_ count: Int) -> ComputeReportUsageRequest {
      ComputeReportUsageRequest(
        runId: run, totalGflop: Int64(count), provenance: .measured, meter: "test",
        idempotencyKey: "key-\(count)")
    }
  }

  @Test("killed under load at any moment: every answered command is there, none twice")
  func killed() async throws {
    let server = try ComputeServer()
    try await server.start()
    try await server.sync(participants: Self.clients, gflopEach: 1_000_000_000)
    var clients: [Client] = []
    for number in 1...Self.clients {
      let balance = try await server.runs.startRun(
        ComputeStartRunRequest(useCaseId: "uc_1"), options: server.vendor(number))
      clients.append(Client(number: number, run: try #require(balance.run?.id)))
    }
    for _ in 0..<Self.cuts {
      clients = try await load(server, clients, milliseconds: Int.random(in: 3...60))
      try await server.start()
      try await check(server, clients)
    }
    #expect(clients.reduce(0) { $0 + $1.answers.count } >= Self.cuts * Self.leastAnswers)
    server.kill()
    try await verify(server.database, clients)
  }

  /// Reports as fast as it goes until the server is killed.
  private func load(
    _ server: ComputeServer, _ clients: [Client], milliseconds: Int
  ) async throws -> [Client] {
    let runs = try server.runs
    let answered = Counter()
    return try await withThrowingTaskGroup(of: Client.self) { group in
      for client in clients {
        let options = server.vendor(client.number)
        group.addTask {
          var client = client
          while true {
            do {
              let answer = try await runs.reportUsage(
                client.request(client.next), options: options)
              client.answers.append(answer)
              answered.value.wrappingAdd(1, ordering: .relaxed)
            } catch is RPCError {
              return client
            }
          }
        }
      }
      while answered.value.load(ordering: .relaxed) < Self.leastAnswers {
        try await Task.sleep(for: .milliseconds(1))
      }
      try await Task.sleep(for: .milliseconds(milliseconds))
      server.kill()
      return try await group.reduce(into: []) { $0.append($1) }
        .sorted { $0.number < $1.number }
    }
  }

  /// After the restart: what was answered is answered again, to the byte, and counted once.
  private func check(_ server: ComputeServer, _ clients: [Client]) async throws {
    let runs = try server.runs
    for client in clients {
      let options = server.vendor(client.number)
      let balance = try await runs.getRun(
        ComputeGetRunRequest(id: client.run), options: options)
      let used = Int(balance.run?.usedGflop ?? -1)
      // The command that was under way may have been committed, or not.
      #expect(client.answers.count...client.next ~= used, "client \(client.number)")
      guard let last = client.answers.last else { continue }
      let some = Int.random(in: 1...client.answers.count)
      for (count, answer) in [(client.answers.count, last), (some, client.answers[some - 1])] {
        #expect(
          try await runs.reportUsage(client.request(count), options: options) == answer)
      }
      let again = try await runs.getRun(
        ComputeGetRunRequest(id: client.run), options: options)
      #expect(again == balance)
    }
  }

  /// The file itself: sound, and with each answered command's entry exactly once.
  private func verify(_ path: String, _ clients: [Client]) async throws {
    let result = try await LedgerAudit.run(path: path)
    #expect(result.isSound, "\(result)")
    var options = Database.Options(applicationID: ComputeSchema.applicationID, access: .readOnly)
    options.readers = 1
    let database = try Database.open(
      path: path, migrations: ComputeSchema.migrations, options: options)
    let keys = try await database.read { db in
      var keys: [String: Int] = [:]
      try JournalStore.forEach(db) { _, stored in
        keys[try stored.content().idempotencyKey, default: 0] += 1
      }
      return keys
    }
    await database.close()
    for client in clients {
      for count in 1..<max(client.next, 1) {
        #expect(keys["vendor-\(client.number)/key-\(count)"] == 1)
      }
      // At most the one command that was under way at the last cut.
      #expect((keys["vendor-\(client.number)/key-\(client.next)"] ?? 0) <= 1)
      #expect(keys["vendor-\(client.number)/key-\(client.next + 1)"] == nil)
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
    var client = Client(number: 1, run: try #require(balance.run?.id))
    var refusal: RPCError?
    while refusal == nil, client.answers.count < 10_000 {
      var request = client.request(client.next)
      request.meter = String(repeating: "m", count: 900)
      do {
        let answer = try await server.runs.reportUsage(request, options: server.vendor(1))
        client.answers.append(answer)
      } catch let error as RPCError {
        refusal = error
      }
    }
    #expect(refusal?.code == .unavailable)
    #expect(refusal?.message.contains("nothing was changed") == true)
    #expect(client.answers.count > 10)
    server.kill()
    #expect(try await LedgerAudit.run(path: server.database).isSound)
    try await server.start()
    let after = try await server.runs.getRun(
      ComputeGetRunRequest(id: client.run), options: server.vendor(1))
    #expect(after.run?.usedGflop == Int64(client.answers.count))
    let next = try await server.runs.reportUsage(
      client.request(client.next), options: server.vendor(1))
    #expect(next.run?.usedGflop == Int64(client.next))
    server.kill()
    #expect(try await LedgerAudit.run(path: server.database).isSound)
  }
}
