import ComputeDomain
import Foundation
import Testing

@Suite("Random commands against the model")
struct BookModelTests {
  /// `ASSAY_TEST_SEED` repeats a run; each failure prints the seed.
  static let seed =
    ProcessInfo.processInfo.environment["ASSAY_TEST_SEED"].flatMap(UInt64.init)
    ?? UInt64.random(in: 0...UInt64.max)

  @Test("the book does what the model does, and its invariants hold after each command")
  func random() throws {
    print("ComputeTests seed: ASSAY_TEST_SEED=\(Self.seed)")
    var generator = SplitMix64(state: Self.seed)
    for _ in 0..<40 {
      var player = RandomPlayer(generator: generator)
      for _ in 0..<250 { try player.step() }
      generator = player.generator
    }
  }
}

/// SplitMix64: small, and the same on every machine.
struct SplitMix64: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }
}

/// Plays random commands on a book and on the model, and compares.
private struct RandomPlayer {
  struct Difference: Error { let text: String }

  var generator: SplitMix64
  var book = Book(newUseCase: "uc_1", tenant: "clinic")
  var model = BookModel()
  var verifier = LedgerVerifier()
  var now = 1_000
  var count = 0

  static let participants = ["par_1", "par_2", "par_3", "par_4"]
  static let slices = SlicePolicy(seconds: 10, minimum: GFLOP(10))

  init(generator: SplitMix64) { self.generator = generator }

  mutating func step() throws {
    count += 1
    now += Int.random(in: 0...5, using: &generator)
    switch Int.random(in: 0..<20, using: &generator) {
    case 0...1: try setTerms()
    case 2...5: try start()
    case 6...13: try report(isLast: false)
    case 14...16: try report(isLast: true)
    case 17: try stop()
    default: try expire()
    }
    try compare()
  }

  private mutating func setTerms() throws {
    let members = Self.participants.filter { _ in Int.random(in: 0..<5, using: &generator) > 0 }
    let planned = Int.random(in: 0...4, using: &generator)
    let each = Int.random(in: 0...120, using: &generator)
    let isOpen = Int.random(in: 0..<8, using: &generator) > 0
    let terms = UseCaseTerms(
      id: "uc_1", version: Int64(count), tenant: "clinic", title: "",
      phase: isOpen ? .published : .paused, start: nil, end: nil,
      plan: BudgetPlan(participants: Int64(planned), each: GFLOP(Int64(each))),
      participants: members.enumerated().map {
        Participant(
          id: $0.element, tenant: "vendor", name: $0.element, emails: [],
          joined: Int64($0.offset))
      })
    try #require(try perform(.setTerms(terms)))
    model.setTerms(planned: planned, each: each, members: members, isOpen: isOpen)
  }

  private mutating func start() throws {
    guard let participant = Self.participants.randomElement(using: &generator) else { return }
    let id = "run_\(count)"
    let accepted = try perform(
      .startRun(
        id: id, participant: participant, startedBy: "usr_1", note: "", rate: .zero))
    if accepted != model.start(id, participant, now: now) {
      throw Difference(text: "start of \(id): the book says \(accepted)")
    }
  }

  private mutating func report(isLast: Bool) throws {
    guard let id = model.runs.keys.sorted().randomElement(using: &generator) else { return }
    let counter = model.runs[id]?.counter ?? 0
    let total = max(0, counter + Int.random(in: -5...25, using: &generator))
    let quantity = GFLOP(Int64(total))
    try #require(
      try perform(
        isLast
          ? .finishRun(run: id, total: quantity, meter: .declared)
          : .reportUsage(run: id, total: quantity, meter: .declared)))
    model.report(id, total, now: now, isLast: isLast)
  }

  private mutating func stop() throws {
    guard let id = model.runs.keys.sorted().randomElement(using: &generator) else { return }
    try #require(try perform(.stopRun(run: id, reason: "enough")))
    model.end(id, "stopped", late: model.runs[id]?.held ?? 0)
  }

  private mutating func expire() throws {
    guard let id = model.runs.keys.sorted().randomElement(using: &generator) else { return }
    try #require(try perform(.expireRun(run: id, idleMilliseconds: 40)))
    if now - (model.runs[id]?.lastReport ?? 0) >= 40 {
      model.end(id, "expired", late: Int(ComputeLimits.maximumGFLOP.value))
    }
  }

  /// Whether the book took the command; its entries go to the verifier at once.
  private mutating func perform(_ command: Command) throws -> Bool {
    let price = Price(version: "p\(now / 300)", validFrom: Int64(now / 300), nanoEuroPerGFLOP: 25)
    let context = CommandContext(
      now: Int64(now), actor: "usr_1", idempotencyKey: "key-\(count)", trace: "", price: price,
      slices: Self.slices)
    let entries: [EntryDraft]
    do throws(Refusal) { entries = try book.perform(command, context) } catch {
      if case .fault = error { throw error }
      return false
    }
    for draft in entries { try verifier.check(Entry(draft, after: verifier.head)) }
    return true
  }

  private func compare() throws {
    func same(_ what: String, _ book: GFLOP, _ model: Int) throws {
      if book != GFLOP(Int64(model)) {
        throw Difference(
          text: "\(what) after \(count): book \(book.value), model \(model), "
            + "ASSAY_TEST_SEED=\(BookModelTests.seed)")
      }
    }
    try same("budget", book.budget, model.budget)
    let unallocated = Account(kind: .unallocated, useCase: "uc_1")
    try same("unallocated", book.balances[unallocated], model.unallocated)
    var committed = GFLOP.zero
    for participant in Self.participants {
      let status = try book.allocation(of: participant)
      committed = try committed + status.used + status.held
      try same("free of \(participant)", status.free, model.free(participant))
      try same("share of \(participant)", status.total, model.share[participant, default: 0])
    }
    #expect(try committed <= book.budget)
    for (id, run) in book.runs {
      let other = try #require(model.runs[id])
      try same("counter of \(id)", run.counter, other.counter)
      try same("used of \(id)", run.used, other.used)
      try same("held of \(id)", run.held, other.held)
      #expect(run.isRunning == (other.state == "running"))
      #expect(run.isRunning == (run.held > .zero))
      #expect((verifier.heldByRun[id] ?? .zero) == run.held)
      #expect((verifier.usedByRun[id] ?? .zero) == run.used)
    }
    #expect(book.runs.count == model.runs.count)
    #expect(try book.balances.sum { _ in true } == .zero)
    let replayed = verifier.balances.byAccount.filter { $0.value != .zero }
    #expect(replayed == book.balances.byAccount.filter { $0.value != .zero })
  }
}
