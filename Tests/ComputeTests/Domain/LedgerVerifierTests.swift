import ComputeDomain
import Testing

@Suite("Verification of the ledger")
struct LedgerVerifierTests {
  /// A short life of a use case, as a chain.
  private func chain() throws -> [Entry] {
    var fixture = try BookFixture(participants: 2, each: .pflop(10))
    try fixture.start("run_1")
    try fixture.report("run_1", .pflop(4))
    try fixture.start("run_2", "par_2")
    try fixture.finish("run_1", .pflop(12))
    try fixture.finish("run_2")
    return chained(fixture.entries)
  }

  private func chained(_ drafts: [EntryDraft]) -> [Entry] {
    var head = LedgerHead.empty
    return drafts.map { draft in
      let entry = Entry(draft, after: head)
      head = entry.head
      return entry
    }
  }

  /// The number of the first entry that does not fit, and why.
  private func firstFault(in entries: [Entry]) -> (sequence: Int64, fault: LedgerFault)? {
    var verifier = LedgerVerifier()
    for entry in entries {
      do { try verifier.check(entry) } catch { return (entry.sequence, error) }
    }
    return nil
  }

  private func changed(_ entry: Entry, _ change: (inout EntryDraft) -> Void) -> Entry {
    var content = entry.content
    change(&content)
    return Entry(
      sequence: entry.sequence, content: content, previous: entry.previous, digest: entry.digest)
  }

  @Test("a sound ledger verifies, and the replay gives its balances")
  func sound() throws {
    let entries = try chain()
    var verifier = LedgerVerifier()
    for entry in entries { try verifier.check(entry) }
    #expect(verifier.head.sequence == Int64(entries.count))
    let used = Account(
      kind: .used, useCase: "uc_1", participant: "par_1", priceVersion: "standard-1")
    #expect(verifier.balances[used] == .pflop(10))
    #expect(verifier.usedByRun["run_1"] == .pflop(10))
    #expect(verifier.heldByRun.isEmpty)
  }

  @Test("a change of any field is found at the entry that was changed")
  func anyField() throws {
    let entries = try chain()
    let changes: [(inout EntryDraft) -> Void] = [
      { $0.cause = .runExpired }, { $0.idempotencyKey += "x" }, { $0.tenant = "other" },
      { $0.useCase = "uc_2" }, { $0.participant = "par_2" }, { $0.run = "run_9" },
      { $0.actor = "usr_2" }, { $0.meter = Meter(provenance: .measured, name: "nvml") },
      { $0.meter = nil }, { $0.mark?.counter = .pflop(5) }, { $0.mark = nil },
      { $0.price = Price(version: "standard-1", validFrom: 0, nanoEuroPerGFLOP: 24) },
      { $0.price = nil }, { $0.trace = "ab" }, { $0.time += 1 }, { $0.postings.removeLast() },
      { $0.postings = Self.scaled($0.postings, by: 2) },
    ]
    for change in changes {
      var tampered = entries
      tampered[2] = changed(entries[2], change)
      let found = try #require(firstFault(in: tampered))
      #expect(found.sequence == 3)
      #expect(found.fault == .digest)
    }
  }

  @Test("a removed, repeated or swapped entry is found where it happens")
  func order() throws {
    let entries = try chain()
    var removed = entries
    removed.remove(at: 2)
    #expect(firstFault(in: removed)?.fault == .sequence(expected: 3))
    var repeated = entries
    repeated.insert(entries[1], at: 2)
    #expect(firstFault(in: repeated)?.fault == .sequence(expected: 3))
    var swapped = entries
    swapped.swapAt(1, 2)
    #expect(firstFault(in: swapped)?.fault == .sequence(expected: 2))
  }

  @Test("an entry rewritten with a fresh digest breaks at its successor")
  func rewritten() throws {
    var entries = try chain()
    var content = entries[2].content
    content.actor = "usr_2"
    entries[2] = Entry(content, after: entries[1].head)
    #expect(firstFault(in: entries)?.sequence == 4)
    #expect(firstFault(in: entries)?.fault == .predecessor)
  }

  @Test("a whole chain that was forged is still held to the rules of the ledger")
  func forged() throws {
    let forgeries: [(index: Int, forge: (inout EntryDraft) -> Void)] = [
      (2, { $0.postings[0] = Posting(account: $0.postings[0].account, amount: .pflop(9)) }),
      (2, { $0.postings = [] }),
      (2, { $0.postings[0] = $0.postings[1] }),
      (2, { $0.mark = nil }),
      (2, { $0.mark?.used = .pflop(3) }),
      (2, { $0.mark?.held = .pflop(7) }),
      (3, { $0.tenant = "other" }),
      (2, { $0.price = nil }),
      (3, { $0.idempotencyKey = "key-2" }),
      (2, { $0.cause = .runStarted }),
      (2, { $0.participant = "par_2" }),
      (1, { $0.postings = Self.scaled($0.postings, by: 99) }),
      (2, { $0.postings = Self.scaled($0.postings, by: -1) }),
    ]
    for (index, forge) in forgeries {
      var drafts = try chain().map(\.content)
      forge(&drafts[index])
      let found = try #require(firstFault(in: chained(drafts)))
      #expect(found.sequence == Int64(index + 1))
      #expect(!found.fault.description.isEmpty)
    }
  }

  private static func scaled(_ postings: [Posting], by factor: Int64) -> [Posting] {
    postings.map { Posting(account: $0.account, amount: GFLOP($0.amount.value * factor)) }
  }
}
