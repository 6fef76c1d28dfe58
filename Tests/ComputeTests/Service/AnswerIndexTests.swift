import Crypto
import Foundation
import Storage
import Testing

@testable import ComputeService

@Suite("The index of answers")
struct AnswerIndexTests {
  @Test("finds all that was committed, and nothing else, after merges, failures and restarts")
  func model() async throws {
    let fixture = try ServiceFixture()
    let database = fixture.core.database
    try await database.write { tx in
      // So that the test can choose ranges: merges need many of one.
      try tx.execute("UPDATE answer_index_state SET multiplier = 1")
    }
    let player = IndexPlayer(isClustered: true)
    try await player.restart(database)
    for round in 1...80 {
      if round.isMultiple(of: 7) { try await player.restart(database) }
      let fails = round.isMultiple(of: 5)
      try await player.play(database, groups: 150, fails: fails)
      try await player.check(database, sample: 50)
    }
    try await player.check(database, sample: 5_000)
    let shape = try await database.read { db in
      try db.query("SELECT segment, count(*), sum(length(entries)) FROM answer_index GROUP BY 1") {
        (pages: try $0.int64(1), entries: try $0.int64(2) / 16)
      }
    }
    // Two levels above the first, of each range fewer than eight segments a level.
    #expect(shape.contains { $0.entries > 2_000 })
    #expect(shape.count <= 3 * 4 * 7)
    // All pages of a segment but its last are full.
    #expect(shape.allSatisfy { $0.pages == ($0.entries + 249) / 250 })
    // No answer is there twice, whatever was read again.
    let stored = shape.map(\.entries).reduce(0, +)
    #expect(stored + Int64(player.waitingCount) == Int64(player.count))
  }

  @Test("a start reads the last answers only, though no process lives for long")
  func shortLives() async throws {
    let fixture = try ServiceFixture()
    let player = IndexPlayer(isClustered: false)
    for _ in 0..<60 {
      try await player.restart(fixture.core.database)
      #expect(player.waitingCount <= 900)
      #expect(player.lag <= 2_500)
      try await player.play(fixture.core.database, groups: 10, fails: false)
    }
    #expect(player.count > 4_000)
    try await player.check(fixture.core.database, sample: 2_000)
  }

  @Test("answers are found with what was said, in the table or not, before and after a start")
  func answers() async throws {
    let fixture = try ServiceFixture()
    let found = try await fixture.core.database.write { tx in
      func request(_ number: Int) -> AnswerLog.Request {
        AnswerLog.Request(tenant: "t", key: "k\(number)", fingerprint: SHA256.hash("\(number)"))
      }
      func opened() throws -> AnswerLog {
        let log = AnswerLog(index: AnswerIndex(maximumWaiting: 50))
        try log.load(tx)
        return log
      }
      func append(_ numbers: Range<Int>, to log: AnswerLog) throws {
        for number in numbers {
          let request = request(number)
          log.append(request, hash: request.hash, response: Array("r\(number)".utf8))
          guard number % 3 == 0 else { continue }
          try log.write(tx)
          log.committed()
        }
        try log.write(tx)
        log.committed()
      }
      func isFound(_ number: Int, in log: AnswerLog) throws -> Bool {
        let request = request(number)
        let answer = try log.answer(to: request, hash: request.hash, tx)
        return answer?.response == Array("r\(number)".utf8)
          && answer?.fingerprint == request.fingerprint
      }
      let first = try opened()
      try append(0..<1_500, to: first)
      let second = try opened()
      try append(1_500..<1_600, to: second)
      let third = try opened()
      return [
        try (0..<1_500).allSatisfy { try isFound($0, in: first) },
        try (0..<1_600).allSatisfy { try isFound($0, in: second) },
        try (0..<1_600).allSatisfy { try isFound($0, in: third) },
        try isFound(1_600, in: third),
        try tx.exists("SELECT 1 FROM answer_index"),
      ]
    }
    #expect(found == [true, true, true, false, true])
  }

  @Test("an installation's answers of before are found")
  func migrated() async throws {
    let fixture = try ServiceFixture()
    let path = "\(fixture.folder)/old.sqlite"
    let request = AnswerLog.Request(tenant: "t", key: "k", fingerprint: SHA256.hash("m"))
    let old = try Database.open(
      path: path, migrations: Array(ComputeSchema.migrations.prefix(11)),
      options: Database.Options(applicationID: ComputeSchema.applicationID))
    try await old.write { tx in
      let log = AnswerLog()
      log.append(request, hash: request.hash, response: [1, 2, 3])
      try log.write(tx)
      // As the program of then had it: in its index, and noted so.
      try tx.execute("INSERT INTO answer_keys (hash, number) VALUES (?1, 0)", request.hash)
      try tx.execute("INSERT INTO answer_position (id, indexed) VALUES (1, 1)")
    }
    await old.close()
    let database = try ComputeCore.openDatabase(path: path)
    let response = try await database.write { tx in
      let log = AnswerLog()
      try log.load(tx)
      return try log.answer(to: request, hash: request.hash, tx)?.response
    }
    #expect(response == [1, 2, 3])
    let multiplier = try await database.read { db in
      try db.queryOne("SELECT multiplier FROM answer_index_state") { try $0.int64(0) }
    }
    #expect(multiplier.map { $0 & 1 == 1 && $0 != 1 } ?? false)
    await database.close()
  }
}

/// An index, and all that was committed with it.
///
/// @unchecked Sendable: touched in the bodies of writes that the test awaits one after the other.
private final class IndexPlayer: @unchecked Sendable {
  private struct Undone: Error {}

  private let isClustered: Bool
  private var index = AnswerIndex()
  private var committed: [Int64] = []
  private var numbers: [Int64: Set<Int64>] = [:]
  private var random = SystemRandomNumberGenerator()

  init(isClustered: Bool) {
    self.isClustered = isClustered
  }

  /// How many answers the last start had to read.
  private(set) var lag = 0

  var count: Int { committed.count }
  var waitingCount: Int { index.waitingCount }

  /// A hash of one of three ranges, or any; now and then one that was there before.
  private func hash() -> Int64 {
    guard isClustered else { return Int64(bitPattern: random.next()) }
    if let known = committed.randomElement(), Int.random(in: 0..<100) == 0 { return known }
    let range: UInt64 = [0, 3, 255].randomElement() ?? 0
    return Int64(bitPattern: range << 56 | random.next() >> 8)
  }

  /// A new process: all that it knows is in the database, and here the answers.
  func restart(_ database: Database) async throws {
    try await database.write { [self] tx in
      index = AnswerIndex(maximumWaiting: 500)
      try load(tx)
    }
  }

  private func load(_ tx: Transaction) throws {
    let indexed = Int(try index.load(tx))
    lag = committed.count - indexed
    for number in indexed..<committed.count { index.insert(committed[number], Int64(number)) }
  }

  /// Commits the groups together, or has their commit fail.
  func play(_ database: Database, groups: Int, fails: Bool) async throws {
    do {
      try await database.write { [self] tx in
        var added: [Int64] = []
        for _ in 0..<groups {
          for _ in 0..<Int.random(in: 1...20) {
            let hash = hash()
            index.insert(hash, Int64(committed.count + added.count))
            added.append(hash)
          }
          try index.write(tx, next: Int64(committed.count + added.count))
        }
        if fails { throw Undone() }
        for hash in added {
          numbers[hash, default: []].insert(Int64(committed.count))
          committed.append(hash)
        }
      }
      index.committed()
    } catch is Undone {
      index.rollBack(next: Int64(committed.count))
    }
  }

  func check(_ database: Database, sample: Int) async throws {
    let wrong = try await database.write { [self] tx in
      let known = (0..<sample).map { _ in committed.randomElement() ?? 0 }
      let others = (0..<50).map { _ in hash() }
      return try (known + others).count { hash in
        Set(try index.numbers(of: hash, tx)) != numbers[hash, default: []]
      }
    }
    #expect(wrong == 0)
  }
}
