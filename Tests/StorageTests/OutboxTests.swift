import Crypto
import Storage
import Testing

private struct Unreachable: Error {}

@Suite("Outbox", .timeLimit(.minutes(1)))
struct OutboxTests {
  private let fixture: Fixture

  init() throws {
    fixture = try Fixture(migrations: [peopleSchema, Migration(2, "outbox", Outbox.schema)])
  }

  private func outbox(
    topics: [String] = ["a"], pauses: any Clock<Duration> = ContinuousClock(),
    deliver: @escaping @Sendable (OutboxMessage) async throws -> Void
  ) -> Outbox {
    Outbox(
      database: fixture.database, topics: topics, clock: ManualWallClock(77).clock,
      pauses: pauses, deliver: deliver)
  }

  private func send(_ outbox: Outbox, _ key: String, topic: String = "a") async throws -> Int64 {
    try await fixture.database.write { transaction in
      try outbox.append(transaction, topic: topic, key: key, payload: Array(key.utf8))
    }
  }

  @Test("messages arrive in the order of their commits, and are then gone")
  func order() async throws {
    let received = Recorder<OutboxMessage>()
    let outbox = outbox { received.append($0) }
    outbox.start()
    var last: Int64 = 0
    for number in 0..<150 { last = try await send(outbox, "\(number)") }
    #expect(await outbox.waitUntilDelivered(last, timeout: .seconds(20)))
    #expect(received.all.map(\.key) == (0..<150).map { "\($0)" })
    #expect(received.all.first?.payload == Array("0".utf8))
    #expect(received.all.first?.createdAt == 77)
    #expect(await outbox.waitUntilDelivered(1, timeout: .seconds(20)))
    await outbox.stop()
    #expect(try await outbox.pending() == 0)
  }

  @Test("a message whose cause is rolled back is never sent")
  func rolledBack() async throws {
    let received = Recorder<String>()
    let outbox = outbox { received.append($0.key) }
    outbox.start()
    _ = try? await fixture.database.write { transaction in
      try outbox.append(transaction, topic: "a", key: "never", payload: [])
      throw Unreachable()
    }
    let kept = try await send(outbox, "kept")
    #expect(await outbox.waitUntilDelivered(kept, timeout: .seconds(20)))
    await outbox.stop()
    #expect(received.all == ["kept"])
  }

  @Test("a failing message is tried again after 50 ms, doubling to 5 s, and holds back its topic")
  func backOff() async throws {
    let clock = RecordingClock()
    let received = Recorder<String>()
    let outbox = outbox(pauses: clock) { message in
      if message.key == "first" && message.attempt < 10 { throw Unreachable() }
      received.append("\(message.key) \(message.attempt)")
    }
    _ = try await send(outbox, "first")
    _ = try await send(outbox, "second")
    outbox.start()
    while try await outbox.pending() > 0 { await Task.yield() }
    await outbox.stop()
    #expect(received.all == ["first 10", "second 1"])
    let expected = [50, 100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]
    #expect(clock.sleeps.all == expected.map { .milliseconds($0) })
    #expect(outbox.lastError(topic: "a") == nil)
  }

  @Test("a topic that fails does not hold back another")
  func topics() async throws {
    let outbox = outbox(topics: ["a", "b"], pauses: RecordingClock(isFrozen: true)) { message in
      if message.topic == "a" { throw Unreachable() }
    }
    _ = try await send(outbox, "stuck")
    let other = try await send(outbox, "goes", topic: "b")
    outbox.start()
    #expect(await outbox.waitUntilDelivered(other, timeout: .seconds(20)))
    while outbox.lastError(topic: "a") == nil { await Task.yield() }
    #expect(outbox.lastError(topic: "a") == "Unreachable()")
    await outbox.stop()
    #expect(try await outbox.pending(topic: "a") == 1)
    #expect(try await outbox.pending(topic: "b") == 0)
  }

  @Test("a kick ends the back-off")
  func kick() async throws {
    let attempts = Recorder<Int>()
    let outbox = outbox(pauses: RecordingClock(isFrozen: true)) { message in
      attempts.append(message.attempt)
      if message.attempt == 1 { throw Unreachable() }
    }
    _ = try await send(outbox, "x")
    outbox.start()
    while outbox.lastError(topic: "a") == nil { await Task.yield() }
    outbox.kick()
    while try await outbox.pending() > 0 { await Task.yield() }
    await outbox.stop()
    #expect(attempts.all == [1, 2])
  }

  @Test("what one process left is delivered by the next, before anything new")
  func restart() async throws {
    let down = outbox(pauses: RecordingClock(isFrozen: true)) { _ in throw Unreachable() }
    down.start()
    for key in ["1", "2", "3"] { _ = try await send(down, key) }
    while down.lastError(topic: "a") == nil { await Task.yield() }
    await down.stop()
    await fixture.database.close()

    let database = try Database.open(
      path: fixture.path, migrations: [peopleSchema, Migration(2, "outbox", Outbox.schema)])
    let received = Recorder<String>()
    let outbox = Outbox(database: database, topics: ["a"]) { received.append($0.key) }
    let last = try await database.write { transaction in
      try outbox.append(transaction, topic: "a", key: "4", payload: [])
    }
    outbox.start()
    #expect(await outbox.waitUntilDelivered(last, timeout: .seconds(20)))
    await outbox.stop()
    #expect(received.all == ["1", "2", "3", "4"])
    await database.close()
  }

  @Test("a message that is not delivered in time is reported so, and delivered later")
  func timeout() async throws {
    let gate = Gate()
    let outbox = outbox(pauses: RecordingClock()) { _ in await gate.wait() }
    outbox.start()
    let message = try await send(outbox, "slow")
    #expect(await !outbox.waitUntilDelivered(message, timeout: .seconds(2)))
    gate.open()
    while try await outbox.pending() > 0 { await Task.yield() }
    await outbox.stop()
  }

  @Test("stopping cancels the delivery under way and keeps its message")
  func stop() async throws {
    let began = Gate()
    let outbox = outbox { _ in
      began.open()
      try await Task.sleep(for: .seconds(86_400))
    }
    outbox.start()
    _ = try await send(outbox, "x")
    await began.wait()
    await outbox.stop()
    #expect(try await outbox.pending() == 1)
  }

  @Test("a topic that was not declared is refused")
  func unknownTopic() async throws {
    let outbox = outbox { _ in }
    await #expect(throws: StorageError.self) { try await send(outbox, "x", topic: "z") }
  }
}
