import API
import ComputeDomain
import Dispatch
import RPC
import Synchronization
import Testing

@testable import ComputeService

@Suite(
  "What one tenant can take of the ledger, and what memory may forget", .timeLimit(.minutes(2)))
struct LedgerLimitTests {
  /// Holds the writer up, so that what is asked waits, until the semaphore is signalled.
  private func holdUp(_ fixture: ServiceFixture) async -> DispatchSemaphore {
    let gate = DispatchSemaphore(value: 0)
    // Once it has begun, nothing that was asked before is left to be done.
    await withCheckedContinuation { begun in
      fixture.core.database.enqueueWrite(
        { _ in
          begun.resume()
          gate.wait()
        }, completion: { _ in })
    }
    return gate
  }

  @Test("a tenant's flood is refused at its own limit, and keeps nobody else out")
  func flood() async throws {
    let fixture = try ServiceFixture()
    try await fixture.sync()
    let gate = await holdUp(fixture)
    let limit = LedgerQueue.maximumWaitingOfTenant
    await withTaskGroup(of: StatusCode.self) { group in
      for vendor in 1...2 {
        for _ in 0...limit {
          group.addTask {
            await status {
              _ = try await fixture.core.getBudget(ServiceFixture.useCase, .vendor(vendor))
            }
          }
        }
        // Nobody is answered while the writer is held up: so many wait, and one is refused.
        #expect(await group.next() == .resourceExhausted)
      }
      gate.signal()
      let rest = await group.reduce(into: [:]) { $0[$1, default: 0] += 1 }
      #expect(rest == [.ok: 2 * limit])
    }
    // What has been done counts no more.
    #expect(
      await status {
        _ = try await fixture.core.getBudget(ServiceFixture.useCase, .vendor(1))
      } == .ok)
  }

  @Test("a tenant's flood of calls does not keep its own watchers from what woke them")
  func floodBesideWatchers() async throws {
    let fixture = try ServiceFixture()
    try await fixture.sync(each: .pflop(100))
    let run = try await fixture.start().id
    let (balances, told) = AsyncStream<Bool>.makeStream()
    let (alerts, toldOfAlert) = AsyncStream<Int32>.makeStream()
    let watchers = [
      Task {
        defer { told.finish() }
        try await fixture.core.watchRun(run, .vendor(1)) { told.yield($0.stop) }
      },
      Task {
        defer { toldOfAlert.finish() }
        var request = ComputeWatchAlertsRequest()
        request.useCaseId = ServiceFixture.useCase
        try await fixture.core.watchAlerts(request, .vendor(1)) { toldOfAlert.yield($0.threshold) }
      },
    ]
    var heard = balances.makeAsyncIterator()
    #expect(await heard.next() == false)
    while !fixture.core.alertWatchers.areThere { await Task.yield() }
    try await fixture.report(run, .pflop(50))
    #expect(await heard.next() == false)
    var heardOfAlerts = alerts.makeAsyncIterator()
    #expect(await heardOfAlerts.next() == 50)
    let gate = await holdUp(fixture)
    let limit = LedgerQueue.maximumWaitingOfTenant
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<limit {
        group.addTask {
          _ = try? await fixture.core.getBudget(ServiceFixture.useCase, .vendor(1))
        }
      }
      while fixture.core.ledger.waitingCount < limit, !Task.isCancelled { await Task.yield() }
      fixture.core.runWatchers.notify(useCase: ServiceFixture.useCase, participant: nil)
      fixture.core.alertWatchers.notify(useCase: ServiceFixture.useCase, participant: nil)
      // Both ask, unless what woke the one before is not done yet. A refusal ends its stream.
      for _ in 0..<100_000 where fixture.core.ledger.waitingCount < limit + 2 {
        await Task.yield()
      }
      #expect(fixture.core.ledger.waitingCount > limit)
      gate.signal()
    }
    try await fixture.report(run, .pflop(100))
    #expect(await heard.next() == true)
    #expect(await heardOfAlerts.next() == 80)
    try await watchers[0].value
    watchers[1].cancel()
  }

  @Test("a flood of reads takes one place in the queue")
  func reads() async throws {
    let fixture = try ServiceFixture()
    let gate = await holdUp(fixture)
    let begun = Counter()
    let readers = LedgerQueue.maximumWaiting + 100
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<readers {
        group.addTask {
          begun.value.wrappingAdd(1, ordering: .relaxed)
          try await fixture.core.ledger.catchUp()
        }
      }
      while begun.value.load(ordering: .relaxed) < readers { await Task.yield() }
      gate.signal()
      try await group.waitForAll()
    }
    // And the next one is not taken for one of them.
    try await fixture.sync()
    let run = try await fixture.start().id
    try await fixture.report(run, .pflop(1))
    let row = try await fixture.core.read { try RunStore.find($0, run)?.run }
    #expect(row?.used == .pflop(1))
  }

  private final class Counter: Sendable { let value = Atomic(0) }

  @Test("a book that is dropped from memory loses nothing, not even a sign of life")
  func droppedBook() async throws {
    let fixture = try ServiceFixture()
    try await fixture.sync()
    try await fixture.sync(id: "uc_2", tenant: "hospital")
    let run = try await fixture.start().id
    // Brings the tables up to date, for the ledger of this test has a memory of its own.
    #expect(try await fixture.audit().isSound)
    fixture.clock.advance(milliseconds: 50_000)
    let clock = fixture.clock.clock
    let last = try await fixture.core.database.write { tx in
      let state = LedgerState(clock: clock, maximumBooks: 1)
      func group<T>(_ body: (LedgerSession) throws -> T) throws -> T {
        try state.begin(tx)
        let value = try body(LedgerSession(state, tx))
        try state.finish(tx)
        state.committed()
        return value
      }
      try group { session in
        let open = try #require(try session.book(ofRun: run))
        _ = try session.perform(
          .reportUsage(run: run, total: .zero, meter: .declared), on: open,
          CommandContext(
            now: clock.now(), actor: "", idempotencyKey: "", trace: "", prices: PriceList()))
      }
      _ = try group { try $0.book("uc_2") }
      #expect(state.books.count == 2)
      try group { $0.state.wantsFlush = true }
      #expect(state.books.isEmpty)
      return try group { try $0.book(ofRun: run)?.book.runs[run]?.lastReport }
    }
    #expect(last == ServiceFixture.opening + 50_000)
  }

  @Test("of too many books those go that were not used for longest, and the others stay")
  func idleBooks() async throws {
    let fixture = try ServiceFixture()
    for number in 1...5 { try await fixture.sync(id: "uc_\(number)") }
    let run = try await fixture.start().id
    #expect(try await fixture.audit().isSound)
    let clock = fixture.clock.clock
    try await fixture.core.database.write { tx in
      let state = LedgerState(clock: clock, maximumBooks: 4)
      func group(_ body: (LedgerSession) throws -> Void) throws {
        try state.begin(tx)
        try body(LedgerSession(state, tx))
        try state.finish(tx)
        state.committed()
      }
      for number in [1, 2, 3, 4] { try group { _ = try $0.book("uc_\(number)") } }
      // A command that names a run uses its book, too.
      try group { _ = try $0.book(ofRun: run) }
      try group { _ = try $0.book("uc_5") }
      #expect(Set(state.books.keys) == ["uc_4", "uc_1", "uc_5"])
      #expect(state.runPlaces[run] != nil)
      for number in [2, 3] { try group { _ = try $0.book("uc_\(number)") } }
      #expect(Set(state.books.keys) == ["uc_2", "uc_3", "uc_5"])
      #expect(state.runPlaces.isEmpty)
      try group { session in
        let open = try session.book(ofRun: run)
        #expect(open?.book.runs[run]?.isRunning == true)
      }
    }
  }

  @Test("when a commit fails, memory is read anew, and silence is counted from there")
  func failedCommit() async throws {
    let fixture = try ServiceFixture()
    let clock = fixture.clock
    let since = try await fixture.core.database.write { tx in
      let state = LedgerState(clock: clock.clock)
      try state.begin(tx)
      let first = state.listeningSince
      clock.advance(milliseconds: 5_000)
      state.committed()
      try state.begin(tx)
      let committed = state.listeningSince
      // This group is not committed.
      try state.begin(tx)
      return [first, committed, state.listeningSince]
    }
    let opening = ServiceFixture.opening
    #expect(since == [opening, opening, opening + 5_000])
  }
}
