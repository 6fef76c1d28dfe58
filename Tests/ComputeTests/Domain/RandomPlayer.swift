import ComputeDomain

/// Plays random commands on a book and on the model, and compares.
struct RandomPlayer {
  struct Difference: Error, CustomStringConvertible { let description: String }

  var generator: SplitMix64
  private var book = Book(newUseCase: "uc_1", tenant: "clinic")
  private var model = BookModel()
  private var verifier = LedgerVerifier()
  private var alerts = AlertModel()
  private var now = 1_000
  private var count = 0
  /// The run that the last command was about.
  private var run: String?

  static let participants = ["par_1", "par_2", "par_3", "par_4"]
  static let slices = SlicePolicy(seconds: 10, minimum: GFLOP(10))

  /// Whether the entries are chained and replayed, too, which takes longer than all the rest.
  private let isReplaying: Bool

  init(generator: SplitMix64, isReplaying: Bool) {
    self.generator = generator
    self.isReplaying = isReplaying
  }

  mutating func step() throws {
    count += 1
    now += Int.random(in: 0...5_000, using: &generator)
    run = nil
    // A use case has terms before anything else.
    switch count == 1 ? 0 : Int.random(in: 0..<30, using: &generator) {
    case 0...1: try setTerms()
    case 2...6: try start()
    case 7...15: try report(isLast: false)
    case 16...18: try report(isLast: true)
    case 19: try stop()
    case 20: try pause()
    case 21...22: try resume()
    case 23: try expire()
    case 24...25: try setAllocation()
    case 26: try transfer()
    case 27: try topUp()
    case 28: try setReserve()
    default: try expire()
    }
    try compare()
  }

  // MARK: - Commands

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
    model.setTerms(planned: planned, each: each, members: members, isOpen: isOpen)
    try play(.setTerms(terms), isAccepted: true)
  }

  private mutating func start() throws {
    let participant = anybody()
    let id = "run_\(count)"
    let rate = Int.random(in: 0...3, using: &generator)
    let isAccepted = model.start(id, participant, rate: rate, now: now)
    try play(
      .startRun(
        id: id, participant: participant, startedBy: "usr_1", note: "", rate: GFLOP(Int64(rate))),
      isAccepted: isAccepted)
    if isAccepted { run = id }
  }

  private mutating func report(isLast: Bool) throws {
    guard let id = anyRun() else { return }
    let counter = model.runs[id]?.counter ?? 0
    let total = max(0, counter + Int.random(in: -5...25, using: &generator))
    let quantity = GFLOP(Int64(total))
    let time = Int64(now + Int.random(in: -20_000...5_000, using: &generator))
    let meteredAt = Bool.random(using: &generator) ? time : nil
    model.report(id, total, now: now, isLast: isLast)
    try play(
      isLast
        ? .finishRun(run: id, total: quantity, meter: .declared, meteredAt: meteredAt)
        : .reportUsage(run: id, total: quantity, meter: .declared, meteredAt: meteredAt),
      isAccepted: true)
  }

  private mutating func stop() throws {
    guard let id = anyRun() else { return }
    let isOrganiser = Bool.random(using: &generator)
    let words = Bool.random(using: &generator) ? "enough" : "not one more"
    model.stop(id, words, byOrganiser: isOrganiser)
    try play(
      .stopRun(run: id, reason: words, by: isOrganiser ? .organiser : .team),
      isAccepted: true)
  }

  private mutating func pause() throws {
    guard let id = anyRun(), let run = model.runs[id] else { return }
    let isOrganiser = Bool.random(using: &generator)
    model.pause(id, byOrganiser: isOrganiser)
    try play(
      .pauseRun(run: id, reason: "wait", by: isOrganiser ? .organiser : .team),
      isAccepted: ["running", "paused"].contains(run.state))
  }

  private mutating func resume() throws {
    guard let id = anyRun() else { return }
    let isOrganiser = Bool.random(using: &generator)
    try play(
      .resumeRun(run: id, by: isOrganiser ? .organiser : .team),
      isAccepted: model.resume(id, byOrganiser: isOrganiser, now: now))
  }

  private mutating func expire() throws {
    guard let id = anyRun() else { return }
    model.expire(id, idle: 40_000, now: now)
    try play(.expireRun(run: id, idleMilliseconds: 40_000), isAccepted: true)
  }

  private mutating func setAllocation() throws {
    let (participant, total) = (anybody(), Int.random(in: 0...150, using: &generator))
    try play(
      .setAllocation(participant: participant, total: GFLOP(Int64(total))),
      isAccepted: model.setAllocation(participant, total))
  }

  private mutating func transfer() throws {
    let (source, destination) = (anybody(), anybody())
    let amount = Int.random(in: 0...60, using: &generator)
    try play(
      .transfer(from: source, to: destination, amount: GFLOP(Int64(amount))),
      isAccepted: model.transfer(source, destination, amount))
  }

  private mutating func topUp() throws {
    let participant = Bool.random(using: &generator) ? anybody() : nil
    let amount = Int.random(in: 0...60, using: &generator)
    try play(
      .topUp(participant: participant, amount: GFLOP(Int64(amount))),
      isAccepted: model.topUp(participant, amount))
  }

  private mutating func setReserve() throws {
    let amount = Int.random(in: 0...120, using: &generator)
    try play(.setReserve(GFLOP(Int64(amount))), isAccepted: model.setReserve(amount))
  }

  private mutating func anybody() -> String {
    Self.participants[Int.random(in: 0..<Self.participants.count, using: &generator)]
  }

  private mutating func anyRun() -> String? {
    run = model.runs.keys.sorted().randomElement(using: &generator)
    return run
  }

  // MARK: - Comparing

  /// Has the book do it; its entries go to the verifier at once, its alerts to their model.
  private mutating func play(_ command: Command, isAccepted: Bool) throws {
    let price = Price(
      version: "p\(now / 300_000)", validFrom: Int64(now / 300_000), nanoEuroPerGFLOP: 25)
    let context = CommandContext(
      now: Int64(now), actor: "usr_1", idempotencyKey: "key-\(count)", trace: "",
      prices: PriceList([price]), slices: Self.slices)
    let before = book
    let outcome: Outcome
    do throws(Refusal) { outcome = try book.perform(command, context) } catch {
      if case .fault = error { throw error }
      try require(!isAccepted, "the book refuses \(command): \(error)")
      try require(book == before, "a refused command changed the book")
      return
    }
    try require(isAccepted, "the book takes \(command)")
    for draft in outcome.entries where isReplaying {
      try verifier.check(Entry(draft, after: verifier.head))
    }
    try alerts.take(outcome.alerts, of: model, Self.participants)
  }

  private func require(_ condition: Bool, _ what: @autoclosure () -> String) throws {
    guard !condition else { return }
    throw Difference(
      description: "after \(count) commands: \(what()); ASSAY_TEST_SEED=\(BookModelTests.seed)")
  }

  private func same(_ what: String, _ book: GFLOP, _ model: Int) throws {
    try require(book.value == Int64(model), "\(what): book \(book.value), model \(model)")
  }

  private func compare() throws {
    let budget = try book.budget
    try same("budget", budget, model.budget)
    try same("unallocated", book.balance(.unallocated), model.unallocated)
    try same("reserve", book.balance(.reserve), model.reserve)
    var committed = GFLOP.zero
    for participant in Self.participants {
      let status = try book.allocation(of: participant)
      committed = try committed + status.used + status.held
      try same("free of \(participant)", status.free, model.free(participant))
      try same("share of \(participant)", status.total, model.share[participant, default: 0])
      try same("used of \(participant)", status.used, model.used[participant, default: 0])
      let isWithin = try status.used + status.held <= status.total
      try require(isWithin, "\(participant) uses and holds more than its share")
    }
    try require(committed <= budget, "used and held exceed the budget")
    try require(try sumOfBalances() == .zero, "the balances do not sum to zero")
    if let run { try compare(run: run) }
  }

  private func sumOfBalances() throws -> GFLOP {
    var sum = GFLOP.zero
    for kind in [AccountKind.granted, .unallocated, .reserve, .released] {
      sum = try sum + book.balance(kind)
    }
    for participant in Self.participants {
      for kind in [AccountKind.allocation, .held, .used, .unfunded, .writtenOff] {
        sum = try sum + book.balance(kind, participant)
      }
    }
    return sum
  }

  private func compare(run id: String) throws {
    guard let run = book.runs[id], let other = model.runs[id] else {
      throw Difference(description: "run \(id) is missing")
    }
    try same("counter of \(id)", run.counter, other.counter)
    try same("used of \(id)", run.used, other.used)
    try same("held of \(id)", run.held, other.held)
    try require(run.isRunning == (other.state == "running"), "state of \(id): \(run.state)")
    try require(run.isRunning == (run.held > .zero), "only a run that runs holds, and it does")
    try require(
      run.mark.metered <= run.mark.ended ?? .max, "\(id) is metered when it does not run")
    try require(run.isRunning == (run.mark.ended == nil), "when \(id) ceased to run")
    try require(
      book.runs.liveCount(of: run.participant)
        == model.runs.values.filter {
          $0.participant == run.participant && ["running", "paused"].contains($0.state)
        }.count, "how many runs of \(run.participant) live")
    try same("allowance of \(id)", run.mark.lateAllowance, other.late)
    guard isReplaying else { return }
    try require((verifier.heldByRun[id] ?? .zero) == run.held, "held of \(id) in the ledger")
    try require((verifier.usedByRun[id] ?? .zero) == run.used, "used of \(id) in the ledger")
  }

  /// Every run, and every balance against the replay.
  func compareRuns() throws {
    for id in model.runs.keys { try compare(run: id) }
    try require(book.runs.count == model.runs.count, "number of runs")
    guard isReplaying else { return }
    let replayed = verifier.balances.byAccount.filter { $0.value != .zero }
    let balances = book.balances.byAccount.filter { $0.value != .zero }
    try require(replayed == balances, "the replay gives other balances")
  }
}

/// Which alerts are to be told, by looking at the figures alone.
private struct AlertModel {
  private var told: [String: Set<Int64>] = [:]

  mutating func take(_ alerts: [Alert], of model: BookModel, _ participants: [String]) throws {
    var expected: Set<String> = []
    let whole = participants.reduce(0) { $0 + model.used[$1, default: 0] }
    let figures = participants.map { ($0, model.used[$0, default: 0], model.share[$0, default: 0]) }
    for (participant, used, total) in figures + [("", whole, model.budget)] {
      let reached = Set(
        AlertBook.standardThresholds.filter { used > 0 && used * 100 >= total * Int($0) })
      for threshold in reached.subtracting(told[participant] ?? []) {
        expected.insert("\(participant)/\(threshold)")
      }
      told[participant] = reached
    }
    let found = alerts.map { "\($0.participant)/\($0.threshold)" }
    guard found.count == expected.count, Set(found) == expected else {
      throw RandomPlayer.Difference(
        description: "alerts: book \(found.sorted()), model \(expected.sorted()), "
          + "ASSAY_TEST_SEED=\(BookModelTests.seed)")
    }
  }
}
