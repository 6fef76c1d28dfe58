import ComputeDomain
import Crypto
import Testing

@Suite("Entries as bytes")
struct EntryCodingTests {
  private func entries() throws -> [EntryDraft] {
    var fixture = try BookFixture(participants: 2, each: .pflop(10))
    try fixture.perform(.topUp(participant: nil, amount: .pflop(5)))
    try fixture.perform(.setAllocation(participant: "par_1", total: .pflop(12)))
    try fixture.perform(.transfer(from: "par_1", to: "par_2", amount: .pflop(1)))
    try fixture.start("run_1")
    try fixture.report("run_1", .pflop(4))
    try fixture.perform(.pauseRun(run: "run_1", reason: "Überprüfung", by: .team))
    try fixture.perform(.pauseRun(run: "run_1", reason: "wrong data", by: .organiser))
    try fixture.perform(.resumeRun(run: "run_1", by: .organiser))
    try fixture.perform(.stopRun(run: "run_1", reason: "enough", by: .team))
    return fixture.entries
  }

  @Test("what is written is read, every field of it")
  func roundTrip() throws {
    for (index, draft) in try entries().enumerated() {
      let bytes = EntryCoding.encode(draft, sequence: Int64(index + 1))
      let (sequence, content) = try EntryCoding.decode(bytes[...])
      #expect(sequence == Int64(index + 1))
      #expect(content == draft)
    }
  }

  @Test("bytes that are cut off, or followed by others, are no entry")
  func damage() throws {
    let draft = try #require(try entries().last)
    let bytes = EntryCoding.encode(draft, sequence: 300)
    for count in bytes.indices {
      #expect(throws: EntryDamage.self) { try EntryCoding.decode(bytes[..<count]) }
    }
    #expect(throws: EntryDamage.self) { try EntryCoding.decode((bytes + [0])[...]) }
  }

  @Test("any bytes are read or refused, and what is read has those bytes alone")
  func anyBytes() throws {
    var generator = SplitMix64(state: 7)
    let originals = try entries().map { EntryCoding.encode($0, sequence: 1) }
    for _ in 0..<3_000 {
      var bytes = originals[Int.random(in: 0..<originals.count, using: &generator)]
      for _ in 0..<Int.random(in: 1...3, using: &generator) {
        let index = Int.random(in: 0..<bytes.count, using: &generator)
        bytes[index] = UInt8.random(in: 0...255, using: &generator)
      }
      guard let (sequence, content) = try? EntryCoding.decode(bytes[...]) else { continue }
      #expect(EntryCoding.encode(content, sequence: sequence) == bytes)
    }
  }

  @Test("the digest is SHA-256 over the predecessor's and the bytes")
  func digest() throws {
    let draft = try #require(try entries().first)
    let first = Entry(draft, after: .empty)
    let bytes = EntryCoding.encode(draft, sequence: 1)
    #expect(first.digest == SHA256.hash([UInt8](repeating: 0, count: 32) + bytes))
    let second = Entry(draft, after: first.head)
    #expect(
      second.digest
        == SHA256.hash(first.digest.bytes + EntryCoding.encode(draft, sequence: 2)))
  }
}
